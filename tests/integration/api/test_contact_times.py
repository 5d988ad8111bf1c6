"""The callback time and the expiry of a contact, set by the REST API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.api import Api

NUMBER = "+12025550123"
FILE = b"number\n+12025550123\n"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def a_contact(api: Api, **definition: Any) -> int:
    await api.import_csv(await api.campaign(**definition), FILE)
    contact_id: int = await api.pool.fetchval("SELECT max(id) FROM contacts")
    return contact_id


async def put(
    api: Api, contact: int, at: datetime | str | None, *, part: str = "callback", status: int = 200
) -> dict[str, Any]:
    body = {
        "at" if part == "callback" else "expires_at": at.isoformat()
        if isinstance(at, datetime)
        else at
    }
    response = await api.ask("PUT", f"/v1/contacts/{contact}/{part}", json=body)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def cancel(api: Api, contact: int) -> int:
    return (await api.ask("DELETE", f"/v1/contacts/{contact}/callback")).status_code


async def waits(api: Api, contact: int) -> tuple[str | None, datetime | None]:
    row = await api.pool.fetchrow(
        "SELECT waits_for, not_before FROM contacts WHERE id = $1", contact
    )
    assert row is not None
    return row["waits_for"], row["not_before"]


async def attempted(api: Api, contact: int, *, ended_at: datetime, not_before: datetime) -> None:
    """Make a contact with one unanswered attempt and a planned retry."""
    await api.pool.execute(
        """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            dialing_at, placed_at, ended_at, number, state, tzdata_version, outcome,
            provider_call_id)
        SELECT tenant_id, uuidv7(), campaign_id, id, $2, $2, $2, $2, $2, 1, 'ended', '',
            'no_answer', 'x'
        FROM contacts WHERE id = $1
        """,
        contact,
        ended_at,
    )
    async with api.pool.acquire() as conn, conn.transaction():
        await conn.execute(
            """
            UPDATE contacts SET attempts = 1, attempts_on_day = 1, not_before = $2,
                day = $3, waits_for = 'retry' WHERE id = $1
            """,
            contact,
            not_before,
            ended_at.date(),
        )
        # As if the fold had moved it.
        await conn.execute("TRUNCATE waiting_contacts")
        await conn.execute(
            """
            INSERT INTO waiting_contacts
            SELECT tenant_id, campaign_id, calling_group_id, waits_for,
                five_minutes_of(not_before), 1
            FROM contacts
            """
        )


async def assert_counted(api: Api) -> None:
    """Check that the waiting counts equal a recount."""
    counted = await api.pool.fetch(
        """
        SELECT campaign_id, calling_group_id, waits_for, five_minutes, contacts
        FROM waiting_contacts
        WHERE contacts <> 0 ORDER BY 1, 2, 3, 4
        """
    )
    recounted = await api.pool.fetch(
        """
        SELECT campaign_id, calling_group_id, coalesce(waits_for, 'new'),
            five_minutes_of(not_before), count(*)
        FROM contacts WHERE state = 'pending' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        """
    )
    assert [tuple(row) for row in counted] == [tuple(row) for row in recounted]


async def test_a_contact_is_due_at_its_callback_time(api: Api) -> None:
    contact = await a_contact(api)
    at = datetime.now(UTC) + 2 * DAY

    answer = await put(api, contact, at)

    assert (answer["waits_for"], datetime.fromisoformat(answer["not_before"])) == ("callback", at)
    assert await waits(api, contact) == ("callback", at)
    await assert_counted(api)


async def test_another_time_takes_the_place_of_the_first(api: Api) -> None:
    contact = await a_contact(api)
    now = datetime.now(UTC)

    for hours in (5, 2, 9):
        await put(api, contact, now + hours * HOUR)

    assert await waits(api, contact) == ("callback", now + 9 * HOUR)
    await assert_counted(api)


async def test_a_cancelled_callback_leaves_an_untried_contact_due_at_once(api: Api) -> None:
    contact = await a_contact(api)
    await put(api, contact, datetime.now(UTC) + HOUR)
    before = datetime.now(UTC)

    statuses = [await cancel(api, contact) for _ in range(2)]

    waits_for, not_before = await waits(api, contact)
    assert statuses == [204, 404]
    assert waits_for is None
    assert not_before is not None
    assert before <= not_before <= datetime.now(UTC)
    await assert_counted(api)


async def test_a_cancelled_callback_gives_a_retry_its_time_back(api: Api) -> None:
    contact = await a_contact(api, attempts={"max_total": 3})
    now = datetime.now(UTC)
    await attempted(api, contact, ended_at=now - HOUR, not_before=now + 3 * DAY)

    await put(api, contact, now + HOUR)
    await put(api, contact, now + 2 * HOUR)
    moved = await waits(api, contact)
    await cancel(api, contact)

    assert moved == ("callback", now + 2 * HOUR)
    assert await waits(api, contact) == ("retry", now + 3 * DAY)
    await assert_counted(api)


async def test_a_callback_keeps_the_gap_to_the_last_attempt(api: Api) -> None:
    contact = await a_contact(api, attempts={"max_total": 3, "min_gap_seconds": 7200})
    now = datetime.now(UTC)
    await attempted(api, contact, ended_at=now, not_before=now + 2 * HOUR)

    answer = await put(api, contact, now + HOUR)

    assert datetime.fromisoformat(answer["not_before"]) == now + 2 * HOUR
    await assert_counted(api)


async def test_a_cancelled_callback_opens_no_spent_day(api: Api) -> None:
    """The call with the callback request used up the day's attempts."""
    policy = {"max_total": 3, "max_per_day": 1}
    contact = await a_contact(api, attempts=policy, default_zone="UTC")
    now = datetime.now(UTC)
    await attempted(api, contact, ended_at=now, not_before=now + HOUR)
    await api.pool.execute("UPDATE contacts SET day = $1", (now + DAY).date())
    await put(api, contact, now + 5 * HOUR)
    await api.pool.execute("UPDATE contacts SET resumes_at = NULL")

    await cancel(api, contact)

    waits_for, not_before = await waits(api, contact)
    assert waits_for == "day"
    assert not_before is not None
    assert not_before > now + HOUR
    await assert_counted(api)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("state = 'finished', outcome = 'busy'", "contact_finished"),
        ("state = 'active'", "contact_active"),
    ],
)
async def test_only_a_waiting_contact_gets_a_callback(api: Api, state: str, code: str) -> None:
    contact = await a_contact(api)
    await api.pool.execute("UPDATE contacts SET " + state)

    answer = await put(api, contact, datetime.now(UTC) + HOUR, status=409)

    assert answer["code"] == code
    assert await cancel(api, contact) == 404


async def test_a_contact_suppressed_for_good_gets_no_callback(api: Api) -> None:
    contact = await a_contact(api)
    await api.post("/v1/suppressions", {"number": NUMBER, "reason": "x"}, status=201)

    answer = await put(api, contact, datetime.now(UTC) + HOUR, status=409)

    assert (answer["code"], answer["detail"]) == (
        "contact_finished",
        "the contact is finished: excluded",
    )


async def test_a_suppression_until_a_time_lets_only_later_callbacks_be(api: Api) -> None:
    contact = await a_contact(api)
    now = datetime.now(UTC)
    until = (now + 2 * HOUR).isoformat()
    terms = {"number": NUMBER, "reason": "x", "expires_at": until}
    await api.post("/v1/suppressions", terms, status=201)

    refused = await put(api, contact, now + HOUR, status=409)
    await put(api, contact, now + 3 * HOUR)
    moved = await waits(api, contact)
    await cancel(api, contact)

    assert (refused["code"], moved) == ("suppressed", ("callback", now + 3 * HOUR))
    assert await waits(api, contact) == ("suppression", now + 2 * HOUR)
    await assert_counted(api)
    await api.ask("DELETE", f"/v1/suppressions/{NUMBER}")
    assert (await waits(api, contact))[0] is None
    await assert_counted(api)


@pytest.mark.parametrize(
    ("after", "reason"),
    [(-HOUR, "in_the_past"), (367 * DAY, "too_far")],
)
async def test_a_time_that_cannot_be_is_refused(api: Api, after: timedelta, reason: str) -> None:
    contact = await a_contact(api)

    answer = await put(api, contact, datetime.now(UTC) + after, status=422)

    assert [(error["field"], error["reason"]) for error in answer["errors"]] == [("at", reason)]
    assert (await waits(api, contact))[0] is None


@pytest.mark.parametrize(
    "at", ["2030-01-31T15:00:00", "soon", None, "9999-12-31T23:59:59-12:00", 5e300]
)
@pytest.mark.parametrize("part", ["callback", "expiry"])
async def test_a_value_that_is_not_an_instant_is_refused(api: Api, part: str, at: Any) -> None:
    contact = await a_contact(api)
    if (part, at) == ("expiry", None):
        return

    answer = await put(api, contact, at, part=part, status=422)

    assert [error["field"] for error in answer["errors"]] == [
        "at" if part == "callback" else "expires_at"
    ]


async def test_an_object_of_another_tenant_is_not_found(api: Api) -> None:
    contact = await a_contact(api)
    other = await api.another()
    soon = datetime.now(UTC) + HOUR

    await put(other, contact, soon, status=404)
    await put(other, contact, soon, part="expiry", status=404)

    assert await cancel(other, contact) == 404


async def test_an_ended_campaign_takes_no_callback(api: Api) -> None:
    contact = await a_contact(api)
    await api.pool.execute("UPDATE campaigns SET wanted_state = 'cancelled'")
    soon = datetime.now(UTC) + HOUR

    codes = [
        (await put(api, contact, soon, status=409))["code"],
        (await put(api, contact, soon, part="expiry", status=409))["code"],
    ]

    assert codes == ["campaign_ended", "campaign_ended"]


async def test_a_contact_gets_an_expiry_and_loses_it(api: Api) -> None:
    contact = await a_contact(api)
    at = datetime.now(UTC) + HOUR

    answer = await put(api, contact, at, part="expiry")
    again = await put(api, contact, None, part="expiry")

    assert datetime.fromisoformat(answer["expires_at"]) == at
    assert again["expires_at"] is None
    assert (await api.get(f"/v1/contacts/{contact}"))["expires_at"] is None


async def test_a_callback_after_the_expiry_is_refused(api: Api) -> None:
    contact = await a_contact(api)
    now = datetime.now(UTC)
    await put(api, contact, now + HOUR, part="expiry")

    answer = await put(api, contact, now + 2 * HOUR, status=422)

    assert [(error["field"], error["reason"]) for error in answer["errors"]] == [
        ("at", "after_expiry")
    ]


@pytest.mark.parametrize(("after", "reason"), [(-HOUR, "in_the_past"), (40_000 * DAY, "too_far")])
async def test_an_expiry_that_cannot_be_is_refused(api: Api, after: timedelta, reason: str) -> None:
    contact = await a_contact(api)

    answer = await put(api, contact, datetime.now(UTC) + after, part="expiry", status=422)

    assert [(error["field"], error["reason"]) for error in answer["errors"]] == [
        ("expires_at", reason)
    ]


async def test_a_finished_contact_has_no_expiry_any_more(api: Api) -> None:
    contact = await a_contact(api)
    await api.pool.execute("UPDATE contacts SET state = 'finished', outcome = 'busy'")

    answer = await put(api, contact, datetime.now(UTC) + HOUR, part="expiry", status=409)

    assert answer["code"] == "contact_finished"


async def test_callbacks_are_listed_by_time_and_by_campaign(api: Api) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    late, early, never = [await a_contact(api) for _ in range(3)]
    for contact, hours in ((late, 5), (early, 1)):
        await put(api, contact, now + hours * HOUR)

    async def listed(query: str = "") -> list[int]:
        callbacks = (await api.get(f"/v1/callbacks{query}"))["callbacks"]
        return [callback["contact_id"] for callback in callbacks]

    between = (now + 2 * HOUR).isoformat().replace("+", "%2B")
    campaign_id = await api.pool.fetchval("SELECT campaign_id FROM contacts WHERE id = $1", late)
    assert await listed() == [early, late]
    assert await listed(f"?since={between}") == [late]
    assert await listed(f"?until={between}") == [early]
    assert await listed(f"?campaign_id={campaign_id}") == [late]
    assert never not in await listed()
    assert await cancel(api, early) == 204
    assert await listed() == [late]


async def test_pages_of_callbacks_at_one_time_repeat_and_miss_none(api: Api) -> None:
    campaign_id = await api.campaign()
    file = "number\n" + "".join(f"+1202555{n:04}\n" for n in range(5))
    await api.import_csv(campaign_id, file.encode())
    ids = [row["id"] for row in await api.pool.fetch("SELECT id FROM contacts ORDER BY id")]
    at = datetime.now(UTC) + HOUR
    for contact in ids:
        await put(api, contact, at)

    seen, path = [], "/v1/callbacks?limit=2"
    cursor = ""
    while True:
        page = await api.get(path + cursor)
        seen += [callback["contact_id"] for callback in page["callbacks"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == ids
