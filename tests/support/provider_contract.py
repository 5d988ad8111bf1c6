"""The contract of a provider: one set of tests that every provider must pass.

Name a class `Test...`, inherit `ProviderContract`, and give the provider's `name` and a fixture
`settings` with the settings of a trunk. Inherit also each contract that applies to the provider:
`RecordsContract`, `NamedAnswersContract`, `EventsContract`, `SignedEventsContract`.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pytest
import pytest_asyncio
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from services.dialer.providers.protocol import (
    Answer,
    CallReport,
    Originate,
    Posted,
    Provider,
    ProviderUnavailableError,
)
from services.dialer.providers.trunks import connect
from shared.db.trunks import NO_SECRET, Trunk
from shared.domain.attempts import CallReference
from shared.domain.call_flows.flow import CallFlow
from shared.domain.calls import CallState
from tests.support.waiting import until

ADDRESS = "https://calls.example.org/carrier-events/a-word-of-the-test/7?leg=1"


async def plays_none(reference: CallReference) -> CallFlow | None:
    return None


@dataclass(kw_only=True)
class Connected:
    provider: Provider
    reports: list[CallReport] = field(default_factory=list)
    calls: dict[CallReference, str] = field(default_factory=dict)
    fault: Exception | None = None

    async def keep(self, report: CallReport) -> None:
        if self.fault is not None:
            raise self.fault
        self.reports.append(report)

    async def place(self) -> CallReference:
        reference = CallReference(17, uuid7())
        request = Originate(
            reference=reference,
            to="+14155550101",
            caller_id=None,
            call_flow=None,
            events_url=ADDRESS,
        )
        self.calls[reference] = await self.provider.originate(request)
        assert self.calls[reference]
        return reference

    async def lookup(self, reference: CallReference) -> CallReport | None:
        return await self.provider.lookup(reference, call_id=self.calls.get(reference))

    async def receive(self, posted: Posted) -> Answer:
        return await self.provider.receive(posted, plays_none)

    async def hang_up(self, reference: CallReference) -> None:
        await self.provider.hang_up(reference, call_id=self.calls.get(reference))


class ProviderContract:
    """The tests for every provider."""

    name: ClassVar[str]
    secret: ClassVar[SecretStr] = NO_SECRET

    @pytest_asyncio.fixture(loop_scope="session")
    async def connected(self, settings: dict[str, Any]) -> AsyncIterator[Connected]:
        subject: list[Connected] = []

        async def keep(report: CallReport) -> None:
            await subject[0].keep(report)

        trunk = Trunk(id=7, provider=self.name, settings=settings, secret=self.secret)
        provider = connect(trunk, keep)
        subject.append(Connected(provider=provider))
        yield subject[0]
        await provider.close()

    async def test_a_placed_call_is_known_by_its_reference(self, connected: Connected) -> None:
        reference = await connected.place()

        report = await connected.lookup(reference)

        assert report is not None
        assert report.reference == reference
        assert report.state in connected.provider.capabilities.states
        assert (report.outcome is not None) == (report.state is CallState.ENDED)

    async def test_a_call_that_is_hung_up_ends(self, connected: Connected) -> None:
        reference = await connected.place()

        await connected.hang_up(reference)

        async def over() -> bool:
            report = await connected.lookup(reference)
            return report is not None and report.state is CallState.ENDED

        await until(over)

    async def test_hanging_up_an_unknown_call_does_no_harm(self, connected: Connected) -> None:
        await connected.hang_up(CallReference(17, uuid7()))

    async def test_the_secret_shows_in_no_text(self, connected: Connected) -> None:
        trunk = Trunk(id=7, provider=self.name, settings={}, secret=SecretStr("never-shown"))

        assert "never-shown" not in f"{trunk!r} {trunk}"


class RecordsContract(ProviderContract):
    """The tests for a provider that knows which calls it has placed."""

    async def test_a_call_that_was_never_placed_has_no_record(self, connected: Connected) -> None:
        assert await connected.lookup(CallReference(17, uuid7())) is None


class NamedAnswersContract(RecordsContract, ABC):
    """The tests for a provider whose carrier names the call in its answer to a look-up."""

    @abstractmethod
    def confuse(
        self, monkeypatch: pytest.MonkeyPatch, asked: CallReference, answered: CallReference
    ) -> None:
        """Let the carrier answer a look-up of `asked` with the call `answered`."""

    async def test_an_answer_about_another_call_is_no_answer(
        self, connected: Connected, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, answered = await connected.place(), await connected.place()
        self.confuse(monkeypatch, asked, answered)

        with pytest.raises(ProviderUnavailableError):
            await connected.lookup(asked)


class EventsContract(ProviderContract, ABC):
    """The tests for a provider whose carrier posts what happens to calls."""

    @abstractmethod
    def ended(self, reference: CallReference) -> Posted:
        """The event by which the carrier says that the call has ended."""

    async def test_an_event_is_reported_before_it_is_answered(self, connected: Connected) -> None:
        reference = await connected.place()

        answer = await connected.receive(self.ended(reference))

        assert 200 <= answer.status < 300
        assert [(report.reference, report.state) for report in connected.reports] == [
            (reference, CallState.ENDED)
        ]

    async def test_an_event_of_a_call_that_another_dialer_placed_is_reported(
        self, connected: Connected
    ) -> None:
        reference = CallReference(17, uuid7())

        await connected.receive(self.ended(reference))

        assert [report.reference for report in connected.reports] == [reference]

    async def test_an_event_that_was_not_kept_is_not_taken(self, connected: Connected) -> None:
        posted = self.ended(CallReference(17, uuid7()))
        connected.fault = ConnectionError("the message was not published")

        with pytest.raises(ConnectionError):
            await connected.receive(posted)

    async def test_an_unreadable_event_is_refused_and_not_reported(
        self, connected: Connected
    ) -> None:
        posted = replace(self.ended(CallReference(17, uuid7())), body=b"\xff{")

        assert await _is_refused(connected, posted)
        assert connected.reports == []


class SignedEventsContract(EventsContract):
    """The tests for a provider whose carrier signs its events."""

    async def test_a_signature_covers_the_address_and_the_body(self, connected: Connected) -> None:
        posted, other = (self.ended(CallReference(17, uuid7())) for _ in range(2))

        assert await _is_refused(connected, replace(posted, body=other.body))
        assert await _is_refused(connected, replace(posted, address=posted.address + "&a=b"))
        assert await _is_refused(connected, replace(posted, headers={}))
        assert connected.reports == []


async def _is_refused(connected: Connected, posted: Posted) -> bool:
    try:
        answer = await connected.receive(posted)
    except ValueError:
        answer = Answer(status=400)
    return 400 <= answer.status < 500
