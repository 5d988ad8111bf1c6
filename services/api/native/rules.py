"""Routes of the rules of law: how they stand for the tenant, its overrides and its own rules."""

from datetime import date, datetime
from typing import Annotated, Literal, assert_never

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.api import rules
from services.api.http.resources import In, Now
from services.api.native.auth import SAFEGUARDS, Authenticated, opened_by
from services.api.native.problems import documented
from services.api.rules import Decision, RuleStatus, Standing
from shared.definitions.calendar import CallingDate
from shared.domain.calendar.calendar import Calendar
from shared.domain.policy.frequency import CoolingOff, FrequencyCap
from shared.domain.policy.rules import AbandonmentLimit, CallKind, Demand, Duty, RingTime
from shared.rulepacks.definition import Place, RuleDefinition
from shared.rulepacks.tenant_choices import Choice, Words

router = APIRouter(
    tags=["rules"], route_class=opened_by(SAFEGUARDS), responses=documented(401, 403, 422)
)

RuleName = Annotated[str, Path(max_length=100, examples=["us-fl.hours"])]
DemandName = Literal["hours", "cap", "silence", "ring_seconds", "abandonment", "duty"]
EXAMPLE = {
    "name": "us-fl.lunch",
    "jurisdiction": "US-FL",
    "says": "Nobody in Florida is called at noon.",
    "source": "Our own policy 12",
    "kinds": ["solicitation"],
    "hours": {"mon-sat": "08:00-12:00, 13:00-20:00"},
}


class Answerable(BaseModel):
    """The person who is responsible for the choice, and the reason."""

    model_config = ConfigDict(extra="forbid")

    person: Words = Field(examples=["Dana Reyes, compliance"])
    reason: Words = Field(examples=["All contacts of this tenant have given written consent."])

    def decision(self, *, at: datetime) -> Decision:
        return Decision(person=self.person, reason=self.reason, at=at)


class OwnRule(RuleDefinition):
    """A rule that a tenant adds: written as in the packs, and in force at once."""

    grade: Literal["D", "S"] = "D"
    verified: Literal[True] = True
    effective_from: CallingDate | None = Field(default=None, description="its first local date")
    effective_until: CallingDate | None = Field(
        default=None, description="the first date without it"
    )

    @field_validator("says", "source")
    @classmethod
    def has_no_nul(cls, text: str) -> str:
        if "\x00" in text:
            raise ValueError("must not contain a NUL character")
        return text


class ChoiceView(BaseModel):
    person: str
    reason: str
    at: datetime

    @classmethod
    def of(cls, choice: Choice) -> "ChoiceView":
        return cls(person=choice.person, reason=choice.reason, at=choice.at)


class RuleView(BaseModel):
    name: str = Field(examples=["us-fl.hours"])
    pack: str = Field(
        description="and its version; `own` is the tenant's", examples=["US@2026-11-21"]
    )
    jurisdiction: str = Field(description="the rule applies in all its parts", examples=["US-FL"])
    says: str
    source: str
    grade: str
    demand: DemandName = Field(description="`duty`: a dialer cannot decide it")
    kinds: list[CallKind] = Field(description="the kinds of calls that the rule is about")
    automated_only: bool
    verified: bool
    effective_from: date | None = Field(description="its first local date")
    effective_until: date | None = Field(description="the first date without it")
    standing: Standing = Field(
        description="in_force: from effective_from to effective_until · unverified: off, but may "
        "be turned on · turned_on · overridden: does not apply to this tenant"
    )
    choice: ChoiceView | None = Field(description="who turned it on or overrode it, and why")

    @classmethod
    def of(cls, status: RuleStatus) -> "RuleView":
        rule = status.rule
        return cls(
            name=rule.name,
            pack=rule.pack,
            jurisdiction=rule.jurisdiction,
            says=rule.says,
            source=rule.source,
            grade=rule.grade,
            demand=_name_of(rule.demand),
            kinds=sorted(rule.kinds),
            automated_only=rule.automated_only,
            verified=rule.verified,
            effective_from=rule.effective_from,
            effective_until=rule.effective_until,
            standing=status.standing,
            choice=None if status.choice is None else ChoiceView.of(status.choice),
        )


class RuleList(BaseModel):
    rules: list[RuleView]


@router.get("/rules")
async def list_rules(
    resources: In,
    caller: Authenticated,
    *,
    jurisdiction: Annotated[
        Place | None, Query(description="rules that apply there; US-FL has the rules of US, too")
    ] = None,
    kind: Annotated[CallKind | None, Query(description="rules about such calls")] = None,
) -> RuleList:
    """The rules of the packs and of the tenant, with the tenant's choices."""
    listed = await rules.listed(resources, caller, jurisdiction=jurisdiction, kind=kind)
    return RuleList(rules=[RuleView.of(status) for status in listed])


@router.post("/rules", status_code=201, responses=documented(400, 409, 413))
async def add_rule(
    definition: Annotated[OwnRule, Body(examples=[EXAMPLE])], resources: In, caller: Authenticated
) -> RuleView:
    """Add a rule of the tenant. It applies beside all others, so it can only forbid more."""
    return RuleView.of(await rules.add(resources, caller, definition))


@router.delete("/rules/{name}", status_code=204, responses=documented(404, 409))
async def delete_rule(name: RuleName, resources: In, caller: Authenticated) -> None:
    """Delete a rule of the tenant. Rules of the packs cannot be deleted, only overridden."""
    await rules.remove(resources, caller, name)


@router.put("/rules/{name}/override", responses=documented(400, 404, 409, 413))
async def override_rule(
    name: RuleName, answerable: Answerable, resources: In, caller: Authenticated, now: Now
) -> RuleView:
    """The rule of a pack no longer applies to this tenant; the choice is recorded."""
    decision = answerable.decision(at=now)
    return RuleView.of(await rules.override(resources, caller, name, decision))


@router.delete("/rules/{name}/override", status_code=204, responses=documented(404))
async def end_override(name: RuleName, resources: In, caller: Authenticated) -> None:
    """The rule applies again."""
    await rules.end_override(resources, caller, name)


@router.put("/rules/{name}/turn-on", responses=documented(400, 404, 409, 413))
async def turn_rule_on(
    name: RuleName, answerable: Answerable, resources: In, caller: Authenticated, now: Now
) -> RuleView:
    """An unverified rule applies to this tenant from now on."""
    decision = answerable.decision(at=now)
    return RuleView.of(await rules.turn_on(resources, caller, name, decision))


@router.delete("/rules/{name}/turn-on", status_code=204, responses=documented(404))
async def turn_rule_off(name: RuleName, resources: In, caller: Authenticated) -> None:
    """The unverified rule no longer applies."""
    await rules.turn_off(resources, caller, name)


def _name_of(demand: Demand) -> DemandName:
    match demand:
        case Calendar():
            return "hours"
        case FrequencyCap():
            return "cap"
        case CoolingOff():
            return "silence"
        case RingTime():
            return "ring_seconds"
        case AbandonmentLimit():
            return "abandonment"
        case Duty():
            return "duty"
        case _:
            assert_never(demand)
