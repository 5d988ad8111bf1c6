"""Every message on Kafka: its topic, key, version and shape, in a CloudEvents 1.0 envelope."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

from shared.domain.attempts import AttemptState, DropReason, UnknownReason
from shared.domain.campaigns import CampaignState, Command
from shared.domain.outcomes import Outcome

COMMANDS = "outdial.campaigns.commands.v1"
ATTEMPTS_DUE = "outdial.attempts.due.v1"
CALL_EVENTS = "outdial.calls.events.v1"
CAMPAIGN_EVENTS = "outdial.campaigns.events.v1"
CONTACT_EVENTS = "outdial.contacts.events.v1"


class Data(BaseModel):
    """What happened. Within a version only optional fields are added; readers ignore others."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(BaseModel):
    """The envelope. At least once, ordered per key; drop what repeats an `id`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]

    specversion: Literal["1.0"] = "1.0"
    id: UUID = Field(default_factory=uuid7)
    source: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    partitionkey: str

    def encoded(self) -> bytes:
        """The bytes that go to Kafka, to webhooks and to the dead-letter topic."""
        return self.model_dump_json(exclude_none=True).encode()


class CampaignCommanded(Data):
    campaign_id: int
    command: Command


class CampaignCommand(Message):
    """The owner asked for something; the campaign's row already says what is wanted."""

    topic: ClassVar[str] = COMMANDS
    type: Literal["outdial.campaign.commanded.v1"] = "outdial.campaign.commanded.v1"
    source: str = "/outdial/api"
    data: CampaignCommanded


class DueAttempt(Data):
    attempt_id: UUID
    campaign_id: int
    contact_id: int


class AttemptDue(Message):
    """An attempt was claimed and may be dialed now."""

    topic: ClassVar[str] = ATTEMPTS_DUE
    type: Literal["outdial.attempt.due.v1"] = "outdial.attempt.due.v1"
    source: str = "/outdial/scheduler"
    data: DueAttempt


class EndedCall(Data):
    """`callback_at` is when the person asked to be called, if the outcome says that they did."""

    attempt_id: UUID
    outcome: Outcome
    ended_at: AwareDatetime
    provider_call_id: str | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    callback_at: AwareDatetime | None = None


class CallEnded(Message):
    """The provider told how the call for an attempt ended."""

    topic: ClassVar[str] = CALL_EVENTS
    type: Literal["outdial.call.ended.v1"] = "outdial.call.ended.v1"
    source: str = "/outdial/dialer"
    data: EndedCall


class UnknownCall(Data):
    attempt_id: UUID
    reason: UnknownReason
    ended_at: AwareDatetime


class CallUnknown(Message):
    """Nobody can say whether the call was placed or how it ended; it is not placed again."""

    topic: ClassVar[str] = CALL_EVENTS
    type: Literal["outdial.call.unknown.v1"] = "outdial.call.unknown.v1"
    source: str = "/outdial/dialer"
    data: UnknownCall


class DroppedAttempt(Data):
    attempt_id: UUID
    from_state: Literal[AttemptState.CLAIMED, AttemptState.DIALING]
    reason: DropReason
    dropped_at: AwareDatetime
    retry_at: AwareDatetime
    stopped_by: str | None = None


class AttemptDropped(Message):
    """The attempt surely was not placed; its contact may be claimed again.

    It holds only if the attempt is still in `from_state`: who dialed it meanwhile knows better.
    """

    topic: ClassVar[str] = CALL_EVENTS
    type: Literal["outdial.attempt.dropped.v1"] = "outdial.attempt.dropped.v1"
    source: str = "/outdial/dialer"
    data: DroppedAttempt


CallEvent = Annotated[CallEnded | CallUnknown | AttemptDropped, Field(discriminator="type")]


class ChangedCampaign(Data):
    tenant_id: int
    campaign_id: int
    state: CampaignState


class CampaignChanged(Message):
    """Public: a campaign is in another state."""

    topic: ClassVar[str] = CAMPAIGN_EVENTS
    type: Literal["outdial.campaign.changed.v1"] = "outdial.campaign.changed.v1"
    source: str = "/outdial/scheduler"
    data: ChangedCampaign


class FoldedAttempt(Data):
    tenant_id: int
    campaign_id: int
    contact_id: int
    external_id: str | None = None
    attempt_id: UUID
    attempt_number: int
    outcome: Outcome
    ended_at: AwareDatetime
    contact_finished: bool
    next_attempt_not_before: AwareDatetime | None = None


class AttemptEnded(Message):
    """Public: an attempt was counted; says what follows for its contact."""

    topic: ClassVar[str] = CONTACT_EVENTS
    type: Literal["outdial.attempt.ended.v1"] = "outdial.attempt.ended.v1"
    source: str = "/outdial/events"
    data: FoldedAttempt


def attempt_due(attempt_id: UUID, campaign_id: int, contact_id: int, *, at: datetime) -> AttemptDue:
    """The message that hands an attempt to the dialers."""
    data = DueAttempt(attempt_id=attempt_id, campaign_id=campaign_id, contact_id=contact_id)
    return AttemptDue(time=at, partitionkey=str(contact_id), data=data)
