"""The contract of a provider: the built-in providers and one of a third party pass it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from pydantic import SecretStr
from typing_extensions import override

from services.dialer.providers.protocol import CallReport, Posted
from services.dialer.providers.trunks import UnusableTrunkError, connect
from shared.db.trunks import Trunk
from shared.domain.attempts import CallReference
from tests.support.carrier import running_carrier
from tests.support.provider_contract import (
    ADDRESS,
    EventsContract,
    NamedAnswersContract,
    ProviderContract,
    RecordsContract,
    SignedEventsContract,
)
from tests.support.third_party import beep
from tests.support.third_party.beep import BeepCarrier, sign
from tests.support.twilio_carrier.calls import ACCOUNT, signed
from tests.support.twilio_carrier.process import TOKEN, running_twilio

THIRD_PARTY = Path(beep.__file__).parent


async def ignore(report: CallReport) -> None:
    return None


class TestNull(ProviderContract):
    name = "null"

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {}


class TestSimulated(NamedAnswersContract, EventsContract):
    name = "simulated"

    @override
    def ended(self, reference: CallReference) -> Posted:
        event = {"reference": str(reference), "call_id": "c-1", "kind": "ended", "outcome": "busy"}
        body = json.dumps(event | {"at": datetime.now(UTC).isoformat()}).encode()
        return Posted(method="POST", address=ADDRESS, headers={}, body=body)

    @override
    def confuse(
        self, monkeypatch: pytest.MonkeyPatch, asked: CallReference, answered: CallReference
    ) -> None:
        get = aiohttp.ClientSession.get

        def confused(session: aiohttp.ClientSession, url: str) -> object:
            return get(session, url.replace(str(asked), str(answered)))

        monkeypatch.setattr(aiohttp.ClientSession, "get", confused)

    @pytest_asyncio.fixture(loop_scope="session")
    async def settings(self, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
        async with running_carrier(tmp_path / "log") as carrier:
            yield {"url": carrier.url}


class TestTwilio(SignedEventsContract):
    name = "twilio"
    secret = TOKEN

    @override
    def ended(self, reference: CallReference) -> Posted:
        address = f"{ADDRESS}&{urlencode({'ref': str(reference), 'about': 'status'})}"
        form = {"CallSid": f"CA{uuid4().hex}", "CallStatus": "busy", "SipResponseCode": "486"}
        signature = signed(TOKEN.get_secret_value(), address, form)
        return Posted(
            method="POST",
            address=address,
            headers={"x-twilio-signature": signature},
            body=urlencode(form).encode(),
        )

    @pytest_asyncio.fixture(loop_scope="session")
    async def settings(self, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
        async with running_twilio(tmp_path / "log") as carrier:
            yield carrier.settings


class TestThirdParty(RecordsContract, SignedEventsContract):
    name = "beep"
    secret = SecretStr("key-of-the-account")

    @override
    def ended(self, reference: CallReference) -> Posted:
        body = urlencode({"reference": str(reference), "outcome": "busy"}).encode()
        signature = sign(self.secret, address=ADDRESS, body=body)
        headers = {"x-beep-signature": signature}
        return Posted(method="POST", address=ADDRESS, headers=headers, body=body)

    @pytest.fixture
    def settings(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        # The metadata with the entry point are in the same directory, as in site-packages.
        monkeypatch.syspath_prepend(THIRD_PARTY)
        monkeypatch.setattr(BeepCarrier, "accounts", {"acme": {}})
        return {"account": "acme"}


@pytest.mark.parametrize(
    ("provider", "settings", "text"),
    [
        ("nobody", {}, "provider 'nobody': is not installed"),
        ("simulated", {}, "provider 'simulated': settings: url"),
        ("simulated", {"url": "never-shown"}, "provider 'simulated': settings: url"),
        ("simulated", {"url": "http://a", "key": "never-shown"}, "settings: key"),
        ("twilio", {"account_sid": "never-shown"}, "provider 'twilio': settings: account_sid"),
        (
            "twilio",
            {"account_sid": ACCOUNT, "base_url": "http://never-shown.example.org"},
            "provider 'twilio': settings: base_url",
        ),
    ],
)
async def test_a_trunk_that_cannot_be_used_says_why_without_its_settings(
    provider: str, settings: dict[str, Any], text: str
) -> None:
    trunk = Trunk(id=7, provider=provider, settings=settings, secret=SecretStr("never-shown"))

    with pytest.raises(UnusableTrunkError) as caught:
        connect(trunk, ignore)

    assert text in str(caught.value)
    assert "never-shown" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
