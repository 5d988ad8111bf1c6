"""The route that forecasts a campaign before its start."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from services.api import preflight
from services.api.http.paging import Id, View
from services.api.http.resources import In, Now
from services.api.native.auth import PREFLIGHT, Authenticated, opened_by
from services.api.native.problems import documented
from services.api.preflight import SHOWN, Assumptions, Group, Preflight
from shared.definitions.words import unreachable_text
from shared.domain.calendar.intervals import Intervals, instant_of
from shared.domain.places.numbers import REMEDIES
from shared.domain.reasons import FOR_EVER, Reason

# The answer lists the largest groups only, so that it stays small.
LISTED_GROUPS = 500

router = APIRouter(
    tags=["campaigns"], route_class=opened_by(PREFLIGHT), responses=documented(401, 403, 422)
)


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
        "hour of the calendar · law: the law leaves no hour · destination: the number is of a kind "
        "or a country that the tenant does not call · suppression: the number is not called · "
        "missing_variable: it lacks a variable of the call flow or of the text message"
    )
    contacts: int
    contact_ids: list[int] = Field(
        description="up to 20 of them; of refused and suppressed numbers, those found among the "
        "first 50,000 contacts"
    )
    rules: list[str] = Field(
        description="the rules of law that leave no hour", examples=["us.hours"]
    )
    detail: str = Field(description="for people, with the smallest change that would help")


class LackingContactView(View):
    """A contact that lacks variables of the call flow or of the text message."""

    contact_id: int
    variables: list[str] = Field(examples=[["first_name"]])


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
    missing_variables: list[LackingContactView] = Field(
        description="the first 20 contacts that lack variables of texts"
    )
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
            missing_variables=[LackingContactView.of(one) for one in result.lacking.first],
            first_callable_at=min(
                (_opens_at(spans, now=result.at) for spans in result.spans), default=None
            ),
            last_callable_at=max(
                (instant_of(spans[-1][1]) for spans in result.spans), default=None
            ),
            groups=[_group(group, now=result.at) for group in listed],
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
            contact_ids=first,
            rules=[rule.name for rule in why.rules],
            detail=unreachable_text(why),
        )
        for why, contacts, first in result.never
    ]
    views += [
        NeverView(
            reason=Reason.DESTINATION,
            contacts=len(ids),
            contact_ids=ids[:SHOWN],
            rules=[],
            detail=REMEDIES[refused],
        )
        for refused, ids in sorted(result.refused.items(), key=lambda item: -len(item[1]))
    ]
    if result.excluded:
        detail = "the numbers may not be called; those contacts are finished as excluded"
        views.append(
            NeverView(
                reason=Reason.SUPPRESSION,
                contacts=result.excluded,
                contact_ids=result.first_excluded,
                rules=[],
                detail=detail,
            )
        )
    if result.lacking.contacts:
        views.append(
            NeverView(
                reason=Reason.MISSING_VARIABLE,
                contacts=result.lacking.contacts,
                contact_ids=[one.contact_id for one in result.lacking.first],
                rules=[],
                detail="the call flow needs variables that they lack; import the contacts with "
                "them, or give the variables a default",
            )
        )
    return views


def _group(group: Group, *, now: datetime) -> GroupView:
    spans = group.load.spans
    return GroupView(
        zones=list(group.rules.group.zones),
        zone_source=group.rules.group.source,
        jurisdictions=list(group.rules.group.jurisdictions),
        contacts=group.contacts,
        opens_at=_opens_at(spans, now=now) if spans else None,
        closes_at=instant_of(spans[0][1]) if spans else None,
        callable_hours=round(sum(closes - opens for opens, closes in spans) / 3600, 2),
    )


def _opens_at(spans: Intervals, *, now: datetime) -> datetime:
    """Spans are in whole seconds, so one that is open now begins with the second of now."""
    return max(instant_of(spans[0][0]), now)
