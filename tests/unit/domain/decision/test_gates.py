"""Each gate by itself: when it is shut, until when, by which rule, and its details."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from shared.domain.calendar.intervals import NEVER
from shared.domain.capacity.caller_ids import NoCallerId
from shared.domain.capacity.trunk_health import Outage
from shared.domain.contacts import ContactState
from shared.domain.decision.details import (
    CallerIdDetail,
    CampaignDetail,
    CapDetail,
    ContactDetail,
    DestinationDetail,
    Detail,
    HoursDetail,
    SilenceDetail,
    SpendDetail,
    SuppressionDetail,
    TrunkDetail,
    WaitDetail,
    ZoneDetail,
)
from shared.domain.decision.gates import CALL_UP_DELAY, ContactFacts, first_block
from shared.domain.decision.verdict import decide
from shared.domain.outcomes import Outcome
from shared.domain.policy.calling_rules import (
    CallingRules,
)
from shared.domain.policy.frequency import Event, Length, Scope
from shared.domain.policy.rules import Rule
from shared.domain.reasons import GATES, Reason
from shared.domain.spend import CeilingKind, SpendCeiling
from tests.unit.domain.decision.support import (
    CAP,
    DAILY,
    HOUR,
    LAW,
    MONDAY,
    NEW_YORK,
    NOW,
    SILENCE,
    TALKED,
    THREE_A_DAY,
    THREE_CALLS,
    ago,
    rules,
    utc,
)


def test_a_new_contact_in_an_open_window_may_be_called() -> None:
    verdict = decide(rules(), ContactFacts(), now=NOW)

    assert (verdict.allowed, verdict.next_at) == (True, NOW)
    assert (verdict.binding, verdict.blocks) == (None, ())


OUTAGE = Outage(trunk="south", since=NOW - HOUR, probe_at=NOW + HOUR, cause="unreachable")
MIDNIGHT_UTC = datetime(2026, 11, 23, tzinfo=UTC)
SPENT = SpendCeiling(
    kind=CeilingKind.TENANT_DAY,
    currency="USD",
    amount=Decimal(10),
    spent=Decimal("9.80"),
    reserved=Decimal(0),
    call_most=Decimal("0.5"),
)
SHUT: dict[str, tuple[CallingRules, ContactFacts, Reason, datetime | None, Rule | None]] = {
    "finished": (
        rules(),
        ContactFacts(state=ContactState.FINISHED, outcome="busy"),
        Reason.CONTACT,
        None,
        None,
    ),
    "live": (rules(), ContactFacts(state=ContactState.ACTIVE), Reason.CONTACT, None, None),
    "paused": (rules(), ContactFacts(campaign_stopped="paused"), Reason.CAMPAIGN, None, None),
    "premium rate": (
        rules(),
        ContactFacts(refused="premium_rate"),
        Reason.DESTINATION,
        None,
        None,
    ),
    "suppressed for good": (
        rules(),
        ContactFacts(suppressed_until=NEVER, suppression="opt_out"),
        Reason.SUPPRESSION,
        None,
        None,
    ),
    "suppressed for a time": (
        rules(),
        ContactFacts(suppressed_until=NOW + HOUR),
        Reason.SUPPRESSION,
        NOW + HOUR,
        None,
    ),
    "expired": (rules(), ContactFacts(expires_at=NOW), Reason.EXPIRY, None, None),
    "budget that was made smaller": (
        rules(max_total=2),
        ContactFacts(attempts=2),
        Reason.BUDGET,
        None,
        None,
    ),
    "variable of the call flow": (
        rules(),
        ContactFacts(missing_variables=("first_name",)),
        Reason.MISSING_VARIABLE,
        None,
        None,
    ),
    "no zone": (rules(zones=()), ContactFacts(), Reason.UNKNOWN_ZONE, None, None),
    "black-out": (
        rules(),
        ContactFacts(blackout_until=NOW + HOUR),
        Reason.BLACKOUT,
        NOW + HOUR,
        None,
    ),
    "black-out without end": (
        rules(),
        ContactFacts(blackout_until=NEVER),
        Reason.BLACKOUT,
        None,
        None,
    ),
    "window": (rules(windows=DAILY[:5]), ContactFacts(), Reason.WINDOW, MONDAY, None),
    "dates over": (
        rules(end_date=date(2026, 11, 21)),
        ContactFacts(),
        Reason.WINDOW,
        None,
        None,
    ),
    "law": (rules(LAW), ContactFacts(), Reason.LAW, MONDAY, LAW),
    "retry": (
        rules(),
        ContactFacts(not_before=NOW + HOUR, waits_for=Reason.RETRY),
        Reason.WAIT,
        NOW + HOUR,
        None,
    ),
    "trunk down": (
        rules(),
        ContactFacts(outages=(OUTAGE,)),
        Reason.TRUNK_DOWN,
        OUTAGE.probe_at,
        None,
    ),
    "inactive caller ID": (
        rules(),
        ContactFacts(no_caller_id=NoCallerId("+12025550100")),
        Reason.CALLER_ID,
        None,
        None,
    ),
    "spent caller IDs": (
        rules(),
        ContactFacts(no_caller_id=NoCallerId("north", NOW + HOUR)),
        Reason.CALLER_ID,
        NOW + HOUR,
        None,
    ),
    "spent": (
        rules(),
        ContactFacts(spend=SPENT),
        Reason.SPEND_CEILING,
        MIDNIGHT_UTC,
        None,
    ),
    "call up": (
        rules(own=(THREE_A_DAY,)),
        ContactFacts(calls=(ago(0, None),), call_up_until=NOW + CALL_UP_DELAY),
        Reason.CALL_UP,
        NOW + CALL_UP_DELAY,
        None,
    ),
    "silence": (
        rules(SILENCE),
        ContactFacts(calls=(TALKED,)),
        Reason.SILENCE,
        # The conversation was on Saturday, so the silence of seven days ends on the next Saturday.
        utc("2026-11-28T05:00"),
        SILENCE,
    ),
    "own cap": (
        rules(own=(THREE_A_DAY,)),
        ContactFacts(calls=THREE_CALLS),
        Reason.FREQUENCY_CAP,
        NOW + HOUR,
        None,
    ),
    "cap of law": (
        rules(CAP),
        ContactFacts(calls=THREE_CALLS),
        Reason.FREQUENCY_CAP,
        NOW + HOUR,
        CAP,
    ),
}


@pytest.mark.parametrize("case", SHUT)
def test_each_gate_shuts_by_itself_and_says_until_when_by_which_rule(case: str) -> None:
    asked, facts, gate, until, rule = SHUT[case]

    verdict = decide(asked, facts, now=NOW)

    (block,) = verdict.blocks
    assert (block.reason, block.until, block.rule) == (gate, until, rule)
    assert verdict.binding == block
    assert not verdict.allowed
    first = first_block(asked, facts, now=NOW)
    assert first is not None
    assert (first.reason, first.until, first.rule) == (gate, until, rule)


def test_every_gate_has_its_row() -> None:
    assert {gate for _, _, gate, _, _ in SHUT.values()} == set(GATES)


@pytest.mark.parametrize(
    ("case", "detail"),
    [
        ("finished", ContactDetail(ContactState.FINISHED, "busy")),
        ("live", ContactDetail(ContactState.ACTIVE, None)),
        ("paused", CampaignDetail("paused")),
        ("premium rate", DestinationDetail("premium_rate")),
        ("suppressed for good", SuppressionDetail("opt_out", None)),
        ("no zone", ZoneDetail("unknown")),
        ("retry", WaitDetail(Reason.RETRY)),
        ("trunk down", TrunkDetail(("south",), NOW - HOUR, "unreachable")),
        ("inactive caller ID", CallerIdDetail("+12025550100")),
        ("spent", SpendDetail("tenant_day", "USD", "10", "9.80", "0", "0.5")),
        (
            "window",
            HoursDetail((NEW_YORK,), "number", utc("2026-11-24T01:00")),
        ),
        (
            "silence",
            SilenceDetail(
                Event.CONVERSATION,
                Outcome.ANSWERED_HUMAN,
                utc("2026-11-21T21:01"),
                Scope.SUBJECT,
                Length(local_days=7),
            ),
        ),
        (
            "cap of law",
            CapDetail(
                3,
                3,
                utc("2026-11-21T18:00"),
                Scope.SUBJECT,
                Length(hours=24),
                tuple(call.dialing_at for call in THREE_CALLS),
            ),
        ),
    ],
)
def test_a_gate_gives_its_details(case: str, detail: Detail) -> None:
    asked, facts, *_ = SHUT[case]

    assert decide(asked, facts, now=NOW).blocks[0].detail == detail
