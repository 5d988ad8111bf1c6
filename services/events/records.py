"""Writes the record of each call: at its end, and when more is told of it before or after.

Nearly every call is told of once, at its end: its record is a row of the batch's one insert.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from services.events.transitions import Decision
from shared.db import spend
from shared.db.events import call_records
from shared.db.events.call_records import CorrectedRecord, EndedRecord, StoredRecord
from shared.db.spend import SpendDay
from shared.db.types import Connection
from shared.domain.attempts import CallReference
from shared.domain.call_records import KeptReport, adds, kept, truth
from shared.domain.calls import CallFacts
from shared.domain.rates import Rates
from shared.domain.spend import Reserve, charged, day_of
from shared.kafka.messages.calls import CallEnded, CallProgressed

Told = CallEnded | CallProgressed
Charges = list[tuple[SpendDay, Decimal]]


async def write(
    conn: Connection,
    applied: Sequence[Decision],
    call_ids: Mapping[CallReference, str | None],
    told: Sequence[Told],
    rates: Rates,
) -> list[CorrectedRecord]:
    """Record the calls that have just ended, and what else was told of any call.

    Returns the records that were there, and have other facts now.
    """
    counts = Counter({event.data.tenant_id: 0 for event in told})
    counts.update(each.facts.tenant_id for each in applied if each.end.outcome is not None)
    if not counts:
        return []
    positions = await call_records.reserve(conn, counts)
    ended = {record.reference: record for record in _ended(applied, call_ids, positions)}
    added = await call_records.add(conn, list(ended.values())) if ended else set()
    begun_before = {ref: record for ref, record in ended.items() if ref not in added}
    charges: Charges = [
        (_day(ref, record, record.reserve), record.charged.amount)
        for ref, record in ended.items()
        if ref in added and record.reserve is not None and record.charged is not None
    ]
    corrected: list[CorrectedRecord] = []
    if begun_before or told:
        corrected, corrections = await _correct(conn, begun_before, told, rates)
        charges += corrections
    if charges:
        await spend.add(conn, _summed(charges))
    return corrected


async def _correct(
    conn: Connection,
    ended: Mapping[CallReference, EndedRecord],
    told: Sequence[Told],
    rates: Rates,
) -> tuple[list[CorrectedRecord], Charges]:
    """Give records that are there what was told now. `ended` are those of calls that end now.

    Returns those that changed, and what all of the calls add to what is spent.
    """
    reports: dict[CallReference, list[KeptReport]] = defaultdict(list)
    for event in told:
        reports[event.data.reference].append(event.data.report)
    await call_records.begin(conn, reports.keys() - ended.keys())
    for reference, record in ended.items():
        reports[reference].append(record.report)
    stored = await call_records.find(conn, reports)
    corrected = list(_corrected(stored, reports, ended, rates))
    if corrected:
        await call_records.correct(conn, await _moved(conn, corrected))
    charges = [
        (_day(record.reference, stored[record.reference], record.charged), added)
        for record in corrected
        if record.charged is not None
        and (added := _added(record.charged, stored[record.reference].charged))
    ]
    return corrected, charges


def _corrected(
    stored: Mapping[CallReference, StoredRecord],
    reports: Mapping[CallReference, Sequence[KeptReport]],
    ended: Mapping[CallReference, EndedRecord],
    rates: Rates,
) -> Iterator[CorrectedRecord]:
    for reference, record in stored.items():
        end = ended.get(reference)
        after = kept([*record.reports, *reports[reference]])
        if end is None and after == record.reports:
            continue
        facts = _priced(truth(after), record, end, rates)
        yield CorrectedRecord(
            reference=reference,
            campaign_id=record.campaign_id,
            contact_id=record.contact_id,
            reports=after,
            facts=facts,
            new_stages=tuple(step for step in facts.stages if step not in record.facts.stages),
            position=None if end is None else end.position,
            end=end,
            charged=_charged(facts, record, end),
            is_correction=record.outcome is not None and adds(after, record.reports),
        )


def _priced(
    facts: CallFacts, record: StoredRecord, end: EndedRecord | None, rates: Rates
) -> CallFacts:
    """The facts with the price by the rate table, as long as the carrier has told none."""
    outcome = record.outcome if end is None else end.outcome
    if facts.price is not None or outcome is None:
        return facts
    at = record.dialing_at
    priced = rates.priced(facts, outcome, trunk_id=record.trunk_id, number=record.number, at=at)
    # A table that was replaced long ago is not known any more, but its estimate is.
    return priced if priced.price is not None else replace(facts, price=record.facts.price)


def _charged(facts: CallFacts, record: StoredRecord, end: EndedRecord | None) -> Reserve | None:
    """What the call counts with under its spend ceilings; what it counted with is its reserve."""
    reserve = record.charged if end is None else end.reserve
    outcome = record.outcome if end is None else end.outcome
    if reserve is None or outcome is None:
        return None
    return charged(facts, outcome, reserve) if end or facts.price else reserve


def _added(after: Reserve, before: Reserve | None) -> Decimal:
    return after.amount - (Decimal(0) if before is None else before.amount)


def _day(
    reference: CallReference, record: EndedRecord | StoredRecord, reserve: Reserve
) -> SpendDay:
    day = day_of(record.dialing_at)
    return SpendDay(reference.tenant_id, record.campaign_id, day, reserve.currency)


def _summed(charges: Charges) -> dict[SpendDay, Decimal]:
    sums: defaultdict[SpendDay, Decimal] = defaultdict(Decimal)
    for day, amount in charges:
        sums[day] += amount
    return sums


async def _moved(conn: Connection, records: Sequence[CorrectedRecord]) -> list[CorrectedRecord]:
    """Give corrections the next positions, so that who follows the list meets them."""
    counts = Counter(record.reference.tenant_id for record in records if record.is_correction)
    if not counts:
        return list(records)
    positions = await call_records.reserve(conn, counts)
    return [
        replace(record, position=next(positions[record.reference.tenant_id]))
        if record.is_correction
        else record
        for record in records
    ]


def _ended(
    applied: Sequence[Decision],
    call_ids: Mapping[CallReference, str | None],
    positions: Mapping[int, Iterator[int]],
) -> Iterator[EndedRecord]:
    for decision in applied:
        facts, end = decision.facts, decision.end
        if end.outcome is None:
            continue  # a dropped attempt was no call
        yield EndedRecord(
            reference=end.reference,
            position=next(positions[facts.tenant_id]),
            campaign_id=facts.campaign_id,
            trunk_id=facts.trunk_id,
            number=facts.phone,
            dialing_at=facts.dialing_at or end.ended_at,
            ended_at=end.ended_at,
            outcome=end.outcome,
            provider_call_id=call_ids[end.reference],
            facts=decision.told,
            reserve=decision.reserve,
        )
