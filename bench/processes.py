"""Runs processes and measures their processor time and memory."""

import asyncio
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from outdial.stack.server import LocalServer
from outdial.stack.servers import LocalServers

READY_SECONDS = 120
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def tree_cpu_seconds(root: int) -> float:
    """Time that a process and its children have used, also those that have ended."""
    fields, children = {}, defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(stat.parent.name)
        fields[pid] = text.rpartition(")")[2].split()
        children[int(fields[pid][1])].append(pid)
    members = [root]
    for pid in members:
        members += children[pid]
    return sum(int(each) for pid in members for each in fields[pid][11:15]) / TICK


def server_cpu_seconds(servers: LocalServers) -> dict[str, float]:
    """Time that PostgreSQL, Redis and Kafka have used, of those that were started here."""
    return {
        server.name: tree_cpu_seconds(server.child.pid)
        for server in servers.all
        if isinstance(server, LocalServer) and server.child is not None
    }


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@asynccontextmanager
async def python_module(
    module: str, *arguments: str, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `python -m module` until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def until_ready(client: aiohttp.ClientSession) -> None:
    """Wait until a service answers that it is ready."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            try:
                async with client.get("/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
