"""The provider of the simulated carrier, which is reached over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

import aiohttp
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    HttpUrl,
    ValidationError,
)
from typing_extensions import override

from services.dialer.providers.protocol import (
    CONNECT_SECONDS,
    ORIGINATE_SECONDS,
    Answer,
    CallRefusedError,
    CallReport,
    CallUnknownError,
    Capabilities,
    Fault,
    FlowOf,
    Originate,
    Posted,
    Provider,
    ProviderUnavailableError,
    Report,
    TrunkSettingsError,
)
from services.dialer.providers.sms import (
    ReceivedSms,
    SmsProvider,
    SmsRefusedError,
    SmsReport,
    SmsRequest,
    SmsUnknownError,
)
from shared.db.trunks import Trunk
from shared.definitions.call_flow import document
from shared.domain.attempts import CallReference
from shared.domain.calls import NO_FACTS, CallFacts, CallState, Price
from shared.domain.outcomes import Outcome
from shared.domain.sms import SmsReference, SmsState
from shared.kafka.messages.facts import FactsData, PriceData
from shared.runtime.traces import HEADER

TIMEOUT = aiohttp.ClientTimeout(total=ORIGINATE_SECONDS, sock_connect=CONNECT_SECONDS)

Reference = Annotated[CallReference, BeforeValidator(lambda value: CallReference.parse(str(value)))]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: HttpUrl


class _Ending(BaseModel):
    """What an ended call led to; the rest is what its flow led to."""

    model_config = ConfigDict(extra="ignore")

    reference: Reference
    call_id: str
    outcome: Outcome | None = None
    callback_at: AwareDatetime | None = None
    stages: tuple[str, ...] = ()
    digits: str | None = None
    tags: frozenset[str] = frozenset()
    transferred_to: str | None = None
    facts: FactsData | None = None


class _Event(_Ending):
    kind: CallState
    at: AwareDatetime
    ring_seconds: float | None = None
    talk_seconds: float | None = None


class _Call(_Ending):
    state: CallState
    ended_at: AwareDatetime | None = None


class _MessageEvent(BaseModel):
    model_config = ConfigDict(extra="ignore")

    reference: Annotated[
        SmsReference, BeforeValidator(lambda value: SmsReference.parse(str(value)))
    ]
    message_id: str
    kind: Literal[SmsState.DELIVERED, SmsState.UNDELIVERED]
    at: AwareDatetime
    reason: str | None = None
    price: PriceData | None = None


class SimulatedProvider(Provider, SmsProvider):
    def __init__(self, url: str, report: Report) -> None:
        self._report = report
        self._session = aiohttp.ClientSession(
            base_url=url, timeout=TIMEOUT, connector=aiohttp.TCPConnector(limit=0)
        )

    @classmethod
    @override
    def connect(cls, trunk: Trunk, report: Report) -> Self:
        try:
            settings = _Settings.model_validate(trunk.settings)
        except ValidationError as error:
            fields = sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})
            raise TrunkSettingsError(f"settings: {', '.join(fields)}") from None
        return cls(str(settings.url), report)

    @property
    @override
    def capabilities(self) -> Capabilities:
        return Capabilities(detects_machines=True, states=frozenset(CallState))

    @override
    async def originate(self, request: Originate) -> str:
        body = {
            "reference": str(request.reference),
            "to": request.to,
            "from": request.caller_id,
            "events_url": request.events_url,
            "ring_seconds": request.ring_seconds,
            # What happens before the end has no facts here, so it is not asked for.
            "progress": False,
            **_told(request),
        }
        try:
            async with self._session.post(
                "/calls", json=body, headers=_traced(request)
            ) as response:
                return await _placed(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            # No connection, so no byte of the request was sent.
            raise CallRefusedError("unreachable") from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
            raise CallUnknownError(type(error).__name__) from error

    @override
    async def lookup(
        self, reference: CallReference, *, call_id: str | None = None
    ) -> CallReport | None:
        try:
            async with self._session.get(f"/calls/{reference}") as response:
                if response.status == 404:
                    return None
                response.raise_for_status()
                call = _Call.model_validate_json(await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError, ValidationError) as error:
            raise ProviderUnavailableError(type(error).__name__) from error
        if call.reference != reference:
            raise ProviderUnavailableError("answer about another call")
        return CallReport(
            reference=reference,
            provider_call_id=call.call_id,
            state=call.state,
            at=call.ended_at or datetime.now(UTC),
            outcome=call.outcome,
            callback_at=call.callback_at,
            facts=_facts(call),
        )

    @override
    async def hang_up(self, reference: CallReference, *, call_id: str | None = None) -> None:
        try:
            async with self._session.delete(f"/calls/{reference}"):
                pass
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailableError(type(error).__name__) from error

    @override
    async def receive(self, posted: Posted, flow_of: FlowOf) -> Answer:
        """The carrier does not sign: the word in the address is the proof."""
        event = _Event.model_validate_json(posted.body)
        await self._report(
            CallReport(
                reference=event.reference,
                provider_call_id=event.call_id,
                state=event.kind,
                at=event.at,
                outcome=event.outcome,
                callback_at=event.callback_at,
                facts=_event_facts(event),
            )
        )
        return Answer()

    @override
    async def send_sms(self, request: SmsRequest) -> str:
        body = {
            "reference": str(request.reference),
            "to": request.to,
            "from": request.sender,
            "text": request.text,
            "events_url": request.events_url,
        }
        try:
            async with self._session.post("/messages", json=body) as response:
                return await _sent(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise SmsRefusedError("unreachable") from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
            raise SmsUnknownError(type(error).__name__) from error

    @override
    def receive_sms(self, posted: Posted) -> ReceivedSms:
        """The carrier does not sign: the word in the address is the proof."""
        event = _MessageEvent.model_validate_json(posted.body)
        price = event.price
        report = SmsReport(
            reference=event.reference,
            provider_message_id=event.message_id,
            state=event.kind,
            at=event.at,
            reason=event.reason,
            price=None if price is None else Price(amount=price.amount, currency=price.currency),
        )
        return ReceivedSms(answer=Answer(), report=report)

    @override
    async def close(self) -> None:
        await self._session.close()


def _facts(ending: _Ending) -> CallFacts:
    told = NO_FACTS if ending.facts is None else ending.facts.call_facts()
    of_flow = CallFacts(
        digits=ending.digits,
        stages=ending.stages,
        tags=ending.tags,
        transferred_to=ending.transferred_to,
    )
    return CallFacts.merged(told, of_flow)


def _event_facts(event: _Event) -> CallFacts:
    """The facts of an event; an end may tell its seconds beside them, the others only plan them."""
    if event.kind is not CallState.ENDED:
        return _facts(event)
    seconds = CallFacts(ring_seconds=event.ring_seconds, talk_seconds=event.talk_seconds)
    return CallFacts.merged(_facts(event), seconds)


def _traced(request: Originate) -> dict[str, str] | None:
    return None if request.traceparent is None else {HEADER: request.traceparent}


def _told(request: Originate) -> dict[str, object]:
    """What the call is told beside its number; nothing for most calls, which are told nothing."""
    told: dict[str, object] = {
        "talk_seconds_most": request.talk_seconds_most,
        "call_flow": request.call_flow,
        "flow": None if request.flow is None else document(request.flow),
        "agent": request.agent and {"id": request.agent.id, "kind": request.agent.kind},
        "variables": dict(request.variables),
        "on_machine": request.on_machine,
    }
    return {name: value for name, value in told.items() if value}


async def _placed(response: aiohttp.ClientResponse) -> str:
    if response.status == 201:
        return str((await response.json())["call_id"])
    if response.status == 422:
        raise CallRefusedError("invalid_number", outcome=Outcome.INVALID_NUMBER)
    if response.status in {401, 403}:
        raise CallRefusedError(f"status_{response.status}", fault=Fault.TRUNK)
    if response.status in {400, 429, 503}:
        raise CallRefusedError(f"status_{response.status}")
    # 409 says the reference was used, 500 says nothing: in both a call may be up.
    raise CallUnknownError(f"status_{response.status}")


async def _sent(response: aiohttp.ClientResponse) -> str:
    if response.status == 201:
        return str((await response.json())["message_id"])
    if response.status in {400, 422}:
        raise SmsRefusedError(f"status_{response.status}", is_final=True)
    if response.status == 403:
        raise SmsRefusedError("opted_out", has_opted_out=True)
    if response.status in {429, 503}:
        raise SmsRefusedError(f"status_{response.status}")
    # 409 says the reference was used, 500 says nothing: in both the message may be on its way.
    raise SmsUnknownError(f"status_{response.status}")
