"""The tenant's choices behind an answer of why: which rule, who chose, and the reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.api.http.resources import Resources
from shared.db.api import tenants
from shared.db.api.why import ContactRow
from shared.db.types import Connection
from shared.domain.policy.calling_rules import CallingRules, calling_rules, in_force
from shared.domain.policy.rules import Rule
from shared.rulepacks.tenant_choices import Choice, TenantRulesDefinition


@dataclass(frozen=True, slots=True)
class ChosenRule:
    """A rule about the calls of a contact that its tenant overrode or turned on."""

    rule: Rule
    grade: str
    standing: Literal["overridden", "turned_on"]
    person: str
    reason: str
    at: datetime


async def chosen(
    conn: Connection, contact: ContactRow, rules: CallingRules, *, now: datetime
) -> list[ChosenRule]:
    """The choices about the contact's calls; without one there is nothing to read."""
    if not rules.chosen:
        return []
    definition = await tenants.rules(conn, contact.campaign.tenant_id)
    return list(_with_choices(rules, definition, at=now))


async def chosen_at(
    conn: Connection, resources: Resources, contact: ContactRow, *, at: datetime
) -> list[ChosenRule]:
    """The choices as they were then, among the rules and for the places as they are now."""
    definition = await tenants.rules_at(conn, contact.campaign.tenant_id, at)
    packs = resources.rulebook.store.packs.rules
    campaign = contact.campaign.policy.rules
    rules = calling_rules(campaign, definition.tenant_rules(), packs, contact.group)
    return list(_with_choices(rules, definition, at=at))


def duties(rules: CallingRules, *, now: datetime) -> list[Rule]:
    """The duties in effect that no dialer can see to."""
    return [rule for rule in rules.duties if in_force(rule, rules.group.zones, at=now)]


def _with_choices(
    rules: CallingRules, definition: TenantRulesDefinition, *, at: datetime
) -> Iterator[ChosenRule]:
    turned_on = {choice.rule: choice for choice in definition.turned_on}
    overridden = {choice.rule: choice for choice in definition.overridden}
    for rule in rules.chosen:
        if not in_force(rule, rules.group.zones, at=at):
            continue
        if rule.name in overridden:
            yield _chosen(rule, "overridden", overridden[rule.name])
        elif rule.name in turned_on:
            yield _chosen(rule, "turned_on", turned_on[rule.name])


def _chosen(rule: Rule, standing: Literal["overridden", "turned_on"], choice: Choice) -> ChosenRule:
    return ChosenRule(
        rule=rule,
        grade=rule.grade,
        standing=standing,
        person=choice.person,
        reason=choice.reason,
        at=choice.at,
    )
