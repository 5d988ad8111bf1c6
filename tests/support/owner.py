"""An owner of campaigns; uses the REST API only."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from outdial.client import Client, Json
from outdial.errors import OutdialError
from tests.support.waiting import PATIENCE, until

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ALWAYS = [{"days": DAYS, "start": "00:00", "end": "24:00"}]
# Each prefix has ten thousand numbers.
PREFIXES = ("+1202555", "+1212555", "+1303555", "+1415555")
RETRIED = ("busy", "no_answer", "network_error")


def numbers(count: int, *, first: int = 0) -> list[str]:
    return [f"{PREFIXES[n // 10_000]}{n % 10_000:04}" for n in range(first, first + count)]


def a_campaign(
    name: str,
    *,
    max_concurrent: int | None = None,
    calls_per_second: int | None = None,
    **changes: Any,
) -> Json:
    """A campaign without limits of hours, of a kind that no law restricts.

    A call without an answer is retried a second later, at most twice.
    """
    definition = {
        "name": name,
        "calendar": {"windows": ALWAYS},
        "kind": "informational",
        "automated": False,
        "attempts": {
            "max_total": 3,
            "retry": {outcome: {"delay_seconds": 1} for outcome in RETRIED},
        },
        "caps": {"max_concurrent": max_concurrent, "calls_per_second": calls_per_second},
    }
    return definition | changes


def hours_around(now: datetime, *, before: int = 2, after: int = 4) -> list[Json]:
    """Windows that are open now in UTC, on any weekday."""
    return hours(now - timedelta(hours=before), now + timedelta(hours=after))


def hours(start: datetime, end: datetime) -> list[Json]:
    """One window on every weekday, from one wall time of UTC to the other, of at most a day."""
    return [
        {
            "days": DAYS,
            "start": f"{start:%H:%M}",
            "end": f"{end:%H:%M}",
            "crosses_midnight": end.date() > start.date(),
        }
    ]


class Owner(Client):
    async def launch(self, definition: Json, rows: Iterable[tuple[str, str]], folder: Path) -> int:
        """Create a campaign, import the (number, zone) rows as CSV, start it; return its id."""
        campaign_id, _ = await self.launch_telling(definition, rows, folder)
        return campaign_id

    async def launch_telling(
        self, definition: Json, rows: Iterable[tuple[str, str]], folder: Path
    ) -> tuple[int, Json]:
        """Like `launch`, but return the API's answer to the creation too."""
        created = await self._prepare(definition, rows, folder)
        await self.start(created["id"])
        return int(created["id"]), created

    async def prepare(self, definition: Json, rows: Iterable[tuple[str, str]], folder: Path) -> int:
        """Like `launch`, but do not start the campaign."""
        return int((await self._prepare(definition, rows, folder))["id"])

    async def prepare_telling(
        self, definition: Json, rows: Iterable[tuple[str, str]], folder: Path
    ) -> tuple[int, str]:
        """Like `prepare`, of a campaign with a webhook; return its id and the webhook's secret."""
        created = await self._prepare(definition, rows, folder)
        return int(created["id"]), str(created["webhook"]["secret"])

    async def _prepare(
        self, definition: Json, rows: Iterable[tuple[str, str]], folder: Path
    ) -> Json:
        created = await self.create_campaign(definition)
        listed = folder / f"{created['id']}.csv"
        lines = [f"{number},{zone},C{index}" for index, (number, zone) in enumerate(rows)]
        listed.write_text("\n".join(["number,zone,external_id", *lines, ""]))
        report = await self.import_contacts(created["id"], listed)
        assert (report["imported"], report["rejected"]) == (len(lines), 0), report
        return created

    async def post_in_trace(self, path: str, traceparent: str, body: Json | None = None) -> str:
        """Send a request as a part of that trace; return what the answer says of it."""
        headers = {"traceparent": traceparent}
        async with self._answer("POST", path, json=body, headers=headers) as response:
            return response.headers["traceparent"]

    async def pause(self, campaign_id: int) -> None:
        await self._call("POST", f"/v1/campaigns/{campaign_id}/pause")

    async def resume(self, campaign_id: int) -> None:
        await self._call("POST", f"/v1/campaigns/{campaign_id}/resume")

    async def cancel(self, campaign_id: int) -> None:
        await self._call("POST", f"/v1/campaigns/{campaign_id}/cancel")

    async def suppress(self, number: str) -> None:
        body = {"number": number, "reason": "opt_out"}
        await self._call("POST", "/v1/suppressions", json=body)

    async def until_state(self, campaign_id: int, state: str, *, seconds: float = PATIENCE) -> None:
        """Wait for the state, and try again while the API does not answer."""

        async def is_there() -> bool:
            try:
                return bool((await self.campaign(campaign_id))["state"] == state)
            except OutdialError:
                return False

        await until(is_there, seconds=seconds, every=0.1)

    async def until_attempts(
        self, campaign_id: int, count: int, *, seconds: float = PATIENCE
    ) -> None:
        """Wait until at least so many attempts have ended."""

        async def enough() -> bool:
            try:
                return (await self.counters(campaign_id)).attempts["ended"] >= count
            except OutdialError:
                return False

        await until(enough, seconds=seconds, every=0.05)


def utc_now() -> datetime:
    return datetime.now(UTC)
