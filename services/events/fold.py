"""Folds reports on calls: ends attempts, moves contacts on, counts, records, adds public events.

One transaction per batch: read, decide, write. The state of the attempt stops a report that comes
twice or too late; what it tells of the call goes to the call's record all the same.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from services.events import records, sms
from services.events.records import Told
from services.events.transitions import Decision, Event, decide, moves
from shared.db import counters, person_calls, public_events, untold_ends, waiting_counts
from shared.db.calling_groups import CallingGroups
from shared.db.events import folding, inbox, opt_outs
from shared.db.events.call_records import CorrectedRecord
from shared.db.person_calls import Person
from shared.db.policies import Policies
from shared.db.rate_tables import RateTables
from shared.db.types import Connection, Pool
from shared.db.untold_ends import UntoldEnd
from shared.definitions.policy import CampaignPolicy
from shared.domain.attempts import CallReference
from shared.domain.campaigns import CampaignKey
from shared.domain.outcomes import Outcome
from shared.domain.spend import Reserve
from shared.domain.wait_buckets import WaitBucket, five_minutes_of
from shared.kafka.messages.calls import CALL_ENDED, CALL_PROGRESSED, CallEnded, CallProgressed
from shared.kafka.messages.facts import FactsData
from shared.kafka.messages.public import AttemptEnded
from shared.runtime import traces
from shared.runtime.failpoints import Failpoint, passing
from shared.runtime.metrics import FACTS_FOLDED, FACTS_REPEATED, SMS_MOVED
from shared.runtime.process import now

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallFolder:
    pool: Pool
    policies: Policies = field(default_factory=Policies)
    rate_tables: RateTables = field(default_factory=RateTables)
    groups: CallingGroups = field(default_factory=CallingGroups)

    async def on_call_reports(self, reports: list[Event | CallProgressed]) -> None:
        ends = [report for report in reports if not isinstance(report, CallProgressed)]
        async with self.pool.acquire() as conn, conn.transaction():
            refused = await _new_opt_outs(conn, ends)
            decisions, current = await self._decide_all(conn, ends)
            ended = await folding.end(conn, [decision.end for decision in decisions])
            applied = [decision for decision in decisions if decision.end.reference in ended]
            if refused:
                # The ends have let go of their numbers, and their records are not written yet.
                dialed = {decision.end.reference: decision.facts.phone for decision in applied}
                await opt_outs.suppress(conn, {each: dialed.get(each) for each in refused})
            told = _told_beside(applied, reports)
            if applied:
                await _settle(conn, applied)
            rates = self.rate_tables.rates
            corrected = await records.write(conn, applied, ended, told, rates)
            unsent = await sms.queue(
                conn, self.policies, applied, corrected, current=current, now=now()
            )
            await public_events.add(conn, [*_public_events(applied, corrected), *unsent])
        FACTS_REPEATED.inc(len(ends) - len(applied))
        for type_, count in Counter(decision.cause.type for decision in applied).items():
            FACTS_FOLDED.labels(type_).inc(count)
        if len(ends) < len(reports):
            FACTS_FOLDED.labels(CALL_PROGRESSED).inc(len(reports) - len(ends))
        for message in unsent:
            SMS_MOVED.labels(message.data.state).inc()
        _trace(applied)
        passing(Failpoint.AFTER_FOLD)

    async def _decide_all(
        self, conn: Connection, events: list[Event]
    ) -> tuple[list[Decision], dict[CampaignKey, CampaignPolicy]]:
        """The decisions, and the policies by which they were made."""
        references = {event.data.reference for event in events}
        facts = await folding.facts(conn, references, self.groups)
        current = await self.policies.current(conn, {each.campaign for each in facts.values()})
        newest = next((each.newest_rates for each in facts.values()), None)
        rates = await self.rate_tables.current(conn, newest)
        decided: dict[CallReference, Decision] = {}
        for event in events:
            reference = event.data.reference
            known = facts.get(reference)
            if known is None or reference in decided or not moves(event, known):
                continue
            policy = current[known.campaign]
            decision = decide(event, known, policy.attempts, rates)
            if known.reserved is not None and policy.ceilings is not None:
                reserve = Reserve(known.reserved, policy.ceilings.currency)
                decision = decision._replace(reserve=reserve)
            decided[reference] = decision
        return list(decided.values()), current


def _trace(applied: Iterable[Decision]) -> None:
    for decision in applied:
        if decision.facts.traceparent is not None:
            extra = {"attempt_id": str(decision.facts.id), "state": str(decision.end.state)}
            with traces.step(
                "fold",
                decision.facts.traceparent,
                attributes={f"outdial.{name}": value for name, value in extra.items()},
            ):
                logger.info("attempt ended", extra=extra)


async def _new_opt_outs(conn: Connection, events: Iterable[Event]) -> set[CallReference]:
    """The calls that now are told to have ended as opt_out, whose numbers are to be suppressed.

    Also if an attempt had already ended as unknown. The inbox stops a repeat, which would suppress
    a number again after its suppression was lifted.
    """
    told = {
        event.data.reference
        for event in events
        if isinstance(event, CallEnded) and event.data.outcome is Outcome.OPT_OUT
    }
    return await inbox.take(conn, told, CALL_ENDED) if told else set()


def _told_beside(
    applied: Iterable[Decision], reports: Iterable[Event | CallProgressed]
) -> list[Told]:
    """What is told of calls beside the ends that were applied."""
    causes = {id(decision.cause) for decision in applied}
    return [
        report
        for report in reports
        if isinstance(report, CallProgressed)
        or (isinstance(report, CallEnded) and id(report) not in causes)
    ]


def _public_events(
    applied: Iterable[Decision], corrected: Iterable[CorrectedRecord]
) -> Iterator[AttemptEnded]:
    """The events of the ends, with all facts that are known by now."""
    known = {record.reference: record.facts for record in corrected if record.end is not None}
    for decision in applied:
        event, facts = decision.event, known.get(decision.end.reference)
        if event is not None and facts is not None:
            data = event.data.model_copy(update={"facts": FactsData.of(facts)})
            event = event.model_copy(update={"data": data})
        if event is not None:
            yield event


async def _settle(conn: Connection, applied: list[Decision]) -> None:
    await folding.move_on(conn, [decision.next for decision in applied])
    passed_over = [decision.passed_over for decision in applied if decision.passed_over]
    if passed_over:
        await folding.pass_over(conn, passed_over)
    await _note_calls(conn, [decision for decision in applied if decision.facts.in_person_calls])
    await untold_ends.add(
        conn,
        [
            UntoldEnd(*decision.facts.campaign, decision.facts.contact_id, decision.reason)
            for decision in applied
            if decision.reason is not None
        ],
    )
    await counters.add(conn, _sums(applied))
    await waiting_counts.add(conn, _arrivals(applied))


async def _note_calls(conn: Connection, applied: list[Decision]) -> None:
    """Give calls to persons their outcome, or delete them if they were not placed."""
    ended, dropped = [], []
    for decision in applied:
        facts, end = decision.facts, decision.end
        person = Person(facts.tenant_id, facts.phone)
        if end.outcome is None:
            dropped.append((facts.id, person))
        else:
            ended.append((facts.id, person, end.outcome, end.ended_at))
    if ended:
        await person_calls.end(conn, ended)
    if dropped:
        await person_calls.forget(conn, dropped)


def _arrivals(applied: Iterable[Decision]) -> Iterator[tuple[WaitBucket, int]]:
    for decision in applied:
        facts, after = decision.facts, decision.next
        if after.waits_for is not None:
            five_minutes = five_minutes_of(after.not_before)
            group_id = after.calling_group_id or facts.calling_group_id
            bucket = WaitBucket(*facts.campaign, group_id, after.waits_for, five_minutes)
            yield bucket, 1


def _sums(applied: Iterable[Decision]) -> list[tuple[CampaignKey, str, int]]:
    sums: Counter[tuple[CampaignKey, str]] = Counter()
    for decision in applied:
        for name in decision.counted:
            sums[decision.facts.campaign, name] += 1
    return [(campaign, name, count) for (campaign, name), count in sums.items()]
