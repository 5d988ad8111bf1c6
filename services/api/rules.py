"""Use cases of a tenant's choices: rules of law, own rules, destinations, its spend ceiling.

Each change is one transaction and is recorded; scheduler and dialer obey from the commit on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, not_found
from services.api.versions import ANYTHING, Seen
from shared.db import revisions
from shared.db.api import campaigns, tenants
from shared.domain.places.jurisdictions import covers
from shared.domain.policy.rules import CallKind, Rule
from shared.rulepacks.definition import RuleDefinition
from shared.rulepacks.loader import RulePacks
from shared.rulepacks.tenant_choices import (
    CHOICES_MOST,
    OWN_MOST,
    OWN_PACK,
    Choice,
    DestinationsChoice,
    SpendChoice,
    TenantRulesDefinition,
)

Decide = Callable[[TenantRulesDefinition], TenantRulesDefinition]


class Standing(StrEnum):
    IN_FORCE = "in_force"
    UNVERIFIED = "unverified"
    TURNED_ON = "turned_on"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The person who is responsible for a choice, the reason and the time."""

    person: str
    reason: str
    at: datetime

    def about(self, rule: Rule) -> Choice:
        return Choice(rule=rule.name, person=self.person, reason=self.reason, at=self.at)


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """A rule as it stands for a tenant, with the choice that made it so."""

    rule: Rule
    standing: Standing
    choice: Choice | None


async def listed(
    resources: Resources, caller: Caller, *, jurisdiction: str | None, kind: CallKind | None
) -> list[RuleStatus]:
    """The rules of the packs, then the tenant's; rules of a country apply in its parts, too."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        chosen = await tenants.rules(conn, caller.tenant_id)
    return [
        _status(rule, chosen)
        for rule in _all(_packs(resources), chosen)
        if (kind is None or kind in rule.kinds)
        and (jurisdiction is None or covers(rule.jurisdiction, (jurisdiction,)))
    ]


async def override(
    resources: Resources, caller: Caller, name: str, decision: Decision
) -> RuleStatus:
    """The rule of a pack no longer applies to this tenant."""
    rule = _packed(resources, name)

    def decide(chosen: TenantRulesDefinition) -> TenantRulesDefinition:
        overridden = [*_without(chosen.overridden, rule.name), decision.about(rule)]
        return chosen.model_copy(update={"overridden": overridden})

    return _status(rule, await _change(resources, caller, decide))


async def end_override(resources: Resources, caller: Caller, name: str) -> None:
    def decide(chosen: TenantRulesDefinition) -> TenantRulesDefinition:
        _refuse_unknown(chosen.overridden, name)
        return chosen.model_copy(update={"overridden": _without(chosen.overridden, name)})

    await _change(resources, caller, decide)


async def turn_on(
    resources: Resources, caller: Caller, name: str, decision: Decision
) -> RuleStatus:
    """An unverified rule applies to this tenant from now on."""
    rule = _packed(resources, name)
    if rule.verified:
        raise Refused("rule_is_verified", "the rule is verified: it holds without being turned on")

    def decide(chosen: TenantRulesDefinition) -> TenantRulesDefinition:
        turned_on = [*_without(chosen.turned_on, rule.name), decision.about(rule)]
        return chosen.model_copy(update={"turned_on": turned_on})

    return _status(rule, await _change(resources, caller, decide))


async def turn_off(resources: Resources, caller: Caller, name: str) -> None:
    def decide(chosen: TenantRulesDefinition) -> TenantRulesDefinition:
        _refuse_unknown(chosen.turned_on, name)
        return chosen.model_copy(update={"turned_on": _without(chosen.turned_on, name)})

    await _change(resources, caller, decide)


async def add(resources: Resources, caller: Caller, definition: RuleDefinition) -> RuleStatus:
    """The rule applies beside all others, so it can only forbid more."""
    if _packs(resources).named(definition.name) is not None:
        detail = "a rule of the packs has this name; find another"
        raise Refused("name_taken", detail, field=("name",))

    def decide(chosen: TenantRulesDefinition) -> TenantRulesDefinition:
        if any(rule.name == definition.name for rule in chosen.added):
            detail = "you have a rule of this name; delete it first"
            raise Refused("name_taken", detail, field=("name",))
        return chosen.model_copy(update={"added": [*chosen.added, definition]})

    return _status(definition.rule(OWN_PACK), await _change(resources, caller, decide))


async def remove(resources: Resources, caller: Caller, name: str) -> None:
    if _packs(resources).named(name) is not None:
        raise Refused("rule_of_a_pack", "a rule of the packs is not deleted; override it")

    def decide(chosen: TenantRulesDefinition) -> TenantRulesDefinition:
        left = [rule for rule in chosen.added if rule.name != name]
        if len(left) == len(chosen.added):
            raise not_found("rule")
        return chosen.model_copy(update={"added": left})

    await _change(resources, caller, decide)


async def destinations(resources: Resources, caller: Caller) -> DestinationsChoice | None:
    """The tenant's choice of destinations, if it has made one."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        return (await tenants.rules(conn, caller.tenant_id)).destinations


async def choose_destinations(
    resources: Resources,
    caller: Caller,
    choice: DestinationsChoice | None,
    *,
    seen: Seen = ANYTHING,
) -> None:
    """Replace the whole choice; None goes back to the default, which refuses costly kinds."""

    def decide(chosen: TenantRulesDefinition) -> TenantRulesDefinition:
        seen.check(chosen.destinations)
        return chosen.model_copy(update={"destinations": choice})

    await _change(resources, caller, decide)


async def spend_ceiling(resources: Resources, caller: Caller) -> SpendChoice | None:
    """The ceiling of all campaigns of the tenant together, if it has one."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        return (await tenants.rules(conn, caller.tenant_id)).spend_ceiling


async def set_spend_ceiling(
    resources: Resources,
    caller: Caller,
    choice: SpendChoice | None,
    *,
    seen: Seen = ANYTHING,
) -> None:
    """Replace the ceiling; None: there is none any more."""

    def decide(chosen: TenantRulesDefinition) -> TenantRulesDefinition:
        seen.check(chosen.spend_ceiling)
        return chosen.model_copy(update={"spend_ceiling": choice})

    if choice is not None:
        async with resources.pool.transaction(caller.tenant_id) as conn:
            other = await campaigns.with_other_currency(
                conn, tenant_id=caller.tenant_id, currency=choice.currency
            )
        if other is not None:
            detail = f"the ceiling of campaign {other} is in another currency; give both in one"
            raise Refused("other_currency", detail, field=("currency",))
    await _change(resources, caller, decide)


async def _change(resources: Resources, caller: Caller, decide: Decide) -> TenantRulesDefinition:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        before = await tenants.lock_rules(conn, caller.tenant_id)
        after = decide(before)
        if len(after.added) > OWN_MOST or max(map(len, _choices(after))) > CHOICES_MOST:
            raise Refused("too_many_rules", "there is no room for another one")
        await tenants.change_rules(conn, caller.tenant_id, after, api_key_id=caller.own_key_id)
        await revisions.bump_revision(conn, tenant_id=caller.tenant_id)
    resources.record(before=before, after=after)
    return after


def _status(rule: Rule, chosen: TenantRulesDefinition) -> RuleStatus:
    overridden, turned_on = [_find(choices, rule.name) for choices in _choices(chosen)]
    if overridden is not None:
        return RuleStatus(rule, Standing.OVERRIDDEN, overridden)
    if rule.verified:
        return RuleStatus(rule, Standing.IN_FORCE, None)
    return RuleStatus(rule, Standing.TURNED_ON if turned_on else Standing.UNVERIFIED, turned_on)


def _all(packs: RulePacks, chosen: TenantRulesDefinition) -> Iterator[Rule]:
    yield from packs.rules
    for definition in chosen.added:
        yield definition.rule(OWN_PACK)


def _packed(resources: Resources, name: str) -> Rule:
    rule = _packs(resources).named(name)
    if rule is None:
        raise not_found("rule")
    return rule


def _packs(resources: Resources) -> RulePacks:
    return resources.rulebook.store.packs


def _choices(chosen: TenantRulesDefinition) -> tuple[list[Choice], list[Choice]]:
    return chosen.overridden, chosen.turned_on


def _find(choices: Sequence[Choice], name: str) -> Choice | None:
    return next((choice for choice in choices if choice.rule == name), None)


def _without(choices: Sequence[Choice], name: str) -> list[Choice]:
    return [choice for choice in choices if choice.rule != name]


def _refuse_unknown(choices: Sequence[Choice], name: str) -> None:
    if _find(choices, name) is None:
        raise not_found("rule")
