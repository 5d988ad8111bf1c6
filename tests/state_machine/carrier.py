"""The carrier: keeps each call that reaches it, and judges it at once by all earlier calls."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from typing_extensions import override

from services.dialer.providers.protocol import (
    CallRefusedError,
    CallReport,
    CallUnknownError,
    Originate,
)
from shared.domain.attempts import CallReference
from shared.domain.calls import CallState
from shared.domain.outcomes import Outcome
from tests.state_machine.clock import Clock
from tests.state_machine.owner import (
    CALLS_MOST,
    CALLS_WITHIN,
    SILENCE,
    Campaign,
    Owner,
    zone_of,
)
from tests.state_machine.people import POLICIES
from tests.support.pipeline import ScriptedProvider

CONVERSATIONS = {Outcome.ANSWERED_HUMAN, Outcome.CALLBACK_REQUESTED, Outcome.OPT_OUT}


class Mood(StrEnum):
    """How the carrier answers an originate, or when the dialer dies during it."""

    TAKES = "takes"
    REFUSES = "refuses"
    KNOWS_NO_SUCH_NUMBER = "knows no such number"
    IS_NOT_REACHED = "the dialer dies before it asks"
    IS_NOT_HEARD = "the dialer dies before it hears the answer"


@dataclass(slots=True, kw_only=True)
class Call:
    reference: CallReference
    campaign: Campaign
    number: str
    at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    callback_at: datetime | None = None
    # The product has processed the person's wish not to be called again.
    is_suppressed: bool = False

    def report(self) -> CallReport:
        return CallReport(
            reference=self.reference,
            provider_call_id=f"call-{self.reference}",
            state=CallState.ANSWERED if self.ended_at is None else CallState.ENDED,
            at=self.ended_at or self.at,
            outcome=self.outcome,
            callback_at=self.callback_at,
        )


@dataclass(kw_only=True)
class Carrier(ScriptedProvider):
    clock: Clock
    owner: Owner = field(default_factory=Owner)
    mood: Mood = Mood.TAKES
    calls: list[Call] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.owner, self.mood, self.calls, self.faults = Owner(), Mood.TAKES, [], []

    def up(self) -> list[Call]:
        return [call for call in self.calls if call.ended_at is None]

    def end(self, call: Call, outcome: Outcome, callback_at: datetime | None = None) -> None:
        call.ended_at, call.outcome, call.callback_at = self.clock(), outcome, callback_at

    @override
    async def originate(self, request: Originate) -> str:
        if self.mood is Mood.IS_NOT_REACHED:
            raise CallUnknownError("nothing was sent")
        (campaign,) = (
            campaign for campaign in self.owner.campaigns if campaign.flow == request.call_flow
        )
        call = Call(
            reference=request.reference, campaign=campaign, number=request.to, at=self.clock()
        )
        self.faults += [f"{campaign.flow} {call.number}: {fault}" for fault in self._judge(call)]
        if self.mood is Mood.REFUSES:
            raise CallRefusedError("status_503")
        if self.mood is Mood.KNOWS_NO_SUCH_NUMBER:
            raise CallRefusedError("invalid_number", outcome=Outcome.INVALID_NUMBER)
        self.calls.append(call)
        if self.mood is Mood.IS_NOT_HEARD:
            raise CallUnknownError("no answer was heard")
        return call.report().provider_call_id

    @override
    async def lookup(
        self, reference: CallReference, *, call_id: str | None = None
    ) -> CallReport | None:
        for call in self.calls:
            if call.reference == reference:
                return call.report()
        return None

    @override
    async def hang_up(self, reference: CallReference, *, call_id: str | None = None) -> None:
        for call in self.up():
            if call.reference == reference:
                self.end(call, Outcome.UNKNOWN)

    def _judge(self, new: Call) -> Iterator[str]:
        campaign, at = new.campaign, new.at
        yield from self.owner.forbids(campaign, new.number, at)
        if any(call.number == new.number for call in self.up()):
            yield "a call to the number is up"
        if any(call.reference == new.reference for call in self.calls):
            yield "the attempt was dialed before"
        mine = [
            call for call in self.calls if (call.campaign, call.number) == (campaign, new.number)
        ]
        yield from _over_policy(new, mine)
        if POLICIES[campaign.kind].is_limited:
            persons = [
                call
                for call in self.calls
                if call.number == new.number and POLICIES[call.campaign.kind].is_limited
            ]
            yield from _over_limits(new, persons)
        most = POLICIES[campaign.kind].max_concurrent
        if most is not None:
            up = [call for call in self.up() if call.campaign is campaign]
            if len(up) >= most:
                yield f"{len(up)} calls of the campaign are up"


def _over_policy(new: Call, before: list[Call]) -> Iterator[str]:
    policy = POLICIES[new.campaign.kind]
    if len(before) >= policy.max_total:
        yield f"{len(before)} calls were made"
    if not before:
        return
    last = before[-1]
    if last.ended_at is None or last.outcome is None:
        return
    wait = max(policy.min_gap, policy.delays.get(last.outcome, policy.min_gap))
    if last.callback_at is not None:
        wait = max(policy.min_gap, last.callback_at - last.ended_at)
    if new.at < last.ended_at + wait:
        yield f"{new.at - last.ended_at} after the last call, which ended with {last.outcome}"
    zones = new.campaign.zones[new.number]
    if last.callback_at is None and len(zones) == 1:
        zone = zone_of(zones[0])
        day = new.at.astimezone(zone).date()
        if sum(call.at.astimezone(zone).date() == day for call in before) >= policy.max_per_day:
            yield "the day's calls were made"


def _over_limits(new: Call, before: list[Call]) -> Iterator[str]:
    counted = [call for call in before if new.at < call.at + CALLS_WITHIN]
    if len(counted) >= CALLS_MOST:
        yield f"{len(counted)} calls to the person in {CALLS_WITHIN}"
    for call in before:
        spoke = call.ended_at is not None and call.outcome in CONVERSATIONS
        if spoke and call.ended_at is not None and new.at < call.ended_at + SILENCE:
            yield f"{new.at - call.ended_at} after a conversation"
