"""Answers the carrier's request for the next page of a call flow: what to say, what to report."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.dialer.providers.protocol import CallReport
from services.dialer.providers.twilio import twiml
from services.dialer.providers.twilio.addresses import About
from services.dialer.providers.twilio.callbacks import Callback
from shared.domain.call_flows.flow import (
    AskForCallback,
    CallFlow,
    Gather,
    OptOut,
    SendSms,
    Tag,
    Transfer,
)
from shared.domain.calls import CallFacts, CallState
from shared.domain.outcomes import Outcome

# The ends of a transfer that was answered: https://www.twilio.com/docs/voice/twiml/dial.
ANSWERED = frozenset({"completed", "answered"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The document that follows, and what the carrier's request says of the call."""

    text: str
    report: CallReport


def reply(flow: CallFlow, request: Callback, *, now: datetime) -> Reply:
    """Raises ValueError for a page that the flow does not have."""
    address, digits = request.address, request.digits
    name, transferred_to = _following(flow, request)
    told = _Told(now=now)
    while name is not None and twiml.is_told(flow.steps[name]):
        name = told.reach(flow, name)
    so_far = replace(address, stages=address.stages + told.stages, pressed=address.pressed + digits)
    report = CallReport(
        reference=address.reference,
        provider_call_id=request.call_id,
        # Somebody who wants no calls is heard at once, whatever happens to the rest of the call.
        state=CallState.ANSWERED if told.outcome is None else CallState.ENDED,
        at=now,
        outcome=told.outcome,
        callback_at=told.callback_at,
        facts=CallFacts(
            digits=so_far.pressed or None,
            stages=so_far.stages,
            tags=frozenset(told.tags),
            transferred_to=transferred_to,
        ),
    )
    text = twiml.hang_up() if name is None else twiml.document(flow, name, so_far.page)
    return Reply(text=text, report=report)


@dataclass(slots=True, kw_only=True)
class _Told:
    """What the steps do that are reached without a word."""

    now: datetime
    stages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    outcome: Outcome | None = None
    callback_at: datetime | None = None

    def reach(self, flow: CallFlow, name: str) -> str:
        step = flow.steps[name]
        self.stages += (name,)
        match step:
            case OptOut(next=following):
                self.outcome = Outcome.OPT_OUT
            case AskForCallback(next=following, minutes=minutes):
                self.outcome = self.outcome or Outcome.CALLBACK_REQUESTED
                if minutes is not None:
                    self.callback_at = self.now + timedelta(minutes=minutes)
            case Tag(next=following, tag=tag):
                self.tags += (tag,)
            case SendSms(next=following):
                pass  # the stage that is told queues the message
            case _:
                raise ValueError(f"{name} is said, not told")
        return following


def _following(flow: CallFlow, request: Callback) -> tuple[str | None, str | None]:
    """The step that follows, None for the end of the call; and who was reached by a transfer."""
    name = request.address.step
    match request.address.about, flow.steps.get(name):
        case About.STEP, step if step is not None:
            return name, None
        case About.KEYS, Gather() as gather:
            return twiml.after_keys(gather, request.digits), None
        case About.TRANSFERRED, Transfer() as transfer:
            if request.transfer in ANSWERED:
                return None, transfer.to
            return transfer.otherwise, None
        case _:
            raise ValueError("the flow has no such page")
