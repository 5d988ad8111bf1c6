"""Reports on calls, from the dialers to events: how each attempt ended, and what is known of it."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, WithJsonSchema

from shared.domain.attempts import AttemptState, CallReference, UnknownReason
from shared.domain.call_records import KeptReport
from shared.domain.calls import NO_FACTS, CallFacts, CallState
from shared.domain.outcomes import Outcome
from shared.domain.reasons import DROPS, Reason
from shared.kafka.messages.envelope import Data, Message
from shared.kafka.messages.facts import FactsData

CALL_REPORTS = "outdial.calls.reports.v1"
CALL_ENDED: Final = "outdial.call.ended.v1"
CALL_PROGRESSED: Final = "outdial.call.progressed.v1"


class CallReportData(Data):
    """The attempt that a report is about."""

    tenant_id: int
    attempt_id: UUID

    @property
    def reference(self) -> CallReference:
        return CallReference(self.tenant_id, self.attempt_id)


class CallEndedData(CallReportData):
    """`callback_at`: the time at which the person asked to be called, if the outcome is that.

    `facts` are the facts but for the seconds of ringing and talking.
    """

    outcome: Outcome
    ended_at: AwareDatetime
    provider_call_id: str | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    callback_at: AwareDatetime | None = None
    facts: FactsData | None = None

    @property
    def call_facts(self) -> CallFacts:
        facts = NO_FACTS if self.facts is None else self.facts.call_facts()
        if self.ring_seconds is None and self.talk_seconds is None:
            return facts
        return replace(facts, ring_seconds=self.ring_seconds, talk_seconds=self.talk_seconds)

    @property
    def report(self) -> KeptReport:
        return KeptReport(
            state=CallState.ENDED, at=self.ended_at, outcome=self.outcome, facts=self.call_facts
        )


class CallEnded(Message):
    """The call of an attempt ended, as its provider reported."""

    topic: ClassVar[str] = CALL_REPORTS
    type: Literal["outdial.call.ended.v1"] = CALL_ENDED
    source: str = "/outdial/dialer"
    data: CallEndedData

    @classmethod
    def of(cls, data: CallEndedData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.attempt_id), data=data)


class CallProgressedData(CallReportData):
    """`state` is `ringing` or `answered` during the call, `settled` for what is known after it.

    `ended`: the carrier told that it ended, but not how.
    """

    state: CallState
    reported_at: AwareDatetime
    facts: FactsData

    @property
    def report(self) -> KeptReport:
        return KeptReport(state=self.state, at=self.reported_at, facts=self.facts.call_facts())


class CallProgressed(Message):
    """Facts of a call before or after its end, such as digits or the price. It moves no state."""

    topic: ClassVar[str] = CALL_REPORTS
    type: Literal["outdial.call.progressed.v1"] = CALL_PROGRESSED
    source: str = "/outdial/dialer"
    data: CallProgressedData

    @classmethod
    def of(cls, data: CallProgressedData, *, at: datetime) -> Self:
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


CallEvent = Annotated[
    CallEnded | CallProgressed | CallUnknown | AttemptDropped, Field(discriminator="type")
]
