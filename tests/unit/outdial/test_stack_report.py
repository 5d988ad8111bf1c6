"""`outdial status` in words: short lines, no password, and the next command to type."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from outdial.__main__ import app
from outdial.errors import OutdialError
from outdial.stack import known
from outdial.stack.addresses import api_url
from outdial.stack.local_stack import port_of
from outdial.stack.processes import Identity, started_at
from outdial.stack.report import lines
from outdial.stack.state import Process, State


def a_process(url: str, *, alive: bool | None = True, log: str = "/x/.outdial/logs/a.log") -> Any:
    return {"url": url, "pid": 4711 if alive else None, "alive": alive, "log": log}


def a_stack(state: str, **processes: Any) -> dict[str, Any]:
    servers = {
        "carrier": a_process("http://127.0.0.1:15001"),
        "postgres": a_process(
            "postgresql://outdial:hidden@127.0.0.1:15002/outdial?sslmode=disable"
        ),
        "redis": a_process("redis://:hidden@127.0.0.1:15003/0", alive=None),
        "kafka": a_process("127.0.0.1:15004"),
    }
    api = {"name": "api"} | a_process("http://127.0.0.1:15005")
    return {"state": state, "supervisor": None, "services": [api]} | servers | processes


def shown(stack: dict[str, Any], directory: Path) -> list[str]:
    return list(lines(stack, directory))


def a_running_stack(directory: Path) -> State:
    directory.mkdir()
    state = State.new(directory, detached=True)
    own = Identity(os.getpid(), started_at(os.getpid()) or "")
    process = Process(
        name="api", role="service", pid=own.pid, started=own.started, stop_signal=15, log="a.log"
    )
    state.ready, state.addresses = True, {"api": "http://127.0.0.1:15005"}
    state.record(process)
    return state


@pytest.fixture(autouse=True)
def _own_notes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def test_a_running_stack_fits_80_columns_and_says_what_comes_next(tmp_path: Path) -> None:
    text = shown(a_stack("running"), tmp_path / ".outdial")

    assert text[0] == "running: the stack in .outdial"
    assert text[3].split() == ["postgres", "4711", "postgresql://outdial@127.0.0.1:15002/outdial"]
    assert text[4].split() == ["redis", "given", "redis://127.0.0.1:15003/0"]
    assert text[-3].startswith("next: outdial tenant create NAME ")
    assert max(map(len, text)) <= 80
    assert "hidden" not in "".join(text)


def test_commands_for_another_directory_name_it(tmp_path: Path) -> None:
    text = shown(a_stack("running"), tmp_path / "other")

    assert "outdial down --dir other " in text[-1]


def test_a_process_that_ended_is_shown_with_its_log_and_the_remedy(tmp_path: Path) -> None:
    log = str(tmp_path / ".outdial" / "kafka" / "kafka.log")
    ended = a_process("127.0.0.1:15004", alive=False, log=log)

    text = shown(a_stack("degraded", kafka=ended), tmp_path / ".outdial")

    assert text[5].split() == ["kafka", "ended", "127.0.0.1:15004"]
    assert text[6:] == [
        "log: .outdial/kafka/kafka.log",
        "next: outdial up --detach                       start what has ended",
    ]


def test_a_process_of_another_terminal_is_started_again_with_all_others(tmp_path: Path) -> None:
    ended = a_process("127.0.0.1:15004", alive=False)

    text = shown(a_stack("degraded", kafka=ended, supervisor=4712), tmp_path / ".outdial")

    assert [line.split()[-2:] for line in text[-2:]] == [["stop", "it"], ["it", "again"]]
    assert text[-2].startswith("next: outdial down ")
    assert text[-1].startswith("      outdial up ")


def test_a_detached_command_does_not_start_processes_of_another_terminal(
    tmp_path: Path,
) -> None:
    state = a_running_stack(tmp_path / "front")
    gone = state.processes["api"]
    state.detached = False
    state.record(replace(gone, name="events", pid=2**22 + 1))

    result = CliRunner().invoke(app, ["up", "--detach", "--dir", str(tmp_path / "front")])

    assert isinstance(result.exception, OutdialError)
    assert str(result.exception).startswith("ended: events; the stack runs in another terminal")


def test_the_api_of_several_processes_is_found(tmp_path: Path) -> None:
    state = a_running_stack(tmp_path / "there")
    state.addresses = {"api-1": "http://127.0.0.1:15005", "api-2": "http://127.0.0.1:15006"}
    state.save()

    assert api_url(tmp_path / "there") == "http://127.0.0.1:15005"


def test_a_stack_of_another_user_is_named_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_running_stack(tmp_path / "theirs")
    known.note(tmp_path / "theirs")

    def refuse(_path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        with pytest.raises(OutdialError, match=r"theirs is another user's"):
            api_url(tmp_path / "theirs")


def test_where_nothing_runs_a_stack_elsewhere_is_named(tmp_path: Path) -> None:
    here, there = tmp_path / ".outdial", tmp_path / "there"
    assert shown({"state": "stopped"}, here)[0] == "stopped: the stack in .outdial"
    a_running_stack(there)
    known.note(there)

    text = shown({"state": "stopped"}, here)

    assert text[0].endswith(f"; one runs elsewhere: add --dir {there}")
    assert text[1].startswith("next: outdial up --detach")
    with pytest.raises(OutdialError, match=f"add --dir {there}"):
        api_url(here)


def test_a_stack_that_ended_is_forgotten(tmp_path: Path) -> None:
    state = a_running_stack(tmp_path / "gone")
    known.note(tmp_path / "gone")
    state.processes.clear()
    state.save()
    a_running_stack(tmp_path / "there")

    known.note(tmp_path / "there")

    assert (tmp_path / "state" / "outdial" / "stacks").read_text() == f"{tmp_path / 'there'}\n"
    assert known.running() == [tmp_path / "there"]


def test_without_a_place_for_notes_nothing_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/state")

    known.note(tmp_path)

    assert known.running() == []
    assert known.hint(tmp_path) == ""


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("127.0.0.1:15004", 15004),
        ("redis://127.0.0.1:15003/0", 15003),
        ("postgresql://outdial:a-b_c@127.0.0.1:15002/outdial?sslmode=disable", 15002),
    ],
)
def test_the_port_of_each_kind_of_address_is_read(address: str, port: int) -> None:
    assert port_of(address) == port
