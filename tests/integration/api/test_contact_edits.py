"""Contacts are found by number and by their owner's id, changed as an import reads, and deleted."""

from typing import Any

import httpx2
import pytest

from shared.db.waiting_counts import of_campaign
from shared.domain.campaigns import CampaignKey
from tests.support.api import Api

FIRST, SECOND, OTHER = "+12025550123", "+12025550124", "+13105550199"
MERGE = {"Content-Type": "application/merge-patch+json"}


async def filled(api: Api, **parts: Any) -> tuple[int, int, int]:
    """A draft and its two contacts."""
    campaign_id = await api.campaign(**parts)
    entries = [
        {"number": FIRST, "external_id": "A1", "attributes": {"a": {"b": 1, "c": 2}}},
        {"number": SECOND, "external_id": "A2"},
    ]
    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", entries, status=200)
    first, second = (result["id"] for result in added["results"])
    return campaign_id, first, second


async def patch(api: Api, contact_id: int, body: Any, **options: Any) -> httpx2.Response:
    return await api.ask("PATCH", f"/v1/contacts/{contact_id}", json=body, **options)


async def edited(api: Api, contact_id: int, body: Any, **options: Any) -> dict[str, Any]:
    answer = await patch(api, contact_id, body, **options)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def delete(api: Api, contact_id: int) -> tuple[int, str | None]:
    answer = await api.ask("DELETE", f"/v1/contacts/{contact_id}")
    return answer.status_code, answer.json()["code"] if answer.content else None


async def set_state(api: Api, contact_id: int, state: str, outcome: str | None = None) -> None:
    await api.pool.execute(
        "UPDATE contacts SET state = $2, outcome = $3 WHERE id = $1", contact_id, state, outcome
    )


async def count_of(api: Api, campaign_id: int) -> tuple[int, int, int]:
    """Total, pending and finished, which must be what the contacts say."""
    counted = (await api.get(f"/v1/campaigns/{campaign_id}/counters"))["contacts"]
    people = (await api.get(f"/v1/campaigns/{campaign_id}/contacts"))["contacts"]
    states = [person["state"] for person in people]
    async with api.pool.acquire() as conn:
        waiting = await of_campaign(conn, CampaignKey(api.tenant_id, campaign_id))
    groups = await api.pool.fetch(
        """
        SELECT calling_group_id, count(*) FROM contacts
        WHERE campaign_id = $1 AND state = 'pending' GROUP BY 1
        """,
        campaign_id,
    )
    assert sorted((b.calling_group_id, n) for b, n in waiting) == sorted(map(tuple, groups))
    found = counted["total"], counted["pending"], counted["finished"]
    assert found == (len(people), states.count("pending"), states.count("finished"))
    return found


async def found(api: Api, query: str) -> list[int]:
    page = await api.get(f"/v1/contacts?{query}")
    return [contact["id"] for contact in page["contacts"]]


async def test_contacts_of_all_campaigns_are_found(api: Api) -> None:
    campaign, first, second = await filled(api)
    _, again, _ = await filled(api)
    await filled(await api.another())

    assert await found(api, f"number={FIRST[1:]}") == [again, first]
    assert await found(api, f"number=%2B{FIRST[1:]}&external_id=A1") == [again, first]
    assert await found(api, "external_id=A1") == [again, first]
    assert await found(api, f"number={FIRST[1:]}&external_id=A2") == []
    assert await found(api, f"external_id=A2&campaign_id={campaign}") == [second]
    assert await found(api, f"number={SECOND[1:]}&campaign_id={campaign}") == [second]
    assert len(await found(api, "")) == 4
    page = await api.get("/v1/contacts?external_id=A1&limit=1")
    assert await found(api, f"external_id=A1&limit=1&cursor={page['next_cursor']}") == [first]


@pytest.mark.parametrize("query", ["campaign_id=1", "number=12", "external_id="])
async def test_a_search_for_nothing_is_refused(api: Api, query: str) -> None:
    problem = await api.get(f"/v1/contacts?{query}", status=422)

    assert problem["errors"][0]["field"] == query.partition("=")[0]


async def test_parts_are_replaced_and_null_removes(api: Api) -> None:
    _, first, _ = await filled(api)
    before = await api.get(f"/v1/contacts/{first}")

    whole = await edited(api, first, {"attributes": {"x": 1}, "external_id": None})
    dated = await edited(api, first, {"expires_at": "2031-01-31T01:00:00+01:00"})
    bare = await edited(api, first, {"attributes": None, "expires_at": None})

    assert whole == before | {"attributes": {"x": 1}, "external_id": None}
    assert dated == whole | {"expires_at": "2031-01-31T00:00:00Z"}
    assert bare == before | {"attributes": None, "external_id": None}
    assert await api.get(f"/v1/contacts/{first}") == bare


async def test_a_merge_patch_changes_inside_the_attributes(api: Api) -> None:
    _, first, _ = await filled(api)

    merged = await edited(api, first, {"attributes": {"a": {"b": None}, "d": 4}}, headers=MERGE)

    assert merged["attributes"] == {"a": {"c": 2}, "d": 4}
    large = {"attributes": {"e": "x" * 65_000}}
    assert (await patch(api, first, large, headers=MERGE)).status_code == 200
    more = {"attributes": {"f": "x" * 1_000}}
    answer = await patch(api, first, more, headers=MERGE)
    assert answer.json()["errors"][0]["reason"] == "too_long"


async def test_a_number_is_read_as_an_import_reads_it(api: Api) -> None:
    campaign, first, _ = await filled(api, default_region="US")

    changed = await edited(api, first, {"number": "(310) 555-0199"})
    placed = await edited(api, first, {"postal_code": "33101"})

    assert (changed["number"], changed["zones"]) == (OTHER, ["America/Los_Angeles"])
    assert (placed["number"], placed["jurisdictions"]) != (OTHER, changed["jurisdictions"])
    assert await count_of(api, campaign) == (2, 2, 0)
    assert await found(api, f"number={OTHER[1:]}") == [first]


async def test_the_suppressions_of_a_new_number_hold(api: Api) -> None:
    campaign, first, second = await filled(api)
    for number, expires_at in ((OTHER, None), ("+13105550198", "2031-01-31T00:00:00Z")):
        body = {"number": number, "reason": "x", "expires_at": expires_at}
        await api.post("/v1/suppressions", body, status=201)

    excluded = await edited(api, first, {"number": OTHER})
    waits = await edited(api, second, {"number": "+13105550198"})

    assert (excluded["state"], excluded["outcome"]) == ("finished", "excluded")
    assert (waits["waits_for"], waits["not_before"]) == ("suppression", "2031-01-31T00:00:00Z")
    assert await count_of(api, campaign) == (2, 1, 1)
    again = await edited(api, second, {"number": "+13105550197"})
    assert (again["state"], again["waits_for"]) == ("pending", None)
    assert await count_of(api, campaign) == (2, 1, 1)


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        ({"number": SECOND}, "number_taken", "number"),
        ({"number": "12"}, "no_country", "number"),
        ({"number": ""}, "empty", "number"),
        ({"number": None}, "string_type", "number"),
        ({"zone": "Mars/Base"}, "unknown_zone", "zone"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "in_the_past", "expires_at"),
        ({"expires_at": "2031-01-01"}, None, "expires_at"),
        ({"attributes": {"a": "\x00"}}, "value_error", "attributes"),
        ({"state": "pending"}, "extra_forbidden", "state"),
    ],
)
async def test_a_wrong_part_is_refused_and_nothing_changes(
    api: Api, body: Any, reason: str | None, field: str
) -> None:
    campaign, first, _ = await filled(api)
    before = await api.get(f"/v1/contacts/{first}")

    answer = await patch(api, first, body)

    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert error["reason"] == reason or reason is None
    assert await api.get(f"/v1/contacts/{first}") == before
    assert await count_of(api, campaign) == (2, 2, 0)


async def test_a_number_changes_only_while_the_contact_is_pending(api: Api) -> None:
    _, first, second = await filled(api)
    await set_state(api, first, "active")
    await set_state(api, second, "finished", "busy")

    answers = [await patch(api, contact, {"number": OTHER}) for contact in (first, second)]

    codes = [answer.json()["code"] for answer in answers]
    assert codes == ["contact_active", "contact_finished"]
    assert (await edited(api, second, {"external_id": "B"}))["external_id"] == "B"
    stranger = await api.another()
    assert (await patch(stranger, first, {"external_id": "B"})).status_code == 404


async def test_a_contact_that_is_not_in_a_call_is_deleted_and_no_longer_counted(api: Api) -> None:
    campaign, first, second = await filled(api)
    suppressed = {"number": SECOND, "reason": "opt_out"}
    await api.post("/v1/suppressions", suppressed, status=201)
    assert await count_of(api, campaign) == (2, 1, 1)

    await set_state(api, first, "active")
    assert await delete(api, first) == (409, "contact_active")
    await set_state(api, first, "pending")
    assert await delete(await api.another(), first) == (404, "not_found")
    assert await delete(api, first) == (204, None)
    assert await count_of(api, campaign) == (1, 0, 1)
    assert await delete(api, second) == (204, None)

    assert await count_of(api, campaign) == (0, 0, 0)
    assert await delete(api, second) == (404, "not_found")
    await api.get(f"/v1/contacts/{first}", status=404)
    again = await api.post(f"/v1/campaigns/{campaign}/contacts", [{"number": FIRST}], status=200)
    assert again["imported"] == 1
