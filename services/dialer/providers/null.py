"""A provider in the process itself: every call is answered and ends at once. For measuring."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from typing_extensions import override

from services.dialer.providers.protocol import CallReport, CallState, Originate, Provider
from shared.domain.attempts import CallReference
from shared.domain.outcomes import Outcome

Report = Callable[[CallReport], Awaitable[None]]


class NullProvider(Provider):
    def __init__(self, report: Report) -> None:
        self._report = report
        self._reports: set[asyncio.Task[None]] = set()

    @override
    async def originate(self, request: Originate) -> str:
        task = asyncio.ensure_future(self._report(_ended(request.reference)))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)
        return f"null-{request.reference}"

    @override
    async def lookup(self, reference: CallReference) -> CallReport | None:
        return _ended(reference)

    @override
    async def hang_up(self, reference: CallReference) -> None:
        return None

    @override
    def read_event(self, body: bytes) -> CallReport:
        raise ValueError("the null provider posts no events")

    @override
    async def close(self) -> None:
        await asyncio.gather(*self._reports, return_exceptions=True)


def _ended(reference: CallReference) -> CallReport:
    return CallReport(
        reference=reference,
        provider_call_id=f"null-{reference}",
        state=CallState.ENDED,
        at=datetime.now(UTC),
        outcome=Outcome.ANSWERED_HUMAN,
        ring_seconds=0,
        talk_seconds=0,
    )
