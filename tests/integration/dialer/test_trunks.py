"""A change of a trunk's row takes effect at once, and harms no call that is being started."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio
from typing_extensions import override

from services.dialer.providers.protocol import CallReport, Provider, Report
from services.dialer.providers.trunks import Trunks
from shared.db import trunks
from shared.db.pool import open_pool
from shared.db.trunks import Trunk
from shared.db.types import Pool
from tests.support.pipeline import ScriptedProvider
from tests.support.waiting import until


class ClosingProvider(ScriptedProvider):
    is_closed = False

    @override
    async def close(self) -> None:
        self.is_closed = True


async def ignore(report: CallReport) -> None:
    return None


@pytest_asyncio.fixture(loop_scope="session")
async def connected(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Trunks]:
    def connect(trunk: Trunk, report: Report) -> Provider:
        return ClosingProvider()

    monkeypatch.setattr("services.dialer.providers.trunks.connect", connect)
    subject = Trunks(pool, ignore)
    yield subject
    await subject.close()


async def written(
    pool: Pool, *, account: str = "a", granted_to: Iterable[int] | None = None
) -> int:
    return await trunks.upsert(
        pool, name="default", provider="x", settings={"account": account}, granted_to=granted_to
    )


async def closing(connected: Trunks, trunk_id: int) -> ClosingProvider:
    provider = (await connected.connected(trunk_id)).provider
    assert isinstance(provider, ClosingProvider)
    return provider


async def test_a_change_of_grants_keeps_the_provider(pool: Pool, connected: Trunks) -> None:
    trunk_id = await written(pool)
    first = await connected.connected(trunk_id)

    await written(pool, granted_to=[])
    second = await connected.connected(trunk_id)

    assert second.provider is first.provider
    assert first.trunk.serves(1)
    assert not second.trunk.serves(1)


async def test_a_replaced_provider_is_closed_when_its_calls_are_started(
    pool: Pool, connected: Trunks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.dialer.providers.trunks.REPLACED_SECONDS", 0.2)
    trunk_id = await written(pool)
    first = await closing(connected, trunk_id)

    await written(pool, account="b")
    second = await closing(connected, trunk_id)

    assert second is not first
    assert not first.is_closed
    await until(lambda: first.is_closed)
    assert not second.is_closed


async def test_a_report_on_a_call_takes_a_row_of_a_moment_ago(
    pool: Pool, connected: Trunks, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk_id = await written(pool)
    first = await connected.provider(trunk_id)
    await written(pool, account="b")

    assert await connected.provider(trunk_id) is first
    monkeypatch.setattr("services.dialer.providers.trunks.READ_AGAIN_SECONDS", 0.0)
    assert await connected.provider(trunk_id) is not first


async def test_a_read_that_fails_does_not_bring_a_replaced_provider_back(
    pool: Pool, dsn: str, connected: Trunks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.dialer.providers.trunks.READ_AGAIN_SECONDS", 0.0)
    trunk_id = await written(pool)
    await connected.provider(trunk_id)
    await written(pool, account="b")

    async with await open_pool(dsn, 1) as busy, busy.acquire():
        connected.pool = busy
        reading = asyncio.create_task(connected.provider(trunk_id))
        # The task runs until it waits for the only connection.
        await asyncio.sleep(0)
        connected.pool = pool
        second = await closing(connected, trunk_id)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    assert await connected.provider(trunk_id) is second


async def test_the_end_closes_replaced_providers_and_leaves_no_task(
    pool: Pool, connected: Trunks
) -> None:
    trunk_id = await written(pool)
    first = await closing(connected, trunk_id)
    before = asyncio.all_tasks()
    await written(pool, account="b")
    second = await closing(connected, trunk_id)

    await connected.close()

    assert first.is_closed
    assert second.is_closed
    assert asyncio.all_tasks() <= before
