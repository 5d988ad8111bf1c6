"""The carrier's log: JSON lines on disk before any answer, one fsync for all lines that wait."""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import orjson

Line = dict[str, Any]


class LogInUseError(Exception):
    """Another carrier writes this file."""


class CallLog:
    """Lines keep the order of `append`; after a line that cannot be written none is taken."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending: list[tuple[bytes, asyncio.Future[None]]] = []
        self._drain: asyncio.Task[None] | None = None
        self._broken: OSError | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log")

    @classmethod
    def open(cls, path: Path) -> Self:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise LogInUseError(f"{path} is in use by another carrier") from error
        _cut_torn_line(descriptor, path)
        return cls(descriptor)

    def append(self, line: Line) -> asyncio.Future[None]:
        """The future is done when the line is on disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._broken is not None:
            done.set_exception(self._broken)
            return done
        self._pending.append((orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE), done))
        if self._drain is None:
            self._drain = asyncio.create_task(self._write_pending())
        return done

    async def close(self) -> None:
        if self._drain is not None:
            await self._drain
        self._thread.shutdown()
        os.close(self._descriptor)

    async def _write_pending(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            batch, self._pending = self._pending, []
            lines = b"".join(line for line, _ in batch)
            try:
                await loop.run_in_executor(self._thread, self._write, lines)
            except OSError as error:
                self._broken = error
                batch += self._pending
                self._pending = []
            _settle(batch, self._broken)
        self._drain = None

    def _write(self, lines: bytes) -> None:
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)


def read(path: Path) -> Iterator[Line]:
    """Yield the whole lines; a last one without a newline was never answered and is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield orjson.loads(line)


def _settle(batch: list[tuple[bytes, asyncio.Future[None]]], error: OSError | None) -> None:
    for _, done in batch:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _cut_torn_line(descriptor: int, path: Path) -> None:
    """Cut half a line, which a kill can leave, so that the next one does not continue it."""
    size = os.fstat(descriptor).st_size
    whole = size
    with path.open("rb") as file:
        while whole:
            start = max(0, whole - 65536)
            file.seek(start)
            newline = file.read(whole - start).rfind(b"\n")
            if newline >= 0:
                whole = start + newline + 1
                break
            whole = start
    if whole < size:
        os.ftruncate(descriptor, whole)
