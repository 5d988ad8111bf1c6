"""Duplicates by rule: skipped, updated or refused."""

import json
from typing import Any

import pytest

from tests.support.api import Api

A, B, C = "+12025550123", "+12025550124", "+12025550125"
BEFORE = f"number,external_id,name,city,zone\n{A},K1,Zoë,Leeds,\n{B},K2,Bo,,America/Denver\n"
AFTER = (
    "number,external_id,name,expires_at,zone\n"
    f"{A},,Zoe,2031-01-31T00:00:00Z,America/Chicago\n"
    f"{B},K9,,,\n"
    f"{C},K3,Cy,,\n"
    f"{C},,Cyd,,\n"
    f"{C},K4,,,America/Denver\n"
)


async def contacts_of(api: Api) -> dict[str, tuple[Any, ...]]:
    rows = await api.pool.fetch(
        """
        SELECT c.number, c.external_id, c.attributes, c.expires_at IS NOT NULL AS expires, g.zones
        FROM contacts c JOIN calling_groups g ON g.id = c.calling_group_id
        """
    )
    return {
        row["number"]: (
            row["external_id"],
            json.loads(row["attributes"]),
            row["expires"],
            row["zones"],
        )
        for row in rows
    }


async def waiting_is_recounted(api: Api) -> None:
    counted = await api.pool.fetch(
        """
        SELECT calling_group_id AS id, contacts FROM waiting_contacts
        WHERE contacts <> 0 ORDER BY 1
        """
    )
    recounted = await api.pool.fetch(
        "SELECT calling_group_id AS id, count(*) AS contacts FROM contacts GROUP BY 1 ORDER BY 1"
    )
    assert counted == recounted


async def test_an_update_gives_what_a_row_says_and_leaves_the_rest(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, BEFORE.encode())

    report = await api.import_csv(campaign_id, AFTER.encode(), "?on_duplicate=update")

    assert (report["imported"], report["updated"], report["duplicates"]) == (1, 4, 0)
    assert report["duplicate_rows"] == []
    chicago, denver = ["America/Chicago"], ["America/Denver"]
    assert await contacts_of(api) == {
        A: ("K1", {"name": "Zoe", "city": "Leeds"}, True, chicago),
        B: ("K9", {"name": "Bo"}, False, denver),
        C: ("K4", {"name": "Cyd"}, False, denver),
    }
    await waiting_is_recounted(api)


async def test_a_refused_duplicate_is_an_error_by_line(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, BEFORE.encode())

    report = await api.import_csv(campaign_id, AFTER.encode(), "?on_duplicate=refuse")

    assert (report["imported"], report["duplicates"], report["rejected"]) == (1, 0, 4)
    assert [(each["line"], each["field"], each["reason"]) for each in report["errors"]] == [
        (line, "number", "duplicate") for line in (2, 3, 5, 6)
    ]
    assert (await contacts_of(api))[A][1] == {"name": "Zoë", "city": "Leeds"}
    await waiting_is_recounted(api)


async def test_one_duplicate_refuses_a_file_that_must_be_whole(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, BEFORE.encode())

    problem = await api.import_csv(
        campaign_id,
        f"number\n{C}\n{A}\n".encode(),
        "?on_duplicate=refuse&on_error=refuse",
        status=422,
    )

    assert (problem["code"], problem["rejected"]) == ("rows_refused", 1)
    assert problem["errors"][0]["line"] == 3
    assert C not in await contacts_of(api)


@pytest.mark.parametrize("rule", ["update", "refuse"])
async def test_rows_that_were_updated_or_refused_are_no_duplicates_in_the_file_of_fates(
    api: Api, rule: str
) -> None:
    campaign_id = await api.campaign()
    await api.post("/v1/suppressions", {"number": C, "reason": "opt_out"}, status=201)
    await api.import_csv(campaign_id, BEFORE.encode())

    answer = await api.ask(
        "POST",
        f"/v1/campaigns/{campaign_id}/contacts/import?on_duplicate={rule}&format=csv",
        content=f"number\n{A}\n{C}\n",
    )

    fates = [row.split(",")[:2] for row in answer.text.splitlines()[1:]]
    assert sorted(fates) == [["2", "refused"], ["3", "suppressed"]][rule == "update" :]
