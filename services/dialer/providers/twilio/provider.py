"""The provider `twilio`: carriers that speak Twilio's API of calls, and Twilio itself."""

import base64
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Self, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, SecretStr, ValidationError
from typing_extensions import override

from services.dialer.providers.protocol import (
    CONNECT_SECONDS,
    ORIGINATE_SECONDS,
    Answer,
    CallRefusedError,
    CallReport,
    CallUnknownError,
    Capabilities,
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
    SmsRequest,
    SmsUnknownError,
)
from services.dialer.providers.twilio import messages, pages, placing, search, twiml
from services.dialer.providers.twilio.addresses import About
from services.dialer.providers.twilio.callbacks import Callback, CallResource, read_form
from services.dialer.providers.twilio.signatures import HEADER, is_signed
from shared.db.trunks import Trunk
from shared.definitions.trunks import TwilioSettings
from shared.domain.attempts import CallReference
from shared.domain.call_flows.machines import MachineAction
from shared.domain.calls import AnsweredBy, CallState

logger = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=ORIGINATE_SECONDS, sock_connect=CONNECT_SECONDS)
STATES = frozenset({CallState.RINGING, CallState.ANSWERED, CallState.ENDED})
# A call that the carrier queues for longer is cancelled: it would start outside of its permit,
# and perhaps outside of its window.
QUEUED_MOST_MS = 2_000

Shape = TypeVar("Shape", bound=BaseModel)


class TwilioProvider(Provider, SmsProvider):
    """The carrier knows calls by its own id alone; our reference is in the address it posts to."""

    def __init__(self, settings: TwilioSettings, secret: SecretStr, report: Report) -> None:
        self._settings = settings
        self._secret = secret
        self._report = report
        credentials = f"{settings.account_sid}:{secret.get_secret_value()}"
        basic = base64.b64encode(credentials.encode()).decode()
        self._session = aiohttp.ClientSession(
            base_url=f"{settings.base_url}/2010-04-01/Accounts/{settings.account_sid}/",
            headers={"Authorization": f"Basic {basic}"},
            timeout=TIMEOUT,
            connector=aiohttp.TCPConnector(limit=0),
        )

    @classmethod
    @override
    def connect(cls, trunk: Trunk, report: Report) -> Self:
        try:
            settings = TwilioSettings.model_validate(dict(trunk.settings))
        except ValidationError as error:
            fields = sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})
            raise TrunkSettingsError(f"settings: {', '.join(fields)}") from None
        if not trunk.secret.get_secret_value():
            raise TrunkSettingsError("secret: the account's auth token is needed")
        return cls(settings, trunk.secret, report)

    @property
    @override
    def capabilities(self) -> Capabilities:
        return Capabilities(detects_machines=True, states=STATES)

    @override
    async def originate(self, request: Originate) -> str:
        form = placing.form_of(request, self._settings)
        try:
            async with self._post("Calls.json", form) as response:
                status, headers, body = response.status, response.headers, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            # No connection, so no byte of the request was sent.
            raise CallRefusedError("unreachable") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CallUnknownError(type(error).__name__) from error
        call = placing.placed(status, headers, body, now=datetime.now(UTC))
        if call.queued_ms > QUEUED_MOST_MS:
            await self._cancel(call)
        return call.sid

    @override
    async def lookup(
        self, reference: CallReference, *, call_id: str | None = None
    ) -> CallReport | None:
        if call_id is None:
            raise ProviderUnavailableError("the carrier finds calls by its own id only")
        call = await self._call(call_id)
        return call.report(reference, now=datetime.now(UTC))

    @override
    async def find(
        self, reference: CallReference, *, number: str, dialed_at: datetime
    ) -> CallReport | None:
        """Of the calls to the number, the one whose requests carry the reference."""
        now = datetime.now(UTC)
        query = {"To": number, "PageSize": str(search.LISTED_MOST)}
        page = await self._get(search.CallPage, "Calls.json", query)
        is_certain = now - dialed_at > search.LISTED_AFTER
        is_certain &= search.reaches_back(page, dialed_at=dialed_at)
        for call in search.candidates(page, dialed_at=dialed_at):
            requests = await self._get(search.CallRequests, _path(call.sid, "/Events"))
            if str(reference) in requests.references:
                return call.report(reference, now=now)
            is_certain &= bool(requests.references) or search.has_no_more_requests(call, now=now)
        if not is_certain:
            raise ProviderUnavailableError("not found yet")
        return None

    @override
    async def hang_up(self, reference: CallReference, *, call_id: str | None = None) -> None:
        if call_id is not None:
            await self._change(call_id, {"Status": "completed"})

    @override
    async def receive(self, posted: Posted, flow_of: FlowOf) -> Answer:
        form = read_form(posted.body)
        given = posted.headers.get(HEADER, "")
        if not is_signed(given, self._secret, address=posted.address, form=form):
            return Answer(status=403)
        callback = Callback.of(posted, form)
        match callback.address.about:
            case About.STATUS:
                await self._on_status(callback)
            case About.MACHINE:
                await self._on_detection(callback, flow_of)
            case About.STEP | About.KEYS | About.TRANSFERRED:
                return await self._on_page(callback, flow_of)
        return Answer()

    @override
    async def send_sms(self, request: SmsRequest) -> str:
        form = messages.form_of(request, now=datetime.now(UTC))
        try:
            async with self._post("Messages.json", form) as response:
                status, headers, body = response.status, response.headers, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise SmsRefusedError("unreachable") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SmsUnknownError(type(error).__name__) from error
        return messages.sent(status, headers, body, now=datetime.now(UTC))

    @override
    def receive_sms(self, posted: Posted) -> ReceivedSms:
        form = read_form(posted.body)
        given = posted.headers.get(HEADER, "")
        if not is_signed(given, self._secret, address=posted.address, form=form):
            return ReceivedSms(answer=Answer(status=403))
        return messages.received(posted, form, now=datetime.now(UTC))

    @override
    async def close(self) -> None:
        await self._session.close()

    async def _on_status(self, callback: Callback) -> None:
        found = None
        if _lacks_detection(callback):
            try:
                found = await self._call(callback.call_id)
            except ProviderUnavailableError as error:
                # Answered with 503: the reconciler asks for the call later.
                raise ConnectionError(str(error)) from error
        await self._report(callback.report(now=datetime.now(UTC), found=found))

    async def _on_detection(self, callback: Callback, flow_of: FlowOf) -> None:
        if callback.answered_by is AnsweredBy.MACHINE:
            try:
                await self._on_machine(callback, flow_of)
            except ProviderUnavailableError as error:
                # The call goes on to the end of its flow.
                attempt_id = str(callback.address.reference.attempt_id)
                extra = {"error": str(error), "attempt_id": attempt_id}
                logger.warning("call to a machine not changed", extra=extra)
        await self._report(callback.detection(now=datetime.now(UTC)))

    async def _on_machine(self, callback: Callback, flow_of: FlowOf) -> None:
        address = callback.address
        if address.on_machine is MachineAction.HANG_UP:
            await self._change(callback.call_id, {"Status": "completed"})
        elif address.on_machine is MachineAction.LEAVE_MESSAGE:
            flow = await flow_of(address.reference)
            if flow is not None and flow.on_machine is not None:
                said = placing.said(flow, flow.on_machine, address)
                await self._change(callback.call_id, said)

    async def _on_page(self, callback: Callback, flow_of: FlowOf) -> Answer:
        flow = await flow_of(callback.address.reference)
        if flow is None:
            text = twiml.hang_up()
        else:
            reply = pages.reply(flow, callback, now=datetime.now(UTC))
            await self._report(reply.report)
            text = reply.text
        return Answer(status=200, headers={"content-type": "text/xml"}, body=text.encode())

    async def _cancel(self, call: placing.PlacedCall) -> None:
        extra = {"queue_ms": call.queued_ms}
        logger.warning("carrier queues calls: the trunk's rate is above the account's", extra=extra)
        try:
            await self._change(call.sid, {"Status": "canceled"})
        except ProviderUnavailableError as error:
            logger.warning("queued call not cancelled", extra={"error": str(error)})

    async def _call(self, call_id: str) -> CallResource:
        call = await self._get(CallResource, _path(call_id))
        if call.sid != call_id:
            raise ProviderUnavailableError("answer about another call")
        return call

    async def _get(
        self, shape: type[Shape], path: str, query: Mapping[str, str] | None = None
    ) -> Shape:
        try:
            async with self._session.get(path, params=query, allow_redirects=False) as response:
                if response.status != 200:
                    raise ProviderUnavailableError(f"status_{response.status}")
                return shape.model_validate_json(await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError, ValidationError) as error:
            raise ProviderUnavailableError(type(error).__name__) from error

    async def _change(self, call_id: str, form: dict[str, str]) -> None:
        """Change a call that is up; one that is over or unknown stays as it is (400 to 499)."""
        try:
            async with self._post(_path(call_id), form) as response:
                if response.status >= 500 or response.status == 429:
                    raise ProviderUnavailableError(f"status_{response.status}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailableError(type(error).__name__) from error

    def _post(
        self, path: str, form: dict[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        # A redirect would send the request, and so the call, a second time.
        return self._session.post(path, data=form, allow_redirects=False)


def _path(call_id: str, part: str = "") -> str:
    return f"Calls/{quote(call_id, safe='')}{part}.json"


def _lacks_detection(callback: Callback) -> bool:
    """Whether an answered call has ended, and only its resource tells who has answered.

    The status callback does not have to say so when the detection ran beside the call.
    """
    return (
        callback.address.on_machine is not None
        and callback.status == "completed"
        and callback.answered_by is None
    )
