"""A service that runs while its tzdata package is upgraded."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp

from outdial.stack.ports import free_port
from shared.domain.calendar.tzdata_release import installed_package
from shared.domain.calendar.zones import tzdata_version
from tests.support.waiting import until

SERVICE = """
from contextlib import asynccontextmanager
from shared.runtime.process import run, serve, service_app
from shared.runtime.settings import Settings

@asynccontextmanager
async def lifespan(app):
    yield

run(serve(service_app(lifespan, {}), Settings(), default_port=0))
"""


async def test_a_running_service_takes_up_another_release(tmp_path: Path) -> None:
    package, port = tmp_path / "tzdata", free_port()
    shutil.copytree(installed_package(), package)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(tmp_path), str(Path.cwd()))),
        "OUTDIAL_POSTGRES_URL": "postgresql://127.0.0.1:9/x",
        "OUTDIAL_REDIS_URL": "redis://127.0.0.1:9",
        "OUTDIAL_KAFKA_URL": "127.0.0.1:9",
        "OUTDIAL_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVICE, env=environment)
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            await until(lambda: _shows(session, tzdata_version()), seconds=30, every=0.1)
            (package / "__init__.py").write_text('IANA_VERSION = "2099z"\n')

            await until(lambda: _shows(session, "2099z"), seconds=30, every=0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0


async def _shows(session: aiohttp.ClientSession, version: str) -> bool:
    try:
        async with session.get("/readyz") as response:
            shown: dict[str, Any] = await response.json()
    except aiohttp.ClientConnectionError:
        return False
    return bool(shown["zone_data"] == version)
