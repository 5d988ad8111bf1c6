"""A third party's provider in one file: its carrier posts signed forms and reads XML."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self
from urllib.parse import parse_qs

from pydantic import SecretStr
from typing_extensions import override

from services.dialer.providers.protocol import (
    Answer,
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
from shared.db.trunks import Trunk
from shared.domain.attempts import CallReference
from shared.domain.calls import CallState
from shared.domain.outcomes import Outcome

GOOD_BYE = b'<?xml version="1.0"?><Response><Hangup/></Response>'
SPAN = timedelta(seconds=5)


def sign(secret: SecretStr, *, address: str, body: bytes) -> str:
    """The carrier signs the whole address and the body."""
    key = secret.get_secret_value().encode()
    return hmac.digest(key, address.encode() + body, hashlib.sha256).hex()


@dataclass(slots=True)
class BeepCall:
    request: Originate
    is_up: bool = True


class BeepCarrier:
    """The carrier, shared by all dialers: the calls of each account."""

    accounts: ClassVar[dict[str, dict[CallReference, BeepCall]]] = {}


class BeepProvider(Provider):
    def __init__(self, account: str, secret: SecretStr, report: Report) -> None:
        self._account = account
        self._secret = secret
        self._report = report

    @classmethod
    @override
    def connect(cls, trunk: Trunk, report: Report) -> Self:
        account = trunk.settings.get("account")
        if not isinstance(account, str) or not trunk.secret.get_secret_value():
            raise TrunkSettingsError("account and a secret are needed")
        return cls(account, trunk.secret, report)

    @property
    @override
    def capabilities(self) -> Capabilities:
        states = frozenset({CallState.ANSWERED, CallState.ENDED})
        return Capabilities(rate_span=SPAN, detects_machines=True, states=states)

    @override
    async def originate(self, request: Originate) -> str:
        calls = BeepCarrier.accounts.get(self._account)
        if calls is None:
            raise CallUnknownError("carrier away")
        calls[request.reference] = BeepCall(request)
        return f"beep-{request.reference}"

    @override
    async def lookup(
        self, reference: CallReference, *, call_id: str | None = None
    ) -> CallReport | None:
        call = self._calls().get(reference)
        if call is None:
            return None
        state = CallState.ANSWERED if call.is_up else CallState.ENDED
        return _report(reference, state, None if call.is_up else Outcome.ANSWERED_HUMAN)

    @override
    async def hang_up(self, reference: CallReference, *, call_id: str | None = None) -> None:
        call = self._calls().get(reference)
        if call is not None:
            call.is_up = False

    @override
    async def receive(self, posted: Posted, flow_of: FlowOf) -> Answer:
        signature = posted.headers.get("x-beep-signature", "")
        expected = sign(self._secret, address=posted.address, body=posted.body)
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            return Answer(status=403)
        form = parse_qs(posted.body.decode(), strict_parsing=True)
        reference = CallReference.parse(_field(form, "reference"))
        outcome = Outcome(_field(form, "outcome"))
        await self._report(_report(reference, CallState.ENDED, outcome))
        return Answer(status=200, headers={"content-type": "application/xml"}, body=GOOD_BYE)

    @override
    async def close(self) -> None:
        return None

    def _calls(self) -> dict[CallReference, BeepCall]:
        calls = BeepCarrier.accounts.get(self._account)
        if calls is None:
            raise ProviderUnavailableError("carrier away")
        return calls


def _field(form: Mapping[str, list[str]], name: str) -> str:
    if len(form.get(name, [])) != 1:
        raise ValueError(f"{name} is needed once")
    return form[name][0]


def _report(reference: CallReference, state: CallState, outcome: Outcome | None) -> CallReport:
    return CallReport(
        reference=reference,
        provider_call_id=f"beep-{reference}",
        state=state,
        at=datetime.now(UTC),
        outcome=outcome,
    )
