"""The provider of the simulated carrier, which is reached over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Self

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
    ORIGINATE_SECONDS,
    Answer,
    CallRefusedError,
    CallReport,
    CallState,
    CallUnknownError,
    Capabilities,
    Originate,
    Posted,
    Provider,
    ProviderUnavailableError,
    Report,
    TrunkSettingsError,
)
from shared.db.trunks import Trunk
from shared.domain.attempts import CallReference
from shared.domain.outcomes import Outcome

TIMEOUT = aiohttp.ClientTimeout(total=ORIGINATE_SECONDS, sock_connect=0.5)

Reference = Annotated[CallReference, BeforeValidator(lambda value: CallReference.parse(str(value)))]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: HttpUrl


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore")

    reference: Reference
    call_id: str
    kind: CallState
    at: AwareDatetime
    outcome: Outcome | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    callback_at: AwareDatetime | None = None


class _Call(BaseModel):
    model_config = ConfigDict(extra="ignore")

    reference: Reference
    call_id: str
    state: CallState
    outcome: Outcome | None = None
    ended_at: AwareDatetime | None = None
    callback_at: AwareDatetime | None = None


class SimulatedProvider(Provider):
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
        }
        try:
            async with self._session.post("/calls", json=body) as response:
                return await _placed(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            # No connection, so no byte of the request was sent.
            raise CallRefusedError("unreachable") from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
            raise CallUnknownError(type(error).__name__) from error

    @override
    async def lookup(self, reference: CallReference) -> CallReport | None:
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
        )

    @override
    async def hang_up(self, reference: CallReference) -> None:
        try:
            async with self._session.delete(f"/calls/{reference}"):
                pass
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailableError(type(error).__name__) from error

    @override
    async def receive(self, posted: Posted) -> Answer:
        """The carrier does not sign: the word in the address is the proof."""
        event = _Event.model_validate_json(posted.body)
        await self._report(
            CallReport(
                reference=event.reference,
                provider_call_id=event.call_id,
                state=event.kind,
                at=event.at,
                outcome=event.outcome,
                ring_seconds=event.ring_seconds,
                talk_seconds=event.talk_seconds,
                callback_at=event.callback_at,
            )
        )
        return Answer()

    @override
    async def close(self) -> None:
        await self._session.close()


async def _placed(response: aiohttp.ClientResponse) -> str:
    if response.status == 201:
        return str((await response.json())["call_id"])
    if response.status == 422:
        raise CallRefusedError("invalid_number", outcome=Outcome.INVALID_NUMBER)
    if response.status in {400, 429, 503}:
        raise CallRefusedError(f"status_{response.status}")
    # 409 says the reference was used, 500 says nothing: in both a call may be up.
    raise CallUnknownError(f"status_{response.status}")
