"""The route that forecasts a campaign before its start."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from services.api import preflight
from services.api.http.paging import Id
from services.api.http.resources import In, Now
from services.api.native.auth import Authenticated
from services.api.native.problems import documented
from services.api.preflight import Assumptions, Group, Preflight
from shared.definitions.words import unreachable_text
from shared.domain.calendar.intervals import instant_of
from shared.domain.reasons import FOR_EVER, Reason

# The answer lists the largest groups only, so that it stays small.
LISTED_GROUPS = 500

router = APIRouter(tags=["campaigns"], responses=documented(401, 422))


class PreflightRequest(BaseModel):
    """The assumptions. A cap that is left out is the lowest cap above the campaign."""

    model_config = ConfigDict(extra="forbid")

    calls_per_second: int | None = Field(default=None, ge=1, le=100_000)
    max_concurrent: int | None = Field(default=None, ge=1, le=100_000)
    answer_rate: float | None = Field(
        default=None, ge=0, le=1, description="share of the calls that a person answers"
    )
    talk_seconds: float | None = Field(
        default=None, ge=0, le=86_400, description="mean length of a call that is answered"
    )
    days: int = Field(default=14, ge=1, le=90, description="how far to look")


class NeverView(BaseModel):
    """Contacts that can never be called, for one reason."""

    reason: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(FOR_EVER)})] = Field(
        description="unknown_zone: no zone, no call · ended: no window opens before the end · "
        "zones: its candidate zones are never open at once · default_zone_windows: they leave no "
        "hour of the calendar · law: the law leaves no hour · suppression: the number is not called"
    )
    contacts: int
    rules: list[str] = Field(
        description="the rules of law that leave no hour", examples=["us.hours"]
    )
    detail: str = Field(description="for people, with the smallest change that would help")


class GroupView(BaseModel):
    """Contacts with the same zones and the same law."""

    zones: list[str]
    zone_source: str
    jurisdictions: list[str]
    contacts: int
    opens_at: datetime | None = Field(description="now or later; null: not within the days")
    closes_at: datetime | None
    callable_hours: float = Field(description="within the days looked at")


class AssumedCapacity(BaseModel):
    """The capacity that the forecast assumes; null: no cap."""

    calls_per_second: int | None
    max_concurrent: int | None
    answer_rate: float
    talk_seconds: float
    call_seconds: float = Field(description="mean time that a call occupies its line")
    sustained_calls_per_second: float | None = Field(description="rate that the caps allow")


class PreflightView(BaseModel):
    """A forecast from counts by group; docs/simulation.md lists its simplifications."""

    at: datetime
    until: datetime = Field(description="the end of the days looked at")
    contacts: int = Field(description="contacts that wait, also those that can never be called")
    never: list[NeverView]
    first_callable_at: datetime | None
    last_callable_at: datetime | None = Field(description="the last closing within the days")
    groups: list[GroupView] = Field(description="the largest first, 500 at most")
    groups_left_out: int
    capacity: AssumedCapacity
    calls: int = Field(description="calls expected within the days")
    finishes_at: datetime | None = Field(description="null: not within the days")
    left: int = Field(description="contacts that still wait at that time")

    @classmethod
    def of(cls, result: Preflight) -> "PreflightView":
        listed = result.groups[:LISTED_GROUPS]
        capacity = result.capacity
        sustained = capacity.calls_a_second
        return cls(
            at=result.at,
            until=result.until,
            contacts=sum(group.contacts for group in result.groups),
            never=_never(result),
            first_callable_at=min(
                (instant_of(spans[0][0]) for spans in result.spans), default=None
            ),
            last_callable_at=max(
                (instant_of(spans[-1][1]) for spans in result.spans), default=None
            ),
            groups=[_group(group) for group in listed],
            groups_left_out=len(result.groups) - len(listed),
            capacity=AssumedCapacity(
                calls_per_second=capacity.caps.calls_per_second,
                max_concurrent=capacity.caps.max_concurrent,
                answer_rate=capacity.answer_rate,
                talk_seconds=capacity.talk_seconds,
                call_seconds=round(capacity.call_seconds, 2),
                sustained_calls_per_second=None if sustained is None else round(sustained, 2),
            ),
            calls=round(result.forecast.calls),
            finishes_at=result.forecast.finishes_at,
            left=round(result.forecast.left),
        )


@router.post("/campaigns/{campaign_id}/preflight", responses=documented(400, 404, 413))
async def preflight_campaign(
    campaign_id: Id,
    resources: In,
    caller: Authenticated,
    now: Now,
    request: Annotated[PreflightRequest | None, Body()] = None,
) -> PreflightView:
    """Which contacts can never be called, when the others can, and when the campaign would end.

    It places no call and changes nothing.
    """
    assumed = Assumptions(**dict(request or PreflightRequest()))
    return PreflightView.of(await preflight.run(resources, caller, campaign_id, assumed, now=now))


def _never(result: Preflight) -> list[NeverView]:
    views = [
        NeverView(
            reason=why.reason,
            contacts=contacts,
            rules=[rule.name for rule in why.rules],
            detail=unreachable_text(why),
        )
        for why, contacts in result.never
    ]
    if result.excluded:
        detail = "the numbers are suppressed; those contacts are finished as excluded"
        views.append(
            NeverView(reason=Reason.SUPPRESSION, contacts=result.excluded, rules=[], detail=detail)
        )
    return views


def _group(group: Group) -> GroupView:
    spans = group.load.spans
    return GroupView(
        zones=list(group.rules.group.zones),
        zone_source=group.rules.group.source,
        jurisdictions=list(group.rules.group.jurisdictions),
        contacts=group.contacts,
        opens_at=instant_of(spans[0][0]) if spans else None,
        closes_at=instant_of(spans[0][1]) if spans else None,
        callable_hours=round(sum(closes - opens for opens, closes in spans) / 3600, 2),
    )
