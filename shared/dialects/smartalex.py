"""SmartAlex's words, which the api and its webhooks share: ids, states, outcomes."""

import re
from enum import StrEnum
from uuid import UUID

from shared.domain.campaigns import ENDED, CampaignState, WantedState
from shared.domain.outcomes import Outcome

# The end of the vendor's base URL.
BASE = "/v1"
LARGEST_ID = (1 << 63) - 1


class Kind(StrEnum):
    """What an id names; an id is this word and the number of the row, such as `campaign_17`."""

    CAMPAIGN = "campaign"
    AGENT = "agent"
    CONTACT = "contact"
    CALLBACK = "callback"
    WEBHOOK = "webhook"
    PHONE = "phone"


_ID = re.compile(r"([a-z]+)_([1-9][0-9]{0,18})", re.ASCII)
_CALL = re.compile(r"call_([0-9a-f]{32})", re.ASCII)


def spelled(kind: Kind, number: int) -> str:
    return f"{kind}_{number}"


def number_of(kind: Kind, text: str) -> int | None:
    """The number of an id of this kind; None if it is none, so that nothing can have it."""
    found = _ID.fullmatch(text)
    if found is None or found[1] != kind or int(found[2]) > LARGEST_ID:
        return None
    return int(found[2])


def call_id(attempt_id: UUID) -> str:
    return f"call_{attempt_id.hex}"


def attempt_of(text: str) -> UUID | None:
    found = _CALL.fullmatch(text)
    return None if found is None else UUID(found[1])


class CampaignStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


WANTED = {
    WantedState.DRAFT: CampaignStatus.DRAFT,
    WantedState.RUNNING: CampaignStatus.ACTIVE,
    WantedState.PAUSED: CampaignStatus.PAUSED,
    WantedState.CANCELLED: CampaignStatus.CANCELLED,
}


def campaign_status(state: CampaignState, wanted: WantedState) -> CampaignStatus:
    """What its owner wants, which holds from the command on, unless the campaign has ended."""
    return CampaignStatus(state) if state in ENDED else WANTED[wanted]


class CallStatus(StrEnum):
    COMPLETED = "completed"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    FAILED = "failed"


# An outcome that is not here is a call that failed, a busy line among them.
CALL_STATUSES = {
    Outcome.ANSWERED_HUMAN: CallStatus.COMPLETED,
    Outcome.CALLBACK_REQUESTED: CallStatus.COMPLETED,
    Outcome.OPT_OUT: CallStatus.COMPLETED,
    Outcome.MACHINE_MESSAGE_LEFT: CallStatus.VOICEMAIL,
    Outcome.MACHINE_NO_MESSAGE: CallStatus.VOICEMAIL,
    Outcome.NO_ANSWER: CallStatus.NO_ANSWER,
    Outcome.DECLINED: CallStatus.NO_ANSWER,
}


def call_status(outcome: Outcome) -> CallStatus:
    return CALL_STATUSES.get(outcome, CallStatus.FAILED)


def outcomes_of(status: CallStatus) -> list[Outcome]:
    return [outcome for outcome in Outcome if call_status(outcome) is status]


class CallOutcome(StrEnum):
    """The outcomes of SmartAlex's table of retries, and those of a person who answers."""

    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    NETWORK_ERROR = "network_error"
    INVALID_NUMBER = "invalid_number"
    CALLBACK_REQUESTED = "callback_requested"
    DNC = "dnc"
    FAILED = "failed"


CALL_OUTCOMES = {
    Outcome.ANSWERED_HUMAN: CallOutcome.ANSWERED,
    Outcome.MACHINE_MESSAGE_LEFT: CallOutcome.VOICEMAIL,
    Outcome.MACHINE_NO_MESSAGE: CallOutcome.VOICEMAIL,
    Outcome.NO_ANSWER: CallOutcome.NO_ANSWER,
    Outcome.DECLINED: CallOutcome.NO_ANSWER,
    Outcome.BUSY: CallOutcome.BUSY,
    Outcome.NETWORK_ERROR: CallOutcome.NETWORK_ERROR,
    Outcome.OVERFLOW: CallOutcome.NETWORK_ERROR,
    Outcome.INVALID_NUMBER: CallOutcome.INVALID_NUMBER,
    Outcome.UNOBTAINABLE: CallOutcome.INVALID_NUMBER,
    Outcome.CALLBACK_REQUESTED: CallOutcome.CALLBACK_REQUESTED,
    Outcome.OPT_OUT: CallOutcome.DNC,
    Outcome.EXCLUDED: CallOutcome.DNC,
}


def call_outcome(outcome: Outcome) -> CallOutcome:
    return CALL_OUTCOMES.get(outcome, CallOutcome.FAILED)
