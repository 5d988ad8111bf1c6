"""The shape of the answer to why, of a campaign: how many contacts wait for what."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from services.api.native.why_models import RuleView, Zones, ZoneSource
from services.api.why import CampaignWhy
from services.api.why_campaign import Why
from shared.domain.reasons import COUNTED, Reason


class WaitingEntry(BaseModel):
    """Pending contacts that agree in all of this."""

    zones: list[str] = Zones
    zone_source: ZoneSource
    jurisdictions: list[str] = Field(examples=[["US-PA"]])
    contacts: int
    reason: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(COUNTED)})] = Field(
        description="unknown_zone: not called without a zone · ended: the dates are over · "
        "campaign: it is stopped · blackout · window: the campaign's hours, or its budget for "
        "one of them · law: the hours of `rule` · pacing: may be called as capacity allows · "
        "the others: due later, because of this"
    )
    rule: RuleView | None
    opens_at: datetime | None = Field(description="the earliest instant at which one may be called")

    @classmethod
    def of(cls, why: Why, contacts: int) -> "WaitingEntry":
        return cls.model_validate(
            {
                "zones": list(why.group.zones),
                "zone_source": why.group.source,
                "jurisdictions": list(why.group.jurisdictions),
                "contacts": contacts,
                "reason": why.reason,
                "rule": None if why.rule is None else RuleView.of(why.rule),
                "opens_at": why.opens_at,
            }
        )


class CampaignWhyView(BaseModel):
    campaign_id: int
    at: datetime
    stopped: Literal["draft", "paused", "cancelled", "completed"] | None = Field(
        description="why nobody of the campaign is called, whatever the hour"
    )
    pending: int = Field(description="contacts in all entries")
    next_opens_at: datetime | None = Field(description="the earliest `opens_at`")
    waiting: list[WaitingEntry] = Field(
        description="soonest first; what has no time at the end. More than an hour ahead, those "
        "of one hour are told together, with the earliest `opens_at` of theirs"
    )

    @classmethod
    def of(cls, why: CampaignWhy) -> "CampaignWhyView":
        opens = [each.opens_at for each in why.waiting if each.opens_at is not None]
        return cls.model_validate(
            {
                "campaign_id": why.scene.id,
                "at": why.at,
                "stopped": why.stopped,
                "pending": sum(why.waiting.values()),
                "next_opens_at": min(opens, default=None),
                "waiting": [
                    WaitingEntry.of(each, contacts)
                    for each, contacts in sorted(why.waiting.items(), key=_soonest)
                ],
            }
        )


def _soonest(entry: tuple[Why, int]) -> tuple[bool, float, str]:
    why, _ = entry
    at = why.opens_at
    return (at is None, 0.0 if at is None else at.timestamp(), " ".join(why.group.zones))
