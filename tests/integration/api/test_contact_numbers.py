"""Contacts with several numbers: added, found, changed, copied, suppressed, explained, deleted."""

from typing import Any

import pytest

from shared.runtime.process import now
from tests.integration.api.test_contact_edits import count_of, edited, found, patch
from tests.support.api import Api

FIRST, SECOND, THIRD = "+12025550123", "+81355550124", "+13105550199"
ZONES = {FIRST: "America/New_York", SECOND: "Asia/Tokyo", THIRD: "America/Los_Angeles"}


async def a_contact(api: Api, *others: str, **parts: Any) -> tuple[int, int]:
    """A draft, and its one contact, which has these numbers after the first."""
    campaign_id = await api.campaign(**parts)
    entry = {"number": FIRST, "numbers": [*others], "external_id": "A1"}
    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", [entry], status=200)
    [result] = added["results"]
    assert result["result"] == "imported", result
    return campaign_id, int(result["id"])


async def shown(api: Api, contact_id: int) -> dict[str, Any]:
    return await api.get(f"/v1/contacts/{contact_id}")


async def stored(api: Api) -> list[tuple[str, str, bool]]:
    """All numbers in order, each with its zone and whether it is passed over."""
    rows = await api.pool.fetch(
        """
        SELECT own.number, g.zones[1], own.is_passed_over
        FROM contact_numbers AS own JOIN calling_groups AS g ON g.id = own.calling_group_id
        ORDER BY own.contact_id, own.position
        """
    )
    return [tuple(row) for row in rows]


async def go_on(api: Api, contact_id: int, number: str, *, passes_over: str | None = None) -> None:
    """As a fold does after a call that reached nobody."""
    moved = await api.pool.fetchrow(
        """
        UPDATE contacts SET next_number = own.number, calling_group_id = own.calling_group_id
        FROM contact_numbers AS own, contacts AS before
        WHERE contacts.id = $1 AND own.contact_id = $1 AND own.number = $2 AND before.id = $1
        RETURNING contacts.campaign_id, before.calling_group_id AS left, own.calling_group_id AS to
        """,
        contact_id,
        number,
    )
    assert moved is not None
    await api.pool.execute(
        "UPDATE waiting_contacts SET calling_group_id = $2 WHERE calling_group_id = $1",
        moved["left"],
        moved["to"],
    )
    await api.pool.execute(
        "UPDATE contact_numbers SET is_passed_over = true WHERE number = $1", passes_over
    )


async def suppress(api: Api, number: str, **terms: Any) -> None:
    terms = {"number": number, "reason": "asked", **terms}
    assert (await api.ask("POST", "/v1/suppressions", json=terms)).is_success


async def test_a_contact_shows_its_numbers_in_order_each_with_a_place_of_its_own(
    api: Api,
) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND, THIRD)

    contact = await shown(api, contact_id)

    assert (contact["number"], contact["numbers"]) == (FIRST, [SECOND, THIRD])
    assert (contact["next_number"], contact["zones"]) == (FIRST, [ZONES[FIRST]])
    assert await stored(api) == [(number, zone, False) for number, zone in ZONES.items()]
    assert await count_of(api, campaign_id) == (1, 1, 0)


async def test_a_contact_with_one_number_has_no_further_ones(api: Api) -> None:
    _, contact_id = await a_contact(api)

    contact = await shown(api, contact_id)

    assert (contact["numbers"], contact["next_number"]) == ([], FIRST)
    assert await stored(api) == []


async def test_a_number_that_is_given_twice_is_one(api: Api) -> None:
    _, contact_id = await a_contact(api, "+81 3-5555-0124", FIRST, SECOND)

    assert (await shown(api, contact_id))["numbers"] == [SECOND]


async def test_a_number_without_a_zone_comes_last_because_it_is_never_called(api: Api) -> None:
    campaign_id = await api.campaign()
    entry = {"number": "+80012345678", "numbers": [SECOND]}

    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", [entry], status=200)

    [contact] = (await api.get(f"/v1/campaigns/{campaign_id}/contacts"))["contacts"]
    assert contact["id"] == added["results"][0]["id"]
    assert (contact["number"], contact["numbers"]) == (SECOND, ["+80012345678"])


@pytest.mark.parametrize("others", [["+1"], [SECOND, "none"]])
async def test_a_further_number_that_cannot_be_read_rejects_the_contact(
    api: Api, others: list[str]
) -> None:
    campaign_id = await api.campaign()
    entry = {"number": FIRST, "numbers": others}

    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", [entry], status=200)

    [result] = added["results"]
    assert (result["result"], result["field"]) == ("rejected", "numbers")
    assert result["reason"]


async def test_more_than_five_numbers_are_refused(api: Api) -> None:
    campaign_id = await api.campaign()
    entry = {"number": FIRST, "numbers": [f"+1202555013{last}" for last in range(5)]}

    answer = await api.ask("POST", f"/v1/campaigns/{campaign_id}/contacts", json=[entry])

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/0/numbers"


@pytest.mark.parametrize("number", [FIRST, SECOND, THIRD])
async def test_a_contact_is_found_by_each_of_its_numbers(api: Api, number: str) -> None:
    _, contact_id = await a_contact(api, SECOND, THIRD)

    assert await found(api, f"number={number.replace('+', '%2B')}") == [contact_id]


async def test_the_first_number_is_that_by_which_a_campaign_knows_a_contact(api: Api) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND)
    await go_on(api, contact_id, SECOND)
    entries = [{"number": FIRST}, {"number": SECOND}]

    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", entries, status=200)

    assert [result["result"] for result in added["results"]] == ["duplicate", "imported"]


async def test_an_edit_replaces_the_numbers_and_keeps_the_turn_of_one_that_stays(
    api: Api,
) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND, THIRD)
    await go_on(api, contact_id, SECOND, passes_over=FIRST)

    contact = await edited(api, contact_id, {"numbers": [THIRD, SECOND]})

    assert (contact["numbers"], contact["next_number"]) == ([THIRD, SECOND], SECOND)
    assert contact["zones"] == [ZONES[SECOND]]
    assert await stored(api) == [
        (FIRST, ZONES[FIRST], True),
        (THIRD, ZONES[THIRD], False),
        (SECOND, ZONES[SECOND], False),
    ]
    assert await count_of(api, campaign_id) == (1, 1, 0)


async def test_an_edit_without_the_number_whose_turn_it_is_begins_with_the_first(
    api: Api,
) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND, THIRD)
    await go_on(api, contact_id, SECOND)

    contact = await edited(api, contact_id, {"numbers": [THIRD]})

    assert (contact["next_number"], contact["zones"]) == (FIRST, [ZONES[FIRST]])
    assert await count_of(api, campaign_id) == (1, 1, 0)


async def test_an_edit_gives_no_turn_to_a_number_that_is_passed_over(api: Api) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND, THIRD)
    await go_on(api, contact_id, SECOND, passes_over=FIRST)

    contact = await edited(api, contact_id, {"numbers": [THIRD]})

    assert (contact["next_number"], contact["zones"]) == (THIRD, [ZONES[THIRD]])
    assert await count_of(api, campaign_id) == (1, 1, 0)


@pytest.mark.parametrize("none", [None, []])
async def test_an_edit_to_no_further_number_leaves_the_first(api: Api, none: list[str]) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND)
    await go_on(api, contact_id, SECOND)

    contact = await edited(api, contact_id, {"numbers": none})

    assert (contact["numbers"], contact["next_number"]) == ([], FIRST)
    assert await stored(api) == []
    assert await count_of(api, campaign_id) == (1, 1, 0)


async def test_an_edit_of_other_parts_leaves_the_numbers(api: Api) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND)
    await go_on(api, contact_id, SECOND)

    contact = await edited(api, contact_id, {"external_id": "A2"})

    assert (contact["numbers"], contact["next_number"]) == ([SECOND], SECOND)
    assert contact["zones"] == [ZONES[SECOND]]
    assert await count_of(api, campaign_id) == (1, 1, 0)


async def test_an_edit_with_a_number_that_cannot_be_read_names_the_list(api: Api) -> None:
    _, contact_id = await a_contact(api, SECOND)

    answer = await patch(api, contact_id, {"numbers": ["+1"]})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/numbers"


async def test_a_suppression_ends_a_contact_only_when_all_its_numbers_are_suppressed(
    api: Api,
) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND)

    await suppress(api, FIRST)
    assert (await shown(api, contact_id))["state"] == "pending"
    await suppress(api, SECOND)

    contact = await shown(api, contact_id)
    assert (contact["state"], contact["outcome"]) == ("finished", "excluded")
    assert await count_of(api, campaign_id) == (1, 0, 1)


async def test_a_contact_whose_first_number_is_suppressed_is_imported(api: Api) -> None:
    await suppress(api, FIRST)

    campaign_id, _ = await a_contact(api, SECOND)

    assert await count_of(api, campaign_id) == (1, 1, 0)


async def test_a_contact_that_waits_for_a_suppression_is_due_when_any_is_lifted(
    api: Api,
) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND)
    for number in (FIRST, SECOND):
        await suppress(api, number, expires_at="2126-01-01T00:00:00Z")
    await api.pool.execute(
        "UPDATE contacts SET waits_for = 'suppression', not_before = '2126-01-01'"
    )
    await api.pool.execute(
        """
        UPDATE waiting_contacts SET waits_for = 'suppression', five_minutes =
            (SELECT five_minutes_of(not_before) FROM contacts)
        """
    )

    await api.ask("DELETE", f"/v1/suppressions/{SECOND}")

    contact = await shown(api, contact_id)
    assert (contact["state"], contact["waits_for"]) == ("pending", None)
    assert await count_of(api, campaign_id) == (1, 1, 0)


async def test_why_is_about_the_number_to_which_the_contact_goes_on(api: Api) -> None:
    _, contact_id = await a_contact(api, SECOND)
    assert (await api.get(f"/v1/contacts/{contact_id}/why"))["zones"] == [ZONES[FIRST]]

    await suppress(api, FIRST)

    why = await api.get(f"/v1/contacts/{contact_id}/why")
    assert why["zones"] == [ZONES[SECOND]]
    assert "suppression" not in [block["gate"] for block in why["blocks"]]

    await suppress(api, SECOND, expires_at="2126-01-01T00:00:00Z")

    why = await api.get(f"/v1/contacts/{contact_id}/why")
    assert "suppression" in [block["gate"] for block in why["blocks"]]


async def test_a_copy_has_the_numbers_and_begins_with_the_first(api: Api) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND, THIRD)
    await go_on(api, contact_id, SECOND, passes_over=FIRST)

    copy = await api.post(f"/v1/campaigns/{campaign_id}/clone", {"contacts": True}, status=201)

    [contact] = (await api.get(f"/v1/campaigns/{copy['id']}/contacts"))["contacts"]
    assert (contact["numbers"], contact["next_number"]) == ([SECOND, THIRD], FIRST)
    assert contact["zones"] == [ZONES[FIRST]]
    assert (await stored(api))[3:] == [(number, zone, False) for number, zone in ZONES.items()]
    assert await count_of(api, copy["id"]) == (1, 1, 0)


async def test_a_contact_and_a_draft_are_deleted_with_their_numbers(api: Api) -> None:
    _, contact_id = await a_contact(api, SECOND)
    campaign_id, _ = await a_contact(api, SECOND)

    await api.ask("DELETE", f"/v1/contacts/{contact_id}")
    assert [number for number, _, _ in await stored(api)] == [FIRST, SECOND]
    await api.ask("DELETE", f"/v1/campaigns/{campaign_id}")
    assert await stored(api) == []


async def test_the_calls_of_a_contact_are_those_to_all_its_numbers(api: Api) -> None:
    campaign_id, contact_id = await a_contact(api, SECOND)
    await api.pool.execute(
        """
        INSERT INTO call_records (tenant_id, attempt_id, position, campaign_id, contact_id,
            trunk_id, attempt_number, number, dialing_at, ended_at, outcome)
        SELECT $1, uuidv7(), place, $2, $3, 1, place, number, $4, $4, 'busy'
        FROM unnest($5::text[]) WITH ORDINALITY AS called (number, place)
        """,
        api.tenant_id,
        campaign_id,
        contact_id,
        now(),
        [FIRST, SECOND, THIRD],
    )

    calls = (await api.get(f"/v1/calls?contact_id={contact_id}"))["calls"]

    assert [call["number"] for call in calls] == [FIRST, SECOND]
