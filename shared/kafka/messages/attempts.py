"""Attempts that are due: from the scheduler to the dialers."""

from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from shared.domain.attempts import CallReference
from shared.domain.campaigns import CampaignKey
from shared.kafka.messages.envelope import Data, Message

ATTEMPTS_DUE = "outdial.attempts.due.v1"


class AttemptDueData(Data):
    tenant_id: int
    attempt_id: UUID
    campaign_id: int
    contact_id: int

    @property
    def reference(self) -> CallReference:
        return CallReference(self.tenant_id, self.attempt_id)

    @property
    def campaign(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)


class AttemptDue(Message):
    """An attempt was claimed and may be dialed now."""

    topic: ClassVar[str] = ATTEMPTS_DUE
    type: Literal["outdial.attempt.due.v1"] = "outdial.attempt.due.v1"
    source: str = "/outdial/scheduler"
    data: AttemptDueData

    @classmethod
    def of(cls, data: AttemptDueData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.contact_id), data=data)
