"""Imports contacts with an expiry, from a file and as JSON."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.api import Api

HOUR = timedelta(hours=1)


async def expiries(api: Api) -> list[datetime | None]:
    rows = await api.pool.fetch("SELECT expires_at FROM contacts ORDER BY number")
    return [row["expires_at"] for row in rows]


async def test_a_file_may_have_an_expiry_in_each_row(api: Api) -> None:
    at = (datetime.now(UTC) + HOUR).replace(microsecond=0)
    file = (
        "number,expires_at,language\n"
        f"+12025550101,{at:%Y-%m-%dT%H:%M:%SZ},en\n"
        "+12025550102,,en\n"
        f"+12025550103, {(at + 5 * HOUR).replace(tzinfo=None).isoformat()}+05:00 ,en\n"
        f"+12025550104,{(at - 2 * HOUR).isoformat()},en\n"
        f"+12025550105,{at:%Y-%m-%dT%H:%M:%S},en\n"
        "+12025550106,soon,en\n"
        "+12025550107,2299-01-01T00:00:00Z,en\n"
        "+12025550108,0001-01-01T00:00:00+14:00,en\n"
        "+12025550109,9999-12-31T23:59:59-14:00,en\n"
    )

    report = await api.import_csv(await api.campaign(), file.encode())

    assert (report["imported"], report["rejected"]) == (3, 6)
    assert [(error["line"], error["field"], error["reason"]) for error in report["errors"]] == [
        (5, "expires_at", "in_the_past"),
        (6, "expires_at", "not_an_instant"),
        (7, "expires_at", "not_an_instant"),
        (8, "expires_at", "too_far"),
        (9, "expires_at", "in_the_past"),
        (10, "expires_at", "too_far"),
    ]
    assert await expiries(api) == [at, None, at]
    attributes = await api.pool.fetch("SELECT DISTINCT attributes FROM contacts")
    assert [row["attributes"] for row in attributes] == ['{"language": "en"}']


async def test_an_offset_that_postgresql_does_not_know_is_taken(api: Api) -> None:
    at = (datetime.now(UTC) + 48 * HOUR).replace(microsecond=0)
    there = (at + HOUR + timedelta(seconds=1, microseconds=5)).replace(tzinfo=None)
    file = f"number,expires_at\n+12025550101,{there.isoformat()}+01:00:01.000005\n"

    await api.import_csv(await api.campaign(), file.encode())

    assert await expiries(api) == [at]


@pytest.mark.parametrize(
    ("expires_at", "result", "reason"),
    [
        ("2090-01-31T00:00:00Z", "imported", None),
        (None, "imported", None),
        ("", "imported", None),
        ("2020-01-31T00:00:00Z", "rejected", "in_the_past"),
        ("2090-01-31", "rejected", "not_an_instant"),
        ("2290-01-31T00:00:00Z", "rejected", "too_far"),
    ],
)
async def test_an_entry_may_have_an_expiry(
    api: Api, expires_at: str | None, result: str, reason: str | None
) -> None:
    entry: dict[str, Any] = {"number": "+12025550101", "expires_at": expires_at}
    campaign_id = await api.campaign()

    answer = await api.post(f"/v1/campaigns/{campaign_id}/contacts", [entry], status=200)

    [answer] = answer["results"]
    assert (answer["result"], answer["reason"]) == (result, reason)
    if result == "imported":
        view = await api.get(f"/v1/contacts/{answer['id']}")
        assert view["expires_at"] == (expires_at or None)
