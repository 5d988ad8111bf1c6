"""Seconds of `outdial simulate` for 100,000 contacts over 14 days, including its start."""

import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from outdial.stack.servers import LocalServers

CONTACTS = 100_000
# Area codes of twenty-eight states and provinces, each with rules of its own.
AREAS = (
    *(205, 206, 207, 208, 212, 213, 214, 256, 303, 305, 307, 312, 316, 401, 404, 406, 416, 503),
    *(504, 505, 601, 602, 603, 604, 605, 615, 617, 701, 702, 713, 775, 801, 802, 808, 901, 907),
)
SALES: dict[str, Any] = {
    "name": "sales",
    "kind": "solicitation",
    "calendar": {
        "windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "20:00"}]
    },
    "attempts": {
        "max_total": 6,
        "max_per_day": 2,
        "min_gap_seconds": 3_600,
        "delays_seconds": [3_600, 14_400, 86_400],
        "jitter": 0.2,
        "retry": {"busy": {"delay_seconds": 900}, "no_answer": {}, "machine_no_message": {}},
    },
    "caps": {"max_concurrent": 300, "calls_per_second": 20},
}
# Every call counts for caps and silences of law, and for a cap of the campaign.
DEBT = SALES | {
    "name": "debt",
    "kind": "debt_collection",
    "subject": "loan",
    "frequency_caps": [{"max_calls": 3, "hours": 72}],
}


async def measure(_servers: LocalServers) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory:
        contacts = Path(directory) / "contacts.csv"
        await asyncio.to_thread(_write, contacts)
        figures: dict[str, float] = {"contacts": CONTACTS}
        for campaign in (SALES, DEBT):
            seconds, calls = await _simulate(Path(directory), campaign, contacts)
            figures[f"{campaign['name']}: calls in 14 days"] = calls
            figures[f"{campaign['name']}: seconds"] = seconds
    return figures


def _write(file: Path) -> None:
    chance = random.Random(5)
    with file.open("w") as lines:
        lines.write("number,external_id\n")
        for n, line in enumerate(chance.sample(range(2_000_000, 10_000_000), CONTACTS)):
            lines.write(f"+1{AREAS[n % len(AREAS)]}{line},P{n:06}\n")


async def _simulate(directory: Path, campaign: dict[str, Any], contacts: Path) -> tuple[float, int]:
    """The seconds, and the number of calls in the output."""
    file = directory / f"{campaign['name']}.json"
    file.write_text(json.dumps(campaign))
    command = ("-m", "outdial", "simulate", str(file), str(contacts), "--from", "2026-11-23T08:00Z")
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"the simulation ended with {process.returncode}")
    calls = next(line for line in output.decode().splitlines() if " calls, " in line)
    return seconds, int(calls.split()[0].replace(",", ""))
