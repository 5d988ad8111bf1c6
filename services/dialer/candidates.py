"""Reads due attempts with all that decides on them: campaign, rules, black-outs, suppressions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NamedTuple

from shared.db import blackouts, campaign_runs, dialing, rate_tables
from shared.db.calling_groups import CallingGroups
from shared.db.campaign_runs import RunningCampaign
from shared.db.dialing import DueAttempt
from shared.db.person_calls import Person
from shared.db.policies import Policies
from shared.db.rate_tables import RateTables
from shared.db.rows import attributes
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.calendar.intervals import NEVER
from shared.domain.call_flows import texts
from shared.domain.capacity.margins import WINDOW_MARGIN
from shared.domain.capacity.scopes import Hierarchy
from shared.domain.decision.gates import CALL_UP_DELAY, NEW_CONTACT, ContactFacts
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.blackouts import Blackout, blacked_out
from shared.domain.policy.calling_rules import CallingRules
from shared.domain.rates import NO_RATES, Rates
from shared.domain.spend import TOO_COSTLY, reached, talk_seconds_for
from shared.kafka.messages.attempts import AttemptDue
from shared.rulepacks.rulebook import RuleBook
from shared.runtime.metrics import CLOCK_SKEW
from shared.runtime.process import now

# A clock further off than this against PostgreSQL's may open a window that is closed.
CLOCK_TOLERANCE = timedelta(seconds=2)


class ClockSkewError(ConnectionError):
    """The machine's clock and PostgreSQL's disagree: nothing is dialed until they agree."""


class Candidate(NamedTuple):
    """A due attempt with its campaign, its rules, and the facts but for the calls to the person.

    `known` are the values that the contact brings for the variables of texts.
    `talk_seconds_most` is how long the call may last by its spend ceilings, if it has any and the
    trunk has a rate for the number.
    """

    due: DueAttempt
    run: RunningCampaign
    rules: CallingRules
    facts: ContactFacts
    known: Mapping[str, str]
    talk_seconds_most: int | None = None

    @property
    def scopes(self) -> Hierarchy:
        return self.run.scopes

    @property
    def reference(self) -> CallReference:
        return self.due.reference

    @property
    def person(self) -> Person:
        return Person(self.run.tenant_id, self.due.number)


@dataclass(frozen=True, slots=True)
class CandidateReader:
    pool: Pool
    rulebook: RuleBook
    policies: Policies = field(default_factory=Policies)
    rate_tables: RateTables = field(default_factory=RateTables)
    groups: CallingGroups = field(default_factory=CallingGroups)

    async def read(self, messages: Collection[AttemptDue]) -> list[Candidate]:
        """The attempts of these messages that are still claimed. Raises ClockSkewError."""
        references = {message.data.reference for message in messages}
        campaigns = {message.data.campaign for message in messages}
        async with self.pool.acquire() as conn:
            runs, database_now = await campaign_runs.current(conn, self.policies, campaigns)
            check_clock(now() - database_now)
            reading = [run.id for run in runs.values() if run.policy.reads_attributes]
            due = await dialing.due(conn, references, self.groups, with_attributes=reading)
            tenants = {run.tenant_id for run in runs.values()}
            in_force = await blackouts.in_force(conn, tenant_ids=tenants)
            rates = NO_RATES
            if any(run.spend for run in runs.values()):
                rates = await self.rate_tables.current(conn, await rate_tables.newest(conn))
        known: dict[tuple[int, int], tuple[CallingRules, Blackout | None]] = {}
        candidates = []
        for attempt in due:
            run = runs[attempt.campaign_id].by(attempt.backup_id)
            key = attempt.campaign_id, attempt.group_id
            if key not in known:
                known[key] = self._rules(run, attempt.group, in_force)
            rules, blackout = known[key]
            values = known_values(attempt, run)
            facts = facts_of(attempt, run, rules, blackout, values)
            candidates.append(Candidate(attempt, run, rules, facts, values))
        if rates.tables:
            return [_limited(candidate, rates) for candidate in candidates]
        return candidates

    def _rules(
        self, run: RunningCampaign, group: CallingGroup, in_force: Sequence[Blackout]
    ) -> tuple[CallingRules, Blackout | None]:
        """The rules and the black-out that all attempts of a campaign in a group have in common."""
        rules = self.rulebook.rules(run.policy, group)
        # A black-out that is planned may begin while the call is on its way.
        soon = now() + WINDOW_MARGIN
        blackout = blacked_out(
            in_force, tenant_id=run.tenant_id, jurisdictions=group.jurisdictions, now=soon
        )
        return rules, blackout


def _limited(candidate: Candidate, rates: Rates) -> Candidate:
    """The candidate with the longest call that costs no more than it reserves.

    Where not even the first seconds cost so little, the number is no destination.
    """
    ceilings, run = candidate.run.policy.ceilings, candidate.run
    table = None if ceilings is None else rates.table(run.trunk_id, at=now())
    rate = None if table is None else table.rate(candidate.due.number)
    if ceilings is None or table is None or rate is None or table.currency != ceilings.currency:
        return candidate
    seconds = talk_seconds_for(ceilings.call_most, rate)
    if not seconds:
        return candidate._replace(facts=replace(candidate.facts, refused=TOO_COSTLY))
    return candidate._replace(talk_seconds_most=seconds)


def known_values(due: DueAttempt, run: RunningCampaign) -> Mapping[str, str]:
    """The values for the variables of texts; none where nothing is played, told or sent."""
    if not run.policy.reads_attributes and run.policy.definition.call_flow is None:
        return {}
    return texts.known_of(
        attributes(due.attributes),
        number=due.number,
        external_id=due.external_id,
        campaign_name=run.policy.definition.name,
    )


def facts_of(
    due: DueAttempt,
    run: RunningCampaign,
    rules: CallingRules,
    blackout: Blackout | None,
    known: Mapping[str, str],
) -> ContactFacts:
    """The facts that are known without the calls to the person."""
    missing = run.policy.required_variables - known.keys()
    spent = rules.max_total is not None and due.attempt_number > rules.max_total
    refused = rules.destinations.refusal_of(due.number)
    ceiling = reached(run.spend) if run.spend else None
    stopped = blackout is not None or refused is not None or run.outage is not None
    stopped = stopped or run.policy.no_caller_id is not None
    hindered = due.suppressed or due.expires_at is not None or stopped or ceiling is not None
    if run.wanted and due.holds_number and not (hindered or spent or missing):
        return NEW_CONTACT
    return ContactFacts(
        attempts=due.attempt_number - 1,
        missing_variables=tuple(sorted(missing)),
        expires_at=due.expires_at,
        suppressed_until=NEVER if due.suppressed else None,
        campaign_stopped=None if run.wanted else "not_wanted",
        refused=refused,
        blackout_until=None if blackout is None else blackout.ends_at,
        blackout=None if blackout is None else blackout.reason,
        outages=() if run.outage is None else (run.outage,),
        no_caller_id=run.policy.no_caller_id,
        spend=ceiling,
        # The compare-and-set refuses it, too; the claim after the drop holds the number.
        call_up_until=None if due.holds_number else now() + CALL_UP_DELAY,
    )


def check_clock(skew: timedelta) -> None:
    """Raises ClockSkewError."""
    CLOCK_SKEW.set(skew.total_seconds())
    if abs(skew) > CLOCK_TOLERANCE:
        raise ClockSkewError(f"clock is off by {skew.total_seconds():.1f} s")
