"""The command line starts, shows and stops whole stacks, and never leaves a process behind."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from outdial.stack import state as states
from outdial.stack.processes import Identity, started_at

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
# These tests start servers of their own whatever the session uses.
GIVEN = ("OUTDIAL_POSTGRES_URL", "OUTDIAL_REDIS_URL", "OUTDIAL_KAFKA_URL")


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Path]:
    yield tmp_path / "stack"
    await outdial("down", "--dir", str(tmp_path / "stack"))


async def start(*arguments: str) -> asyncio.subprocess.Process:
    environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "outdial", *arguments),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def outdial(*arguments: str, code: int = 0) -> str:
    """What the command printed, after it ended with the code."""
    command = await start(*arguments)
    output, errors = await command.communicate()
    assert command.returncode == code, errors.decode()
    return output.decode() if code == 0 else errors.decode()


async def status(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await outdial("status", "--json", "--dir", str(directory)))
    return found


def living(directory: Path) -> list[str]:
    state = states.load(directory)
    return [] if state is None else [process.name for process in state.living()]


async def test_up_status_tenant_down(directory: Path) -> None:
    up = await outdial("up", "--detach", "--json", "--scale", "dialer=2", "--dir", str(directory))

    found = json.loads(up)
    assert found == await status(directory)
    assert found["state"] == "running"
    names = [service["name"] for service in found["services"]]
    assert names == ["api", "scheduler", "dialer-1", "dialer-2", "events"]
    async with aiohttp.ClientSession() as session:
        for service in found["services"]:
            for page in ("health", "ready", "metrics"):
                async with session.get(service[page]) as response:
                    assert response.status == 200, service

    made = json.loads(await outdial("tenant", "create", "Acme", "--json", "--dir", str(directory)))
    assert made["api_key"].startswith("od_live_")
    conn = await asyncpg.connect(found["postgres"]["url"])
    assert await conn.fetchval("SELECT name FROM tenants WHERE id = $1", made["tenant_id"])
    assert await conn.fetchval("SELECT url FROM trunks WHERE name = 'default'")
    await conn.close()

    again = await outdial("up", "--dir", str(directory), code=1)
    assert "already" in again
    assert (await status(directory))["state"] == "running"

    await outdial("down", "--dir", str(directory))
    assert not living(directory)
    assert (await status(directory))["state"] == "stopped"


async def test_two_stacks_side_by_side(directory: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    try:
        await asyncio.gather(
            *(outdial("up", "--detach", "--dir", str(each)) for each in (directory, other))
        )

        await outdial("down", "--dir", str(other))

        assert (await status(directory))["state"] == "running"
        assert not living(other)
    finally:
        await outdial("down", "--dir", str(other))


async def test_a_stack_that_was_killed_starts_again_on_its_data(directory: Path) -> None:
    await outdial("up", "--detach", "--dir", str(directory))
    await outdial("tenant", "create", "Acme", "--dir", str(directory))
    state = states.load(directory)
    assert state is not None
    for process in state.processes.values():
        process.identity.send(signal.SIGKILL)
    async with asyncio.timeout(10):
        while state.living():
            await asyncio.sleep(0.01)
    # One of them is left over when the next command comes.
    leftover = await asyncio.create_subprocess_exec("sleep", "600")
    started = started_at(leftover.pid) or ""
    state.ready = False
    state.record(_as(state.processes["api"], Identity(leftover.pid, started)))

    await outdial("up", "--detach", "--dir", str(directory))

    assert await leftover.wait() == -signal.SIGTERM
    found = await status(directory)
    assert found["state"] == "running"
    conn = await asyncpg.connect(found["postgres"]["url"])
    assert await conn.fetchval("SELECT count(*) FROM tenants WHERE name = 'Acme'") == 1
    await conn.close()


async def test_a_service_that_dies_is_shown_and_ctrl_c_stops_the_rest(directory: Path) -> None:
    up = await start("up", "--dir", str(directory))
    assert up.stderr is not None
    await _until_said(up.stderr, "Ctrl-C stops it")
    found = await status(directory)
    events = next(service for service in found["services"] if service["name"] == "events")

    os.kill(events["pid"], signal.SIGKILL)
    await _until_said(up.stderr, "events ended with code -9")
    assert (await status(directory))["state"] == "degraded"

    up.send_signal(signal.SIGINT)
    await up.communicate()
    assert up.returncode == 0
    assert not living(directory)


async def test_down_ends_a_stack_in_another_terminal(directory: Path) -> None:
    up = await start("up", "--dir", str(directory))
    assert up.stderr is not None
    await _until_said(up.stderr, "Ctrl-C stops it")

    await outdial("down", "--dir", str(directory))

    await up.communicate()
    assert up.returncode == 0
    assert not living(directory)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
@pytest.mark.parametrize("moment", ["redis", "postgres", "kafka", "carrier", "api", "events"])
async def test_no_moment_of_starting_up_leaves_a_process(
    directory: Path, moment: str, number: signal.Signals
) -> None:
    """At the moment when the process has just been started, before it is ready."""
    up = await start("up", "--dir", str(directory))
    async with asyncio.timeout(60):
        while moment not in living(directory):
            await asyncio.sleep(0.005)
            assert up.returncode is None

    up.send_signal(number)
    await up.communicate()

    assert up.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    async with asyncio.timeout(10 if number == signal.SIGKILL else 0.1):
        while living(directory):
            await asyncio.sleep(0.01)


async def _until_said(stream: asyncio.StreamReader, words: str) -> None:
    async with asyncio.timeout(90):
        while words not in (line := (await stream.readline()).decode()):
            assert line, "the command ended"


def _as(process: states.Process, identity: Identity) -> states.Process:
    fields = {name: getattr(process, name) for name in states.Process.__slots__}
    return states.Process(**{**fields, "pid": identity.pid, "started": identity.started})
