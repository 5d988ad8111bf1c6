"""A provider within the process: it answers and ends every call at once. For measuring."""

import asyncio
from datetime import UTC, datetime
from typing import Self

from typing_extensions import override

from services.dialer.providers.protocol import (
    CallReport,
    Capabilities,
    Originate,
    Provider,
    Report,
)
from shared.db.trunks import Trunk
from shared.domain.attempts import CallReference
from shared.domain.calls import CallState
from shared.domain.outcomes import Outcome


class NullProvider(Provider):
    def __init__(self, report: Report) -> None:
        self._report = report
        self._reports: set[asyncio.Task[None]] = set()

    @classmethod
    @override
    def connect(cls, trunk: Trunk, report: Report) -> Self:
        return cls(report)

    @property
    @override
    def capabilities(self) -> Capabilities:
        return Capabilities()

    @override
    async def originate(self, request: Originate) -> str:
        task = asyncio.ensure_future(self._report(_ended(request.reference)))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)
        return f"null-{request.reference}"

    @override
    async def lookup(
        self, reference: CallReference, *, call_id: str | None = None
    ) -> CallReport | None:
        return _ended(reference)

    @override
    async def hang_up(self, reference: CallReference, *, call_id: str | None = None) -> None:
        return None

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
    )
