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
from outdial.stack.processes import started_at
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[4]
# These tests start servers of their own, also if the session uses given servers.
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
    """Run the command, check its exit code, return its output."""
    command = await start(*arguments)
    output, errors = await command.communicate()
    assert command.returncode == code, errors.decode()
    return output.decode() if code == 0 else errors.decode()


async def status(directory: Path) -> dict[str, Any]:
    """The exit code of the command is 0 only if all processes run."""
    command = await start("status", "--json", "--dir", str(directory))
    output, _ = await command.communicate()
    report: dict[str, Any] = json.loads(output)
    assert command.returncode == (0 if report["state"] == "running" else 1)
    return report


def living(directory: Path) -> list[str]:
    state = states.load(directory)
    return [] if state is None else [process.name for process in state.living()]


# It starts ten processes, and some of them twice.
@pytest.mark.timeout(400)
async def test_a_detached_stack_is_shown_killed_started_again_and_stopped(directory: Path) -> None:
    up = await outdial("up", "--detach", "--json", "--scale", "dialer=2", "--dir", str(directory))

    report = json.loads(up)
    assert report == await status(directory)
    assert report["state"] == "running"
    names = [service["name"] for service in report["services"]]
    assert sorted(names) == ["api", "dialer-1", "dialer-2", "events", "scheduler"]
    await every_page_answers(report)
    made = json.loads(await outdial("tenant", "create", "Acme", "--json", "--dir", str(directory)))
    assert made["api_key"].startswith(f"od_{made['tenant_id']}_")
    await outdial("up", "--detach", "--dir", str(directory))
    assert await status(directory) == report
    other_scale = ("up", "--detach", "--scale", "dialer=3", "--dir", str(directory))
    assert "outdial down" in await outdial(*other_scale, code=1)

    await kill(directory, "postgres", "carrier", "dialer-2")
    degraded = await status(directory)
    assert degraded["state"] == "degraded"
    await outdial("up", "--detach", "--dir", str(directory))

    healed = await status(directory)
    assert healed["state"] == "running"
    assert addresses(healed) == addresses(report)
    again = {"postgres", "carrier", "dialer-2"}
    assert {name for name, pid in pids(healed).items() if pid != pids(report)[name]} == again
    await every_page_answers(healed)

    leftover = await kill_all_but_one(directory)
    await outdial("up", "--detach", "--dir", str(directory))

    assert await leftover.wait() == -signal.SIGTERM
    report = await status(directory)
    assert report["state"] == "running"
    conn = await asyncpg.connect(report["postgres"]["url"])
    tenant = await conn.fetchval("SELECT name FROM tenants WHERE id = $1", made["tenant_id"])
    assert tenant == "Acme"
    trunk = await conn.fetchval("SELECT settings->>'url' FROM trunks WHERE name = 'default'")
    assert trunk == report["carrier"]["url"]
    await conn.close()

    await outdial("down", "--dir", str(directory))

    assert not living(directory)
    assert (await status(directory))["state"] == "stopped"


async def test_two_stacks_side_by_side_end_apart(directory: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    foreground = await start("up", "--dir", str(other))
    try:
        assert foreground.stderr is not None
        await asyncio.gather(
            outdial("up", "--detach", "--dir", str(directory)),
            until_said(foreground.stderr, "Ctrl-C stops it"),
        )
        report = await status(other)
        events = next(service for service in report["services"] if service["name"] == "events")

        os.kill(events["pid"], signal.SIGKILL)
        await until_said(foreground.stderr, "events ended with code -9")
        await until_said(foreground.stderr, "`outdial up` starts all again")
        assert (await status(other))["state"] == "degraded"
        assert "outdial down" in await outdial("up", "--detach", "--dir", str(other), code=1)

        await outdial("down", "--dir", str(other))
        await foreground.communicate()
        assert foreground.returncode == 0
        assert not living(other)
        assert (await status(directory))["state"] == "running"
    finally:
        await outdial("down", "--dir", str(other))


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("redis", signal.SIGINT),
        ("kafka", signal.SIGINT),
        ("events", signal.SIGINT),
        ("events", signal.SIGKILL),
    ],
)
async def test_no_moment_of_starting_up_leaves_a_process(
    directory: Path, moment: str, number: signal.Signals
) -> None:
    """Wait until the process has been started; it is not ready yet."""
    up = await start("up", "--dir", str(directory))
    async with asyncio.timeout(PATIENCE):
        while moment not in living(directory):
            await asyncio.sleep(0.005)
            assert up.returncode is None

    up.send_signal(number)
    await up.communicate()

    assert up.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    async with asyncio.timeout(PATIENCE if number == signal.SIGKILL else 0.1):
        while living(directory):
            await asyncio.sleep(0.01)


def processes(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    servers = {name: report[name] for name in ("carrier", "postgres", "redis", "kafka")}
    return servers | {service["name"]: service for service in report["services"]}


def pids(report: dict[str, Any]) -> dict[str, int | None]:
    return {name: process["pid"] for name, process in processes(report).items()}


def addresses(report: dict[str, Any]) -> dict[str, str]:
    return {name: process["url"] for name, process in processes(report).items()}


async def kill(directory: Path, *names: str) -> None:
    state = states.load(directory)
    assert state is not None
    for name in names:
        state.processes[name].identity.send(signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        while set(names) & set(living(directory)):
            await asyncio.sleep(0.01)


async def every_page_answers(report: dict[str, Any]) -> None:
    async with aiohttp.ClientSession() as session:
        for service in report["services"]:
            for page in ("health", "ready", "metrics"):
                async with asyncio.timeout(PATIENCE):
                    while not await answers(session, service[page]):
                        await asyncio.sleep(0.05)


async def answers(session: aiohttp.ClientSession, url: str) -> bool:
    """A service that runs on while its database is started again may need a moment."""
    async with session.get(url) as response:
        return response.status == 200


async def kill_all_but_one(directory: Path) -> asyncio.subprocess.Process:
    """Leave the state of a crash, with one process started by a command that was killed."""
    state = states.load(directory)
    assert state is not None
    for process in state.processes.values():
        process.identity.send(signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        while state.living():
            await asyncio.sleep(0.01)
    leftover = await asyncio.create_subprocess_exec("sleep", "600")
    state.ready = False
    fields = {name: getattr(state.processes["api"], name) for name in states.Process.__slots__}
    identity = {"pid": leftover.pid, "started": started_at(leftover.pid)}
    state.record(states.Process(**{**fields, **identity}))
    return leftover


async def until_said(stream: asyncio.StreamReader, words: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while words not in (line := (await stream.readline()).decode()):
            assert line, "the command ended"
