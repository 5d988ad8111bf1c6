"""Files give contacts several numbers, in one request and with each rule for duplicates."""

import json
from typing import Any

import pytest

from tests.integration.intake.test_on_duplicate import waiting_is_recounted
from tests.support.api import Api

A, B, C, D = "+12025550123", "+81355550124", "+13105550199", "+13035550111"
ROWS = f"phone,phone2,phone3,name\n{A},{B},{C},Ann\n{D},,,Dan\n"


async def people(api: Api) -> dict[str, tuple[list[str], str, str]]:
    """By the first number: all numbers of several, the next one, and the zone of that."""
    rows = await api.pool.fetch(
        """
        SELECT number, phone, g.zones[1] AS zone, ARRAY(
            SELECT number FROM contact_numbers WHERE contact_id = contacts.id ORDER BY position
        ) AS numbers
        FROM contacts JOIN calling_groups AS g ON g.id = calling_group_id
        """
    )
    return {row["number"]: (row["numbers"], row["phone"], row["zone"]) for row in rows}


async def zones_of(api: Api, number: str) -> list[str]:
    rows = await api.pool.fetch(
        """
        SELECT g.zones[1] FROM contacts
        JOIN contact_numbers AS own ON own.contact_id = contacts.id
        JOIN calling_groups AS g ON g.id = own.calling_group_id
        WHERE contacts.number = $1 ORDER BY position
        """,
        number,
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
async def test_a_file_gives_each_contact_its_numbers(api: Api, kind: str) -> None:
    campaign_id = await api.campaign()
    lines: list[dict[str, Any]] = [{"number": A, "numbers": [B, C]}, {"number": D}]
    if kind == "csv":
        await api.import_csv(campaign_id, ROWS.encode())
    else:
        answer = await api.ask(
            "POST",
            f"/v1/campaigns/{campaign_id}/contacts/import",
            content="\n".join(map(json.dumps, lines)),
            headers={"Content-Type": "application/x-ndjson"},
        )
        assert answer.json()["imported"] == 2

    assert await people(api) == {
        A: ([A, B, C], A, "America/New_York"),
        D: ([], D, "America/Denver"),
    }
    assert await zones_of(api, A) == ["America/New_York", "Asia/Tokyo", "America/Los_Angeles"]
    await waiting_is_recounted(api)


async def test_the_first_row_of_a_number_is_its_contact(api: Api) -> None:
    campaign_id = await api.campaign()

    report = await api.import_csv(
        campaign_id, f"phone,phone2\n{A},{B}\n{A},{C}\n{D},\n{D},{C}\n".encode()
    )
    again = await api.import_csv(campaign_id, f"phone,phone2\n{A},{C}\n".encode())

    assert (report["imported"], report["duplicates"], again["duplicates"]) == (2, 2, 1)
    found = await people(api)
    assert (found[A][0], found[D][0]) == ([A, B], [])


async def test_a_first_number_that_is_suppressed_does_not_exclude_the_contact(api: Api) -> None:
    await api.post("/v1/suppressions", {"number": A, "reason": "opt_out"}, status=201)
    campaign_id = await api.campaign()

    report = await api.import_csv(campaign_id, ROWS.encode())

    assert (report["imported"], report["suppressed"]) == (2, 0)
    await waiting_is_recounted(api)


async def test_an_update_gives_the_numbers_of_a_row_that_has_several(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, ROWS.encode())
    await _go_on(api, B)

    rows = f"phone,phone2,name\n{A},{C},Anna\n{D},{B},\n"
    report = await api.import_csv(campaign_id, rows.encode(), "?on_duplicate=update")

    assert report["updated"] == 2
    assert await people(api) == {
        A: ([A, C], A, "America/New_York"),
        D: ([D, B], D, "America/Denver"),
    }
    assert await zones_of(api, D) == ["America/Denver", "Asia/Tokyo"]
    await waiting_is_recounted(api)


async def test_an_update_keeps_the_turn_and_what_is_known_of_numbers_that_stay(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, ROWS.encode())
    await _go_on(api, B)
    await api.pool.execute("UPDATE contact_numbers SET is_passed_over = number = $1", A)

    rows = f"phone,phone2,phone3\n{A},{D},{B}\n"
    await api.import_csv(campaign_id, rows.encode(), "?on_duplicate=update")

    found = await people(api)
    assert found[A] == ([A, D, B], B, "Asia/Tokyo")
    assert await zones_of(api, A) == ["America/New_York", "America/Denver", "Asia/Tokyo"]
    assert await _passed_over(api) == [A]
    await waiting_is_recounted(api)

    rows = f"phone,phone2,phone3\n{A},{D},{C}\n"
    await api.import_csv(campaign_id, rows.encode(), "?on_duplicate=update")

    assert (await people(api))[A] == ([A, D, C], D, "America/Denver")
    assert await _passed_over(api) == [A]
    await waiting_is_recounted(api)


async def test_an_update_with_a_free_number_ends_the_wait_for_a_suppression(api: Api) -> None:
    terms = {"number": D, "reason": "asked", "expires_at": "2126-01-01T00:00:00Z"}
    await api.post("/v1/suppressions", terms, status=201)
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, ROWS.encode())
    waits = "SELECT waits_for FROM contacts WHERE number = $1"
    assert await api.pool.fetchval(waits, D) == "suppression"

    rows = f"phone,phone2\n{D},{B}\n"
    await api.import_csv(campaign_id, rows.encode(), "?on_duplicate=update")

    assert await api.pool.fetchval(waits, D) is None
    await waiting_is_recounted(api)


async def _passed_over(api: Api) -> list[str]:
    rows = await api.pool.fetch("SELECT number FROM contact_numbers WHERE is_passed_over")
    return [row["number"] for row in rows]


async def test_an_update_by_a_row_with_one_number_places_that_number_only(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, ROWS.encode())
    await _go_on(api, B)

    rows = f"phone,zone\n{A},America/Chicago\n"
    await api.import_csv(campaign_id, rows.encode(), "?on_duplicate=update")

    found = await people(api)
    assert found[A] == ([A, B, C], B, "Asia/Tokyo")
    assert await zones_of(api, A) == ["America/Chicago", "Asia/Tokyo", "America/Los_Angeles"]
    await waiting_is_recounted(api)


async def _go_on(api: Api, number: str) -> None:
    await api.pool.execute(
        """
        UPDATE contacts SET next_number = own.number, calling_group_id = own.calling_group_id
        FROM contact_numbers AS own WHERE own.contact_id = contacts.id AND own.number = $1
        """,
        number,
    )
    await api.pool.execute("DELETE FROM waiting_contacts")
    await api.pool.execute(
        """
        INSERT INTO waiting_contacts
        SELECT tenant_id, campaign_id, calling_group_id, 'new', 0, count(*)
        FROM contacts GROUP BY 1, 2, 3
        """
    )
