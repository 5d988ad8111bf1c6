"""Campaigns are listed by state, by a part of their names and by their age, in four orders."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.api import Api

NAMES = ["Spring offer", "autumn", "spring cleaning", "Spring offer", "100% SPRING_"]


async def made(api: Api) -> dict[int, str]:
    return {await api.campaign(name=name): name for name in NAMES}


async def listed(api: Api, query: str) -> list[tuple[int, str]]:
    """All entries, page by page."""
    entries: list[Any] = []
    cursor = ""
    while True:
        page = await api.get(f"/v1/campaigns?limit=2&{query}{cursor}")
        entries += page["campaigns"]
        if page["next_cursor"] is None:
            return [(entry["id"], entry["name"]) for entry in entries]
        cursor = f"&cursor={page['next_cursor']}"


async def test_campaigns_are_sorted_by_time_and_name_page_by_page(api: Api) -> None:
    oldest = list((await made(api)).items())
    by_name = await api.pool.fetch("SELECT id, name FROM campaigns ORDER BY name, id")
    names = [(row["id"], row["name"]) for row in by_name]

    assert await listed(api, "sort=created_at") == oldest
    assert await listed(api, "sort=-created_at") == await listed(api, "") == oldest[::-1]
    assert await listed(api, "sort=name") == names
    assert await listed(api, "sort=-name") == names[::-1]


@pytest.mark.parametrize(
    ("part", "found"),
    [("spring", [0, 2, 3, 4]), ("OFFER", [0, 3]), ("%", [4]), ("_", [4]), ("winter", [])],
)
@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
async def test_a_part_of_the_name_is_found(
    api: Api, part: str, found: list[int], sort: str
) -> None:
    oldest = list((await made(api)).items())
    expected = [oldest[index] for index in found]

    entries = await listed(api, f"name={quote(part)}&sort={sort}")

    assert entries == (expected if sort == "created_at" else expected[::-1])


async def test_filters_hold_together(api: Api) -> None:
    campaigns = list(await made(api))
    at = (await api.get(f"/v1/campaigns/{campaigns[2]}"))["created_at"].replace("+", "%2B")

    since = await listed(api, f"created_since={at}&sort=created_at&state=draft")
    until = await listed(api, f"created_until={at}&sort=created_at")

    assert [entry[0] for entry in since] == campaigns[2:]
    assert [entry[0] for entry in until] == campaigns[:2]
    assert await listed(api, f"created_since={at}&state=running") == []
    assert await listed(api, f"created_since={at}&name=autumn") == []


@pytest.mark.parametrize(
    "query",
    ["sort=state", "sort=name,id", "name=%00", "name=", "created_since=2026-11-01T00:00:00"],
)
async def test_a_filter_or_an_order_that_is_not_known_is_refused(api: Api, query: str) -> None:
    problem = await api.get(f"/v1/campaigns?{query}", status=422)

    assert [error["field"] for error in problem["errors"]] == [query.partition("=")[0]]
