"""The carrier's log: complete lines in order, shared fsyncs, incomplete ends cut, one writer."""

import asyncio
import os
from pathlib import Path

import pytest

from outdial.carrier import log
from outdial.carrier.log import CallLog, LogInUseError


async def test_a_line_is_in_the_file_when_its_future_is_done(tmp_path: Path) -> None:
    calls = CallLog.open(tmp_path / "log")
    for n in range(20):
        await calls.append({"n": n})
        assert list(log.read(tmp_path / "log"))[-1] == {"n": n}
    await calls.close()


async def test_lines_keep_their_order_and_share_an_fsync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = os.fsync

    def counted(descriptor: int) -> None:
        synced.append(descriptor)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", counted)
    calls = CallLog.open(tmp_path / "log")

    await asyncio.gather(*[calls.append({"n": n}) for n in range(1000)])

    await calls.close()
    assert [line["n"] for line in log.read(tmp_path / "log")] == list(range(1000))
    assert len(synced) < 10


@pytest.mark.parametrize("torn", [b'{"n": 3, "refer', b"x" * 100_000])
async def test_half_a_line_is_not_read_and_cut_when_opened_again(
    tmp_path: Path, torn: bytes
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"n":1}\n{"n":2}\n' + torn)
    assert [line["n"] for line in log.read(path)] == [1, 2]

    calls = CallLog.open(path)
    await calls.append({"n": 3})
    await calls.close()

    assert path.read_bytes() == b'{"n":1}\n{"n":2}\n{"n":3}\n'


async def test_a_file_of_half_a_line_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"n"')

    await CallLog.open(path).close()

    assert path.read_bytes() == b""


async def test_two_carriers_never_share_a_log(tmp_path: Path) -> None:
    calls = CallLog.open(tmp_path / "log")

    with pytest.raises(LogInUseError):
        CallLog.open(tmp_path / "log")

    await calls.close()
    await CallLog.open(tmp_path / "log").close()


async def test_a_line_that_cannot_be_written_breaks_the_log_for_good() -> None:
    calls = CallLog(os.open("/dev/full", os.O_WRONLY))

    answers = await asyncio.gather(
        calls.append({"n": 1}), calls.append({"n": 2}), return_exceptions=True
    )

    assert [type(answer) for answer in answers] == [OSError, OSError]
    with pytest.raises(OSError, match="No space"):
        await calls.append({"n": 3})
    await calls.close()
