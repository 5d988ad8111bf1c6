"""VoiceAIWrapper's words, which the api and its webhooks share: ids, statuses, outcomes."""

import base64
import binascii
import re
from enum import StrEnum

from shared.domain.campaigns import ENDED, CampaignState, WantedState
from shared.domain.outcomes import Outcome

LARGEST_ID = (1 << 63) - 1
RENDERING = "voiceaiwrapper"
# What is known of a lead by a name of its own; every other attribute is one of its custom fields.
NAMED = ("first_name", "last_name", "email")


class Kind(StrEnum):
    """What a global id names: it is this word and the number of the row, in base64."""

    CAMPAIGN = "VoiceCampaign"
    PROVIDER = "TenantVoiceProvider"
    NUMBER_POOL = "VoicePhoneNumberPool"
    TENANT = "Tenant"
    CALL_FLOW = "CallFlow"


_ID = re.compile(rb"([A-Za-z]+):([1-9][0-9]{0,18})")


def global_id(kind: Kind, number: int) -> str:
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def number_of(kind: Kind, text: str) -> int | None:
    """The number of a global id of this kind; None if it is none, so that nothing can have it."""
    try:
        found = _ID.fullmatch(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
    if found is None or found[1].decode() != kind or int(found[2]) > LARGEST_ID:
        return None
    return int(found[2])


class CampaignStatus(StrEnum):
    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    ARCHIVED = "ARCHIVED"


STATUSES = {
    WantedState.DRAFT: CampaignStatus.DRAFT,
    WantedState.RUNNING: CampaignStatus.ACTIVE,
    WantedState.PAUSED: CampaignStatus.PAUSED,
    WantedState.CANCELLED: CampaignStatus.ARCHIVED,
}


def campaign_status(state: CampaignState, wanted: WantedState) -> CampaignStatus:
    """What its owner wants, which holds from the command on, unless the campaign has ended."""
    return status_of_state(state) if state in ENDED else STATUSES[wanted]


def status_of_state(state: CampaignState) -> CampaignStatus:
    """As an event tells it, which knows what a campaign does and not what its owner wants."""
    match state:
        case CampaignState.DRAFT:
            return CampaignStatus.DRAFT
        case CampaignState.SCHEDULED | CampaignState.RUNNING:
            return CampaignStatus.ACTIVE
        case CampaignState.PAUSED:
            return CampaignStatus.PAUSED
        case CampaignState.COMPLETED:
            return CampaignStatus.COMPLETED
        case CampaignState.CANCELLED:
            return CampaignStatus.ARCHIVED


# A person took the call.
BY_PERSON = frozenset({Outcome.ANSWERED_HUMAN, Outcome.CALLBACK_REQUESTED, Outcome.OPT_OUT})
BY_VOICEMAIL = frozenset({Outcome.MACHINE_MESSAGE_LEFT, Outcome.MACHINE_NO_MESSAGE})


def answered(*, voicemail_too: bool) -> frozenset[Outcome]:
    """The outcomes of a lead that is answered, so that it is not called again."""
    return BY_PERSON | BY_VOICEMAIL if voicemail_too else BY_PERSON
