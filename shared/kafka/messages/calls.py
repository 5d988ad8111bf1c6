"""Reports on calls: how each attempt ended, from the dialers to events."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, WithJsonSchema

from shared.domain.attempts import AttemptState, CallReference, UnknownReason
from shared.domain.outcomes import Outcome
from shared.domain.reasons import DROPS, Reason
from shared.kafka.messages.envelope import Data, Message

CALL_REPORTS = "outdial.calls.reports.v1"


class CallReportData(Data):
    """The attempt that a report is about."""

    tenant_id: int
    attempt_id: UUID

    @property
    def reference(self) -> CallReference:
        return CallReference(self.tenant_id, self.attempt_id)


class CallEndedData(CallReportData):
    """`callback_at`: the time at which the person asked to be called, if the outcome is that."""

    outcome: Outcome
    ended_at: AwareDatetime
    provider_call_id: str | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    callback_at: AwareDatetime | None = None


class CallEnded(Message):
    """The call of an attempt ended, as its provider reported."""

    topic: ClassVar[str] = CALL_REPORTS
    type: Literal["outdial.call.ended.v1"] = "outdial.call.ended.v1"
    source: str = "/outdial/dialer"
    data: CallEndedData

    @classmethod
    def of(cls, data: CallEndedData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.attempt_id), data=data)


class CallUnknownData(CallReportData):
    reason: UnknownReason
    ended_at: AwareDatetime


class CallUnknown(Message):
    """It is not known whether the call was placed or how it ended; it is never placed again."""

    topic: ClassVar[str] = CALL_REPORTS
    type: Literal["outdial.call.unknown.v1"] = "outdial.call.unknown.v1"
    source: str = "/outdial/dialer"
    data: CallUnknownData

    @classmethod
    def of(cls, data: CallUnknownData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.attempt_id), data=data)


class AttemptDroppedData(CallReportData):
    from_state: Literal[AttemptState.CLAIMED, AttemptState.DIALING]
    reason: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(DROPS)})]
    dropped_at: AwareDatetime
    retry_at: AwareDatetime
    stopped_by: str | None = None


class AttemptDropped(Message):
    """The attempt surely was not placed; its contact may be claimed again.

    Ignored unless the attempt is still in `from_state`.
    """

    topic: ClassVar[str] = CALL_REPORTS
    type: Literal["outdial.attempt.dropped.v1"] = "outdial.attempt.dropped.v1"
    source: str = "/outdial/dialer"
    data: AttemptDroppedData

    @classmethod
    def of(cls, data: AttemptDroppedData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.attempt_id), data=data)


CallEvent = Annotated[CallEnded | CallUnknown | AttemptDropped, Field(discriminator="type")]
