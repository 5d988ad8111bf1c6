"""A stack's directory has one owner; only processes that this owner started are stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from outdial.stack import state as states
from outdial.stack.errors import StackError
from outdial.stack.ownership import claim, stop_leftovers, stop_recorded
from outdial.stack.processes import Child, Identity, Launch, run, started_at
from outdial.stack.state import Process, State
from outdial.stack.status import status

SLEEPER = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
ENDED = Identity(os.getpid(), "an earlier process with this number")


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Child]:
    child = Child("api", Launch(command=SLEEPER, log=tmp_path / "api.log"))
    yield child
    child.send(signal.SIGKILL)
    while child.exit_code is None:
        os.sched_yield()


def a_state(directory: Path, child: Child, *, detached: bool = True, ready: bool = True) -> State:
    state = State.new(directory, detached=detached)
    state.supervisor, state.ready = ENDED, ready
    state.addresses["api"] = "http://127.0.0.1:1"
    state.record(Process.of(child, "service", signal.SIGTERM))
    return state


async def test_a_recorded_process_is_stopped(tmp_path: Path, sleeper: Child) -> None:
    a_state(tmp_path, sleeper)
    kept = states.load(tmp_path)
    assert kept is not None

    await stop_recorded(kept)

    assert await sleeper.wait(within=5) == -signal.SIGTERM
    assert not kept.living()


async def test_a_stranger_with_the_same_number_is_left_alone(
    tmp_path: Path, sleeper: Child
) -> None:
    state = a_state(tmp_path, sleeper)
    recorded = state.processes["api"]
    stale = {**{name: getattr(recorded, name) for name in Process.__slots__}, "started": "before"}
    state.processes["api"] = Process(**stale)

    assert await stop_recorded(state) == 0
    assert sleeper.exit_code is None


async def test_processes_of_a_killed_start_are_ended(tmp_path: Path, sleeper: Child) -> None:
    a_state(tmp_path, sleeper, ready=False)

    await stop_leftovers(tmp_path)

    assert await sleeper.wait(within=5) is not None


async def test_a_running_stack_is_not_taken_over(tmp_path: Path, sleeper: Child) -> None:
    a_state(tmp_path, sleeper)

    with pytest.raises(StackError, match="already"):
        await stop_leftovers(tmp_path)

    assert sleeper.exit_code is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"ready": true}', "null"])
async def test_a_broken_state_file_is_no_stack(tmp_path: Path, content: str) -> None:
    states.state_file(tmp_path).write_text(content)

    await stop_leftovers(tmp_path)

    assert status(tmp_path)["state"] == "stopped"


def test_two_commands_do_not_start_in_one_directory(tmp_path: Path) -> None:
    with claim(tmp_path), pytest.raises(StackError, match="another"), claim(tmp_path):
        pass

    with claim(tmp_path):
        pass


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(StackError, match="file/stack cannot be written: Not a directory"),
        claim(tmp_path / "file" / "stack"),
    ):
        pass


def test_the_state_file_is_for_its_owner_only(tmp_path: Path, sleeper: Child) -> None:
    a_state(tmp_path, sleeper)

    assert states.state_file(tmp_path).stat().st_mode & 0o777 == 0o600


async def test_status_shows_which_processes_run(tmp_path: Path, sleeper: Child) -> None:
    a_state(tmp_path, sleeper)
    api = status(tmp_path)["services"][0]
    assert (api["pid"], api["alive"], api["health"]) == (
        sleeper.pid,
        True,
        "http://127.0.0.1:1/healthz",
    )

    await sleeper.stop()

    report = status(tmp_path)
    assert (report["state"], report["services"][0]["alive"]) == ("stopped", False)


def test_a_process_that_ended_has_no_start() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    assert started_at(ended.pid) is None
    assert started_at(os.getpid()) == started_at(os.getpid())


async def test_a_job_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "print('about to'); raise SystemExit('no such table')")

    with pytest.raises(StackError, match="no such table"):
        await run("migrate", Launch(command=command, log=tmp_path / "logs" / "migrate.log"))


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)"
    launch = Launch(
        command=(sys.executable, "-c", f"{stubborn}; time.sleep(600)"), log=tmp_path / "log"
    )
    child = Child("stubborn", launch)
    assert await child.says("up", within=10)

    await child.stop(within=0.1)

    assert child.exit_code == -signal.SIGKILL
