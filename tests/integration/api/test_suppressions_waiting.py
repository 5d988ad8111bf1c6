"""A suppression delays or finishes waiting contacts; lifting it restores their own times."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.events.fold import CallFolder
from shared.domain.wait_buckets import NEW, five_minutes_of
from tests.support.api import Api
from tests.support.folding import BUSY, an_end, another_attempt

NUMBER = "+12025550123"
HOUR = timedelta(hours=1)
FILE = b"number\n+12025550123\n"


async def suppress(api: Api, *, status: int = 201, **terms: Any) -> None:
    body = {"number": NUMBER, "reason": "x"} | terms
    await api.post("/v1/suppressions", body, status=status)


async def contacts(api: Api) -> list[tuple[str, str | None, datetime]]:
    rows = await api.pool.fetch(
        "SELECT state, waits_for, not_before FROM contacts ORDER BY campaign_id"
    )
    return [(row["state"], row["waits_for"], row["not_before"]) for row in rows]


async def contact(api: Api) -> tuple[str, str | None, datetime]:
    [contact] = await contacts(api)
    return contact


async def counted(api: Api) -> dict[tuple[str, int], int]:
    """The stored waiting counts, by reason and five-minute slot."""
    rows = await api.pool.fetch("SELECT waits_for, five_minutes, contacts FROM waiting_contacts")
    return {
        (row["waits_for"], row["five_minutes"]): row["contacts"] for row in rows if row["contacts"]
    }


async def lift(api: Api, query: str = "") -> None:
    assert (await api.ask("DELETE", f"/v1/suppressions/{NUMBER}{query}")).status_code == 204


async def test_one_with_an_expiry_makes_contacts_wait_for_it(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, FILE)
    until = datetime.now(UTC) + HOUR

    await suppress(api, expires_at=until.isoformat())
    waited = await contact(api)
    before = datetime.now(UTC)
    await lift(api)

    assert waited == ("pending", "suppression", until)
    state, waits_for, not_before = await contact(api)
    assert (state, waits_for) == ("pending", None)
    assert before <= not_before <= datetime.now(UTC)
    assert (await api.get(f"/v1/campaigns/{campaign_id}/counters"))["finished"] == {}


async def test_waiting_counts_change_with_the_suppression(api: Api) -> None:
    await api.import_csv(await api.campaign(), FILE)
    before = await counted(api)
    until = datetime.now(UTC) + HOUR

    await suppress(api, expires_at=until.isoformat())
    waiting = await counted(api)
    await lift(api)
    lifted = await counted(api)
    five_minutes = five_minutes_of((await contact(api))[2])
    await suppress(api)

    arrived = before.get((NEW, 0), 0)
    new = {(NEW, 0): arrived - 1} if arrived != 1 else {}
    assert waiting == {("suppression", five_minutes_of(until)): 1} | new
    assert lifted == {(NEW, five_minutes): 1} | new
    assert await counted(api) == new


async def test_lifting_gives_a_retry_back_with_its_gap(api: Api) -> None:
    await api.import_csv(await api.campaign(), FILE)
    retry_at = datetime.now(UTC) + HOUR
    await api.pool.execute("UPDATE contacts SET waits_for = 'retry', not_before = $1", retry_at)

    await suppress(api, expires_at=(retry_at + HOUR).isoformat())
    assert await contact(api) == ("pending", "suppression", retry_at + HOUR)
    await lift(api)

    assert await contact(api) == ("pending", "retry", retry_at)


async def test_lifting_gives_a_retry_back_that_a_fold_has_put_off(api: Api) -> None:
    await api.import_csv(await api.campaign(attempts={"max_total": 3, "retry": BUSY}), FILE)
    ended_at = datetime.now(UTC)
    attempt = await another_attempt(api.pool, at=ended_at, closes_at=ended_at + HOUR)
    await suppress(api, expires_at=(ended_at + 9 * HOUR).isoformat())

    await CallFolder(api.pool).on_call_reports([an_end(attempt, at=ended_at)])
    put_off = await contact(api)
    await lift(api)

    assert put_off == ("pending", "suppression", ended_at + 9 * HOUR)
    assert await contact(api) == ("pending", "retry", ended_at + HOUR)


async def test_one_that_ends_before_the_retry_changes_nothing(api: Api) -> None:
    await api.import_csv(await api.campaign(), FILE)
    retry_at = datetime.now(UTC) + 2 * HOUR
    await api.pool.execute("UPDATE contacts SET waits_for = 'retry', not_before = $1", retry_at)

    await suppress(api, expires_at=(retry_at - HOUR).isoformat())
    assert await contact(api) == ("pending", "retry", retry_at)
    await lift(api)

    assert await contact(api) == ("pending", "retry", retry_at)


async def test_another_expiry_moves_what_waits(api: Api) -> None:
    await api.import_csv(await api.campaign(), FILE)
    now = datetime.now(UTC)

    seen: list[tuple[str, str | None, datetime]] = []
    for hours in (3, 5, 1):
        await suppress(
            api, expires_at=(now + hours * HOUR).isoformat(), status=200 if seen else 201
        )
        seen.append(await contact(api))
    await suppress(api, status=200)

    assert seen == [("pending", "suppression", now + hours * HOUR) for hours in (3, 5, 1)]
    assert (await contact(api))[:2] == ("finished", None)


async def test_that_of_a_campaign_leaves_the_others_alone(api: Api) -> None:
    first, second = [await api.campaign() for _ in range(2)]
    for campaign_id in (first, second):
        await api.import_csv(campaign_id, FILE)

    await suppress(api, campaign_id=first)

    assert [state for state, _, _ in await contacts(api)] == ["finished", "pending"]
    assert (await api.get(f"/v1/campaigns/{first}/counters"))["finished"] == {"excluded": 1}
    assert (await api.get(f"/v1/campaigns/{second}/counters"))["finished"] == {}


async def test_of_two_the_longer_one_holds(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, FILE)
    now = datetime.now(UTC)
    await suppress(api, expires_at=(now + 2 * HOUR).isoformat())
    await suppress(api, campaign_id=campaign_id, expires_at=(now + HOUR).isoformat())

    assert await contact(api) == ("pending", "suppression", now + 2 * HOUR)
    await lift(api)
    assert await contact(api) == ("pending", "suppression", now + HOUR)
    await lift(api, f"?campaign_id={campaign_id}")
    assert (await contact(api))[1] is None


async def test_a_contact_that_comes_in_waits_too(api: Api) -> None:
    now = datetime.now(UTC)
    first, second, third = [await api.campaign() for _ in range(3)]
    await suppress(api, expires_at=(now + HOUR).isoformat())
    await suppress(api, campaign_id=second, expires_at=(now + 2 * HOUR).isoformat())
    await suppress(api, campaign_id=third)

    reports = [await api.import_csv(campaign_id, FILE) for campaign_id in (first, third)]
    added = await api.post(f"/v1/campaigns/{second}/contacts", [{"number": NUMBER}], status=200)

    assert [(report["imported"], report["suppressed"]) for report in reports] == [(1, 0), (0, 1)]
    assert added["results"][0]["result"] == "imported"
    assert [row[:2] for row in await contacts(api)] == [
        ("pending", "suppression"),
        ("pending", "suppression"),
        ("finished", None),
    ]
    assert [row[2] for row in await contacts(api)][:2] == [now + HOUR, now + 2 * HOUR]
    await lift(api)
    assert [row[1] for row in await contacts(api)] == [None, "suppression", None]


async def test_an_expired_one_keeps_no_contact_out(api: Api) -> None:
    await suppress(api)
    await api.pool.execute("UPDATE suppressions SET expires_at = now()")

    report = await api.import_csv(await api.campaign(), FILE)

    assert (report["imported"], report["suppressed"]) == (1, 0)
    assert (await contact(api))[:2] == ("pending", None)
