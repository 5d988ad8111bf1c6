"""Why a contact is not called: one word for each reason, and one table of what follows from it."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.outcomes import Outcome


class Reason(StrEnum):
    """The words that tables, messages and the API use, wherever they answer "why not"."""

    # Forbid a call at an instant, in the order in which they are asked (decision/gates.py).
    CONTACT = "contact"
    CAMPAIGN = "campaign"
    DESTINATION = "destination"
    SUPPRESSION = "suppression"
    EXPIRY = "expiry"
    BUDGET = "budget"
    MISSING_VARIABLE = "missing_variable"
    UNKNOWN_ZONE = "unknown_zone"
    BLACKOUT = "blackout"
    WINDOW = "window"
    LAW = "law"
    WAIT = "wait"
    TRUNK_DOWN = "trunk_down"
    CALLER_ID = "caller_id"
    SPEND_CEILING = "spend_ceiling"
    CALL_UP = "call_up"
    SILENCE = "silence"
    FREQUENCY_CAP = "frequency_cap"
    # Met by the dialer after the decision.
    PERMIT_EXPIRED = "permit_expired"
    REFUSED = "refused"
    # Put a contact off until later.
    RETRY = "retry"
    DAY = "day"
    CALLBACK = "callback"
    CAPACITY = "capacity"
    # Nothing forbids the call: it waits for its turn under the caps.
    PACING = "pacing"
    # Leave a calling group no hour at all.
    ENDED = "ended"
    ZONES = "zones"
    DEFAULT_ZONE_WINDOWS = "default_zone_windows"
    # Ends a contact with its campaign.
    CANCELLED = "cancelled"

    # That of Enum is a function of Python, and reasons are the keys of many tables.
    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Where a reason occurs, and what becomes of a contact whose attempt is dropped for it.

    `is_gate`: it may forbid a call at an instant.
    `drops_to`: the reason for which the contact waits after the drop, or after a claim that was
    put off; None: no attempt is dropped for this reason.
    `finishes`: the outcome of the contact, where a drop finishes it.
    `is_personal`: it lasts for one contact alone. The claim asks the gates about a whole group,
    and then about its contacts only if limits or calls of the person need it.
    `is_wait`: a pending contact may be stored as waiting for it.
    `is_counted`: the answer to why, of a campaign, counts waiting contacts by it.
    `is_for_ever`: it may keep a whole calling group from ever being called.
    `is_end`: it may finish a contact without a call.
    `is_of_number`: it forbids one number for ever, and not the others of the contact.
    """

    is_gate: bool = False
    drops_to: Reason | None = None
    finishes: Outcome | None = None
    is_personal: bool = False
    is_wait: bool = False
    is_counted: bool = False
    is_for_ever: bool = False
    is_end: bool = False
    is_of_number: bool = False


_LATER = Meaning(is_wait=True, is_counted=True)

MEANINGS: dict[Reason, Meaning] = {
    Reason.CONTACT: Meaning(is_gate=True),
    Reason.CAMPAIGN: Meaning(is_gate=True, drops_to=Reason.CAPACITY, is_counted=True),
    Reason.DESTINATION: Meaning(
        is_gate=True,
        drops_to=Reason.CAPACITY,
        finishes=Outcome.EXCLUDED,
        is_for_ever=True,
        is_end=True,
        is_of_number=True,
    ),
    Reason.SUPPRESSION: Meaning(
        is_gate=True,
        drops_to=Reason.SUPPRESSION,
        is_wait=True,
        is_counted=True,
        is_for_ever=True,
        is_end=True,
    ),
    Reason.EXPIRY: Meaning(is_gate=True, drops_to=Reason.CAPACITY, is_end=True),
    Reason.BUDGET: Meaning(
        is_gate=True, drops_to=Reason.CAPACITY, finishes=Outcome.EXCLUDED, is_end=True
    ),
    # The attributes of a contact do not change while it waits, so waiting does not help.
    Reason.MISSING_VARIABLE: Meaning(
        is_gate=True,
        drops_to=Reason.CAPACITY,
        finishes=Outcome.EXCLUDED,
        is_personal=True,
        is_for_ever=True,
        is_end=True,
    ),
    Reason.UNKNOWN_ZONE: Meaning(
        is_gate=True, drops_to=Reason.WINDOW, is_counted=True, is_for_ever=True, is_end=True
    ),
    Reason.BLACKOUT: Meaning(is_gate=True, drops_to=Reason.WINDOW, is_counted=True),
    Reason.WINDOW: Meaning(is_gate=True, drops_to=Reason.WINDOW, is_wait=True, is_counted=True),
    Reason.LAW: Meaning(
        is_gate=True, drops_to=Reason.WINDOW, is_counted=True, is_for_ever=True, is_end=True
    ),
    Reason.WAIT: Meaning(is_gate=True),
    Reason.TRUNK_DOWN: Meaning(is_gate=True, drops_to=Reason.CAPACITY, is_counted=True),
    Reason.CALLER_ID: Meaning(
        is_gate=True, drops_to=Reason.CALLER_ID, is_wait=True, is_counted=True
    ),
    Reason.SPEND_CEILING: Meaning(is_gate=True, drops_to=Reason.CAPACITY, is_counted=True),
    Reason.CALL_UP: Meaning(
        is_gate=True, drops_to=Reason.CAPACITY, is_personal=True, is_counted=True
    ),
    Reason.SILENCE: Meaning(
        is_gate=True, drops_to=Reason.SILENCE, is_personal=True, is_wait=True, is_counted=True
    ),
    Reason.FREQUENCY_CAP: Meaning(
        is_gate=True,
        drops_to=Reason.FREQUENCY_CAP,
        is_personal=True,
        is_wait=True,
        is_counted=True,
    ),
    Reason.PERMIT_EXPIRED: Meaning(drops_to=Reason.CAPACITY),
    Reason.REFUSED: Meaning(drops_to=Reason.CAPACITY),
    Reason.RETRY: _LATER,
    Reason.DAY: _LATER,
    Reason.CALLBACK: _LATER,
    Reason.CAPACITY: _LATER,
    Reason.PACING: Meaning(is_counted=True),
    Reason.ENDED: Meaning(is_counted=True, is_for_ever=True, is_end=True),
    Reason.ZONES: Meaning(is_for_ever=True, is_end=True),
    Reason.DEFAULT_ZONE_WINDOWS: Meaning(is_for_ever=True, is_end=True),
    Reason.CANCELLED: Meaning(is_end=True),
}

GATES = tuple(reason for reason, meaning in MEANINGS.items() if meaning.is_gate)
DROPS = tuple(reason for reason, meaning in MEANINGS.items() if meaning.drops_to)
WAITS = tuple(reason for reason, meaning in MEANINGS.items() if meaning.is_wait)
COUNTED = tuple(reason for reason, meaning in MEANINGS.items() if meaning.is_counted)
FOR_EVER = tuple(reason for reason, meaning in MEANINGS.items() if meaning.is_for_ever)
ENDS = tuple(reason for reason, meaning in MEANINGS.items() if meaning.is_end)


def wait_after(reason: Reason, *, before: str | None) -> Reason:
    """What a contact waits for after a drop, or after a claim that was put off.

    A contact that waited for a callback still does, so that it comes before other work.
    """
    drops_to = MEANINGS[reason].drops_to
    if drops_to is None:
        raise ValueError(f"no attempt is dropped for {reason}")
    return Reason.CALLBACK if before == Reason.CALLBACK else drops_to
