"""What Twilio's words mean here: statuses, SIP codes, error codes and who has answered.

Each row names its source: a page below https://www.twilio.com/docs, or the section of an RFC.
"""

from collections.abc import Mapping
from typing import NamedTuple

from services.dialer.providers.protocol import Fault
from shared.domain.calls import AnsweredBy, CallState
from shared.domain.outcomes import Outcome

CALL_RESOURCE = "voice/api/call-resource"
AMD = "voice/answering-machine-detection#webhook-parameters"
# The account has no route there: its geographic permissions do not allow the country.
GEOGRAPHIC_PERMISSIONS = "article 223180228 of help.twilio.com"


class Status(NamedTuple):
    """`outcome` is that of an end which nothing else describes better; None while it is up."""

    state: CallState
    outcome: Outcome | None
    source: str


class Meaning(NamedTuple):
    outcome: Outcome
    source: str


class Refusal(NamedTuple):
    """Why a call was surely not placed: an outcome, because of its number, or what is at fault."""

    why: Outcome | Fault
    source: str

    @property
    def outcome(self) -> Outcome | None:
        return self.why if isinstance(self.why, Outcome) else None

    @property
    def fault(self) -> Fault:
        return self.why if isinstance(self.why, Fault) else Fault.CARRIER


STATUSES: Mapping[str, Status] = {
    "queued": Status(CallState.RINGING, None, CALL_RESOURCE),
    "initiated": Status(CallState.RINGING, None, CALL_RESOURCE),
    "ringing": Status(CallState.RINGING, None, CALL_RESOURCE),
    "in-progress": Status(CallState.ANSWERED, None, CALL_RESOURCE),
    "completed": Status(CallState.ENDED, Outcome.ANSWERED_HUMAN, CALL_RESOURCE),
    "busy": Status(CallState.ENDED, Outcome.BUSY, CALL_RESOURCE),
    "no-answer": Status(CallState.ENDED, Outcome.NO_ANSWER, CALL_RESOURCE),
    # Most likely the number does not exist, says the source.
    "failed": Status(CallState.ENDED, Outcome.UNOBTAINABLE, CALL_RESOURCE),
    # Ended by the API before it was answered: the phone may have rung.
    "canceled": Status(CallState.ENDED, Outcome.NO_ANSWER, CALL_RESOURCE),
}

SIP_CODES: Mapping[int, Meaning] = {
    404: Meaning(Outcome.UNOBTAINABLE, "RFC 3261 section 21.4.5"),
    408: Meaning(Outcome.NO_ANSWER, "RFC 3261 section 21.4.9"),
    410: Meaning(Outcome.UNOBTAINABLE, "RFC 3261 section 21.4.10"),
    480: Meaning(Outcome.NO_ANSWER, "RFC 3261 section 21.4.18"),
    484: Meaning(Outcome.INVALID_NUMBER, "RFC 3261 section 21.4.22"),
    486: Meaning(Outcome.BUSY, "RFC 3261 section 21.4.24"),
    487: Meaning(Outcome.NO_ANSWER, "RFC 3261 section 21.4.25"),
    500: Meaning(Outcome.NETWORK_ERROR, "RFC 3261 section 21.5.1"),
    501: Meaning(Outcome.NETWORK_ERROR, "RFC 3261 section 21.5.2"),
    502: Meaning(Outcome.NETWORK_ERROR, "RFC 3261 section 21.5.3"),
    503: Meaning(Outcome.NETWORK_ERROR, "RFC 3261 section 21.5.4"),
    504: Meaning(Outcome.NETWORK_ERROR, "RFC 3261 section 21.5.5"),
    505: Meaning(Outcome.NETWORK_ERROR, "RFC 3261 section 21.5.6"),
    513: Meaning(Outcome.NETWORK_ERROR, "RFC 3261 section 21.5.7"),
    580: Meaning(Outcome.NETWORK_ERROR, "RFC 3312 section 8"),
    600: Meaning(Outcome.BUSY, "RFC 3261 section 21.6.1"),
    603: Meaning(Outcome.DECLINED, "RFC 3261 section 21.6.2"),
    604: Meaning(Outcome.UNOBTAINABLE, "RFC 3261 section 21.6.3"),
    607: Meaning(Outcome.DECLINED, "RFC 8197"),
    608: Meaning(Outcome.DECLINED, "RFC 8688"),
}

ANSWERED_BY: Mapping[str, tuple[AnsweredBy, str]] = {
    "human": (AnsweredBy.HUMAN, AMD),
    "fax": (AnsweredBy.FAX, AMD),
    "unknown": (AnsweredBy.UNKNOWN, AMD),
    # The call resource says no more than this of any machine.
    "machine": (AnsweredBy.MACHINE, CALL_RESOURCE),
    "machine_start": (AnsweredBy.MACHINE, AMD),
    "machine_end_beep": (AnsweredBy.MACHINE, AMD),
    "machine_end_silence": (AnsweredBy.MACHINE, AMD),
    "machine_end_other": (AnsweredBy.MACHINE, AMD),
}

# The error codes of refused requests. A number's own faults end the attempt; others wait.
ERRORS: Mapping[int, Refusal] = {
    10001: Refusal(Fault.TRUNK, "api/errors/10001"),
    10004: Refusal(Fault.CARRIER, "api/errors/10004"),
    13224: Refusal(Outcome.UNOBTAINABLE, "api/errors/13224"),
    13227: Refusal(Outcome.NETWORK_ERROR, GEOGRAPHIC_PERMISSIONS),
    20003: Refusal(Fault.TRUNK, "api/errors/20003"),
    20005: Refusal(Fault.TRUNK, "api/errors/20005"),
    20403: Refusal(Fault.TRUNK, "api/errors/20403"),
    20429: Refusal(Fault.CARRIER, "api/errors/20429"),
    21201: Refusal(Fault.REQUEST, "api/errors/21201"),
    21210: Refusal(Fault.REQUEST, "api/errors/21210"),
    21211: Refusal(Outcome.INVALID_NUMBER, "api/errors/21211"),
    21213: Refusal(Fault.REQUEST, "api/errors/21213"),
    21214: Refusal(Outcome.UNOBTAINABLE, "api/errors/21214"),
    21215: Refusal(Outcome.NETWORK_ERROR, GEOGRAPHIC_PERMISSIONS),
    21217: Refusal(Outcome.INVALID_NUMBER, "api/errors/21217"),
    32205: Refusal(Outcome.NETWORK_ERROR, GEOGRAPHIC_PERMISSIONS),
}
# What the operator must mend, for the cause of an outage.
CAUSES: Mapping[int, str] = {
    10001: "the account is not active",
    20003: "wrong secret or account",
    20005: "the account is not active",
    20403: "the account is suspended or closed",
}


def outcome_of(
    status: str, *, sip_code: int | None, answered_by: AnsweredBy | None, message: bool
) -> Outcome | None:
    """The outcome of a call by its final status; None while it is up or for an unknown word.

    `failed` says least, so a SIP code decides; `busy` and `no-answer` are made finer only by a
    decline. `message` is whether a message was to be left on a machine.
    """
    known = STATUSES.get(status)
    if known is None or known.outcome is None:
        return None
    if status == "completed":
        return _answered(answered_by, message=message)
    meaning = SIP_CODES.get(sip_code) if sip_code is not None else None
    if meaning is not None and (status == "failed" or meaning.outcome is Outcome.DECLINED):
        return meaning.outcome
    return known.outcome


def _answered(answered_by: AnsweredBy | None, *, message: bool) -> Outcome:
    """Without a finding of the detection the call counts as a person's."""
    match answered_by:
        case AnsweredBy.MACHINE:
            return Outcome.MACHINE_MESSAGE_LEFT if message else Outcome.MACHINE_NO_MESSAGE
        case AnsweredBy.FAX:
            return Outcome.FAX
        case AnsweredBy.HUMAN | AnsweredBy.UNKNOWN | None:
            return Outcome.ANSWERED_HUMAN
