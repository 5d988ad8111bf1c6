"""Starts the carrier as a process, and reads its log."""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from outdial.stack.processes import Launch
from tests.support import forked
from tests.support.twilio_carrier.calls import ACCOUNT

TOKEN = SecretStr("token-of-the-account")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTwilio:
    url: str
    log: Path
    pid: int

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a trunk that leads here."""
        return {
            "account_sid": ACCOUNT,
            "base_url": self.url,
            "from_numbers": ["+14155550100"],
            "twiml_url": "https://twiml.example.org/hello",
        }

    def lines(self, *kinds: str) -> list[dict[str, Any]]:
        whole = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in whole if line["kind"] in kinds]


@asynccontextmanager
async def running_twilio(
    log: Path, behaviour: dict[str, Any] | None = None, *, fsync: bool = True
) -> AsyncIterator[RunningTwilio]:
    options = ["--log", str(log), *(() if fsync else ("--no-fsync",))]
    if behaviour is not None:
        file = log.with_name(f"{log.stem}-behaviour.json")
        file.write_text(json.dumps(behaviour))
        options += ["--behaviour", str(file)]
    log.touch()
    launch = Launch(
        command=(sys.executable, "-m", "tests.support.twilio_carrier", *options),
        log=log.with_name(f"{log.stem}-said"),
        env=os.environ | {"TWILIO_CARRIER_TOKEN": TOKEN.get_secret_value()},
    )
    process = forked.start("carrier", launch)
    try:
        ready = await forked.first_line(process)
        yield RunningTwilio(url=ready["url"], log=log, pid=process.pid)
    finally:
        await process.stop(signal.SIGKILL)
