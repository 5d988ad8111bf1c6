"""Public events: what subscribers and webhooks receive."""

from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, WithJsonSchema

from shared.domain.campaigns import CampaignState
from shared.domain.outcomes import Outcome
from shared.domain.reasons import ENDS, Reason
from shared.domain.sms import SmsState
from shared.kafka.messages.envelope import Data, Message
from shared.kafka.messages.facts import FactsData, PriceData

CAMPAIGN_EVENTS = "outdial.campaigns.events.v1"
CONTACT_EVENTS = "outdial.contacts.events.v1"

# The types of public events, as webhook endpoints name them.
CAMPAIGN_CHANGED: Final = "outdial.campaign.changed.v1"
ATTEMPT_ENDED: Final = "outdial.attempt.ended.v1"
CONTACT_FINISHED: Final = "outdial.contact.finished.v1"
SMS_ENDED: Final = "outdial.sms.ended.v1"
WEBHOOK_TESTED: Final = "outdial.webhook.tested.v1"


class CampaignChangedData(Data):
    """`previous_state` is that before: from `paused` to `running` a campaign was resumed."""

    tenant_id: int
    campaign_id: int
    state: CampaignState
    previous_state: CampaignState | None = None


class CampaignChanged(Message):
    """Public: a campaign moved to another state."""

    topic: ClassVar[str] = CAMPAIGN_EVENTS
    type: Literal["outdial.campaign.changed.v1"] = CAMPAIGN_CHANGED
    source: str = "/outdial/scheduler"
    data: CampaignChangedData

    @classmethod
    def of(cls, data: CampaignChangedData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.campaign_id), data=data)


class AttemptEndedData(Data):
    """`facts` are those known at the end; what is told later is in the record of the call.

    `number_position` is given for a contact with several numbers: which of them was called, from 1.
    """

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
    facts: FactsData | None = None
    number_position: int | None = None


class AttemptEnded(Message):
    """Public: an attempt ended and was counted; says what follows for its contact."""

    topic: ClassVar[str] = CONTACT_EVENTS
    type: Literal["outdial.attempt.ended.v1"] = ATTEMPT_ENDED
    source: str = "/outdial/events"
    data: AttemptEndedData

    @classmethod
    def of(cls, data: AttemptEndedData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.contact_id), data=data)


class ContactFinishedData(Data):
    """`last_outcome` is that of the contact's last attempt, if it had one; `attempts` counts those
    that were placed or may have been. `reason` is why no other follows.
    """

    tenant_id: int
    campaign_id: int
    contact_id: int
    external_id: str | None = None
    contact_finished: Literal[True] = True
    last_outcome: Outcome | None = None
    attempts: int
    reason: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(ENDS)})]
    finished_at: AwareDatetime


class ContactFinished(Message):
    """Public: a contact was finished without a call; no attempt's event says so."""

    topic: ClassVar[str] = CONTACT_EVENTS
    type: Literal["outdial.contact.finished.v1"] = CONTACT_FINISHED
    source: str = "/outdial/scheduler"
    data: ContactFinishedData

    @classmethod
    def of(cls, data: ContactFinishedData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.contact_id), data=data)


class SmsEndedData(Data):
    """`step` is the step of the call flow that sent the message; without one it followed the
    outcome. One that is `unknown` may have been sent; a report of it may come later.
    """

    tenant_id: int
    campaign_id: int
    contact_id: int
    attempt_id: UUID
    message_id: UUID
    step: str | None = None
    state: SmsState
    reason: str | None = None
    ended_at: AwareDatetime
    price: PriceData | None = None


class SmsEnded(Message):
    """Public: a text message was delivered, or it is known or given up that it was not."""

    topic: ClassVar[str] = CONTACT_EVENTS
    type: Literal["outdial.sms.ended.v1"] = SMS_ENDED
    source: str = "/outdial/dialer"
    data: SmsEndedData

    @classmethod
    def of(cls, data: SmsEndedData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.contact_id), data=data)


class WebhookTestedData(Data):
    tenant_id: int
    campaign_id: int
    webhook_id: int


class WebhookTested(Message):
    """Public: the owner of a webhook asked for an event that proves that it is received."""

    topic: ClassVar[str] = CAMPAIGN_EVENTS
    type: Literal["outdial.webhook.tested.v1"] = WEBHOOK_TESTED
    source: str = "/outdial/api"
    data: WebhookTestedData

    @classmethod
    def of(cls, data: WebhookTestedData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.campaign_id), data=data)


PublicEvent = CampaignChanged | AttemptEnded | ContactFinished | SmsEnded | WebhookTested
