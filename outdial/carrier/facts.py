"""What the carrier tells of a call that has ended: a pure function of its plan."""

from decimal import ROUND_UP, Decimal
from typing import Any

from outdial.carrier.behaviour import ANSWERED, PERSONS, CallPlan, Outcome, Tariff

# The SIP status and the cause with which a switch ends such a call, by FreeSWITCH's names of the
# causes of ITU-T Q.850 and its mapping to SIP (RFC 3398).
ENDS: dict[Outcome, tuple[int, str]] = dict.fromkeys(ANSWERED, (200, "NORMAL_CLEARING")) | {
    Outcome.BUSY: (486, "USER_BUSY"),
    Outcome.NO_ANSWER: (480, "NO_ANSWER"),
    Outcome.DECLINED: (603, "CALL_REJECTED"),
    Outcome.UNOBTAINABLE: (404, "UNALLOCATED_NUMBER"),
    Outcome.NETWORK_ERROR: (503, "NORMAL_TEMPORARY_FAILURE"),
}
_PLACES = Decimal("0.0001")


def facts(plan: CallPlan, outcome: Outcome, tariff: Tariff) -> dict[str, Any]:
    """All that is known of the call in the end."""
    sip_code, cause = ENDS[outcome]
    is_answered = outcome in ANSWERED
    known = {
        "ring_seconds": plan.ring_seconds,
        "talk_seconds": plan.talk_seconds if is_answered else 0.0,
        "sip_code": sip_code,
        "cause": cause,
        "price": _price(plan, outcome, tariff),
    }
    if is_answered:
        who = "human" if outcome in PERSONS else "machine"
        known |= {"answered_by": who, "detection_seconds": plan.detection_seconds}
    return known


def _price(plan: CallPlan, outcome: Outcome, tariff: Tariff) -> dict[str, str]:
    """The price of the seconds that were talked; a call that nobody took costs nothing."""
    seconds = Decimal(str(plan.talk_seconds)) if outcome in ANSWERED else Decimal(0)
    amount = (tariff.per_minute * seconds / 60).quantize(_PLACES, rounding=ROUND_UP)
    return {"amount": str(amount), "currency": tariff.currency}
