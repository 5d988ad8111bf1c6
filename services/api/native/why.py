"""Routes of why: of a contact, of an attempt, and of the waiting contacts of a campaign."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, WithJsonSchema, field_validator

from services.api import why, why_campaign
from services.api.http.paging import Id, View
from services.api.http.resources import In, Now
from services.api.native.auth import CALLS, Authenticated, opened_by
from services.api.native.cited_rules import ChosenRuleView, CitedRule, StoppedView
from services.api.native.problems import documented
from services.api.native.spend import SpendCeilingView
from services.api.why import AttemptWhy, Capacity, ContactWhy
from services.api.why_campaign import CampaignWhy
from services.api.why_rules import duties
from shared.domain.attempts import AttemptState
from shared.domain.calendar.zones import tzdata_version
from shared.domain.capacity.scopes import ScopeKind
from shared.domain.contacts import ContactState
from shared.domain.decision.campaign_waits import WaitReason
from shared.domain.decision.details import DestinationDetail, Detail, WaitDetail
from shared.domain.outcomes import Outcome
from shared.domain.places.numbers import REMEDIES
from shared.domain.policy.frequency import Length
from shared.domain.reasons import COUNTED, GATES, Reason

router = APIRouter(
    tags=["why"], route_class=opened_by(CALLS), responses=documented(401, 403, 404, 422)
)

ZoneSource = Literal["contact", "postal_code", "number", "campaign", "unknown"]
Zones = Field(description="all must be open", examples=[["America/New_York"]])
Versions = Field(description="versions of the rule packs", examples=[["US@2026-11-21"]])


class BlockView(View):
    """Something that forbids the call now."""

    gate: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(GATES)})] = Field(
        validation_alias="reason"
    )
    until: datetime | None = Field(description="when it ends by itself; null: it does not")
    rule: CitedRule | None = Field(description="null: the campaign's own, or its owner's wish")
    detail: dict[str, str | int] = Field(
        description="what was looked at: calls counted, the event of a silence, the zones",
        examples=[{"counted": 3, "max_calls": 3, "hours": 24, "by": "subject"}],
    )

    @field_validator("detail", mode="before")
    @classmethod
    def is_flat(cls, detail: Detail | None) -> dict[str, str | int]:
        """The fields of a gate's detail that have a value; a length of time by its own fields."""
        return {} if detail is None else _flat(detail)


class LiveAttemptView(BaseModel):
    id: UUID
    state: AttemptState
    claimed_at: datetime


class CapacityInUse(BaseModel):
    """Caps of one scope, with the live attempts in it."""

    scope: ScopeKind
    trunk: str | None = Field(description="its name, if the campaign has several trunks")
    max_concurrent: int | None
    calls_per_second: int | None
    claimed: int = Field(description="attempts that wait to be dialed")
    dialed: int = Field(description="attempts that hold a permit")

    @classmethod
    def of(cls, capacity: Capacity) -> "CapacityInUse":
        return cls.model_validate(
            {
                "scope": capacity.scope,
                "trunk": capacity.trunk,
                "max_concurrent": capacity.caps.max_concurrent,
                "calls_per_second": capacity.caps.calls_per_second,
                "claimed": capacity.in_use.claimed,
                "dialed": capacity.in_use.dialed,
            }
        )


class ContactWhyView(BaseModel):
    contact_id: int
    campaign_id: int
    at: datetime
    state: ContactState
    outcome: Outcome | None
    attempt: LiveAttemptView | None = Field(description="the one that has not ended")
    allowed: bool = Field(description="whether it may be called at this instant")
    next_at: datetime | None = Field(
        description="the next instant at which it may be called, as things are; null: at none"
    )
    waits_for: Literal[Reason.PACING] | None = Field(
        description="pacing: for nothing but its turn under the caps"
    )
    binding: BlockView | None = Field(description="the block that lasts longest")
    blocks: list[BlockView] = Field(description="all blocks, in the order of the gates")
    capacity: list[CapacityInUse] = Field(description="the caps above it, if it waits for pacing")
    zones: list[str] = Zones
    zone_source: ZoneSource
    jurisdictions: list[str] = Field(examples=[["US-PA"]])
    jurisdiction_source: str = Field(examples=["number"])
    rules: list[str] = Versions
    choices: list[ChosenRuleView] = Field(
        description="rules about such calls that the tenant overrode or turned on"
    )
    duties: list[CitedRule] = Field(
        description="rules that Outdial does not decide: consent, registries, records"
    )
    tzdata_version: str = Field(description="version of the zone data in force", examples=["2026b"])

    @classmethod
    def of(cls, why: ContactWhy) -> "ContactWhyView":
        contact, verdict, group = why.contact, why.verdict, why.contact.group
        return cls.model_validate(
            {
                "contact_id": contact.id,
                "campaign_id": contact.campaign.id,
                "at": why.at,
                "state": contact.state,
                "outcome": contact.outcome,
                "attempt": contact.live,
                "allowed": verdict.allowed,
                "next_at": why.next_at,
                "waits_for": Reason.PACING if verdict.allowed else None,
                "binding": verdict.binding,
                "blocks": verdict.blocks,
                "capacity": [CapacityInUse.of(capacity) for capacity in why.capacity],
                "zones": list(group.zones),
                "zone_source": group.source,
                "jurisdictions": list(group.jurisdictions),
                "jurisdiction_source": group.jurisdiction_source,
                "rules": why.rules.versions.split(),
                "choices": why.choices,
                "duties": duties(why.rules, now=why.at),
                "tzdata_version": tzdata_version(),
            },
            from_attributes=True,
        )


class AttemptWhyView(BaseModel):
    attempt_id: UUID
    contact_id: int
    campaign_id: int
    number: int = Field(description="which attempt at the contact this is, from 1")
    state: AttemptState
    outcome: Outcome | None
    reason: str | None
    claimed_at: datetime
    dialing_at: datetime | None
    ended_at: datetime | None
    window_closes_at: datetime = Field(description="of the window in which it was allowed")
    rules: list[str] = Field(description="versions of the rule packs that allowed it")
    choices: list[ChosenRuleView] = Field(
        description="the tenant's choices when the attempt was claimed, about rules as they are now"
    )
    tzdata_version: str = Field(description="version of the zone data that allowed it")
    stopped: StoppedView | None
    contact: ContactWhyView = Field(description="how it is with the contact now")

    @classmethod
    def of(cls, why: AttemptWhy) -> "AttemptWhyView":
        attempt = why.attempt
        stopped = None
        if attempt.state == AttemptState.DROPPED and attempt.ended_at is not None:
            stopped = StoppedView(
                reason=attempt.reason or "",
                at=attempt.ended_at,
                rule_name=attempt.stopped_by,
                rule=None if why.rule is None else CitedRule.of(why.rule),
            )
        return cls.model_validate(
            asdict(attempt)
            | {
                "attempt_id": attempt.id,
                "rules": attempt.rules.split(),
                "choices": [ChosenRuleView.of(choice) for choice in why.choices],
                "stopped": stopped,
                "contact": ContactWhyView.of(why.contact),
            }
        )


class WaitingEntry(BaseModel):
    """A number of pending contacts with the same group and the same reason to wait."""

    zones: list[str] = Zones
    zone_source: ZoneSource
    jurisdictions: list[str] = Field(examples=[["US-PA"]])
    contacts: int
    reason: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(COUNTED)})] = Field(
        description="unknown_zone: not called without a zone · ended: the dates are over · "
        "campaign: it is stopped · blackout · window: the campaign's hours, or its budget for "
        "one of them · law: the hours of `rule` · pacing: may be called as capacity allows · "
        "call_up: another campaign is calling the number · trunk_down: see `trunks_down` · "
        "caller_id: the one that the campaign names is inactive, or its number pool is spent · "
        "spend_ceiling: see there · "
        "the others: due later, because of this"
    )
    rule: CitedRule | None
    opens_at: datetime | None = Field(description="the earliest instant at which one may be called")


class TrunkDownView(View):
    """A trunk of the campaign takes no calls; contacts wait for it only if no other is up."""

    trunk: str
    since: datetime
    cause: str = Field(description="the provider's last word", examples=["unreachable"])
    next_probe_at: datetime = Field(
        validation_alias="probe_at", description="when a few calls are tried again"
    )


class CampaignWhyView(BaseModel):
    campaign_id: int
    at: datetime
    stopped: Literal["draft", "paused", "cancelled", "completed"] | None = Field(
        description="why no contact of the campaign is called at any hour"
    )
    trunks_down: list[TrunkDownView] = Field(
        description="in the order of the campaign; while all its trunks are down, its contacts "
        "wait and no attempt is counted"
    )
    spend_ceiling: SpendCeilingView | None = Field(description="a ceiling that allows no call")
    pending: int = Field(description="contacts in all entries")
    next_opens_at: datetime | None = Field(description="the earliest `opens_at`")
    waiting: list[WaitingEntry] = Field(
        description="soonest first; entries without a time come last. More than an hour ahead, the "
        "contacts of one hour are one entry, with the earliest `opens_at` among them"
    )

    @classmethod
    def of(cls, why: CampaignWhy) -> "CampaignWhyView":
        opens = [reason.opens_at for reason in why.waiting if reason.opens_at is not None]
        return cls.model_validate(
            {
                "campaign_id": why.campaign_id,
                "at": why.at,
                "stopped": why.stopped,
                "trunks_down": why.outages,
                "spend_ceiling": why.spend,
                "pending": sum(reason.contacts for reason in why.waiting),
                "next_opens_at": min(opens, default=None),
                # One call validates all entries: there are hundreds.
                "waiting": [
                    {
                        "zones": list(reason.group.zones),
                        "zone_source": reason.group.source,
                        "jurisdictions": list(reason.group.jurisdictions),
                        "contacts": reason.contacts,
                        "reason": reason.reason,
                        "rule": reason.rule,
                        "opens_at": reason.opens_at,
                    }
                    for reason in sorted(why.waiting, key=_soonest)
                ],
            },
            from_attributes=True,
        )


def _soonest(why: WaitReason) -> tuple[bool, float, str]:
    at = why.opens_at
    return (at is None, 0.0 if at is None else at.timestamp(), " ".join(why.group.zones))


@router.get("/contacts/{contact_id}/why")
async def explain_contact(
    contact_id: Id, resources: In, caller: Authenticated, now: Now
) -> ContactWhyView:
    """Whether the contact may be called now, all blocks, and when it may be called next."""
    return ContactWhyView.of(await why.of_contact(resources, caller, contact_id, now=now))


@router.get("/attempts/{attempt_id}/why")
async def explain_attempt(
    attempt_id: UUID, resources: In, caller: Authenticated, now: Now
) -> AttemptWhyView:
    """The rules that allowed or stopped the attempt, and why the contact is called or not now."""
    return AttemptWhyView.of(await why.of_attempt(resources, caller, attempt_id, now=now))


@router.get("/campaigns/{campaign_id}/why")
async def explain_campaign(
    campaign_id: Id, resources: In, caller: Authenticated, now: Now
) -> CampaignWhyView:
    """How many pending contacts wait for which reason, and when the next may be called."""
    return CampaignWhyView.of(
        await why_campaign.of_campaign(resources, caller, campaign_id, now=now)
    )


def _flat(detail: Detail | Length) -> dict[str, str | int]:
    if isinstance(detail, WaitDetail):
        return {"for": detail.waits_for}
    if isinstance(detail, DestinationDetail):
        return {"refused": detail.refused, "remedy": REMEDIES[detail.refused]}
    flat: dict[str, str | int] = {}
    for field in fields(detail):
        value = getattr(detail, field.name)
        match value:
            case None | ():
                continue
            case Length():
                flat |= _flat(value)
            case tuple():
                flat[field.name] = " ".join(map(_text, value))
            case _:
                flat[field.name] = _text(value) if isinstance(value, datetime) else value
    return flat


def _text(value: str | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else value
