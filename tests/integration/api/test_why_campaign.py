"""The why answer for a campaign: what its contacts wait for, by the stored waiting counts."""

from datetime import UTC, datetime, timedelta

from shared.db import trunk_outages, trunks, waiting_counts
from shared.db.types import Pool
from shared.domain.capacity.scopes import Caps
from shared.domain.wait_buckets import WaitBucket, five_minutes_of
from tests.support.api import ALWAYS, Api
from tests.support.why_situations import FREE, asking_on_sunday

FILE = b"number,zone\n+12025550123,\n+12025550124,\n+4930123456,\n+80012345678,\n"


async def test_all_pending_contacts_wait_for_something(api: Api) -> None:
    campaign_id = await api.campaign(**FREE)
    await api.import_csv(campaign_id, FILE)
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)

    answer = await api.get(f"/v1/campaigns/{campaign_id}/why")

    counts = {(*entry["zones"], entry["reason"]): entry["contacts"] for entry in answer["waiting"]}
    assert counts == {
        ("America/New_York", "pacing"): 2,
        ("Europe/Berlin", "pacing"): 1,
        ("unknown_zone",): 1,
    }
    assert (answer["pending"], answer["stopped"], answer["next_opens_at"]) == (4, None, None)


async def test_a_trunk_that_is_down_is_named_with_its_begin(api: Api) -> None:
    campaign_id = await api.campaign(**FREE)
    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    trunk_id = await api.pool.fetchval("SELECT trunk_id FROM campaigns")
    since = datetime.now(UTC) - timedelta(minutes=2)
    await trunk_outages.begin(api.pool, trunk_id, since=since, cause="unreachable", now=since)
    contact_id = await api.pool.fetchval("SELECT id FROM contacts")

    campaign = await api.get(f"/v1/campaigns/{campaign_id}/why")
    contact = await api.get(f"/v1/contacts/{contact_id}/why")

    [waiting] = campaign["waiting"]
    assert (waiting["reason"], waiting["contacts"]) == ("trunk_down", 1)
    [down] = campaign["trunks_down"]
    assert (down["trunk"], down["cause"]) == ("default", "unreachable")
    assert datetime.fromisoformat(down["since"]) == since
    # The time of the probe has passed, so it may come at any moment.
    assert down["next_probe_at"] > campaign["at"]
    assert (contact["allowed"], contact["binding"]["gate"]) == (False, "trunk_down")
    assert contact["binding"]["detail"]["trunks"] == "default"


async def test_a_campaign_with_another_trunk_waits_for_none(api: Api) -> None:
    south = await trunks.upsert(
        api.pool, name="south", provider="null", settings={}, caps=Caps(3, None)
    )
    campaign_id = await api.campaign(**FREE, trunk=["south", "default"])
    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    now = datetime.now(UTC)
    await trunk_outages.begin(api.pool, south, since=now, cause="unreachable", now=now)
    contact_id = await api.pool.fetchval("SELECT id FROM contacts")

    campaign = await api.get(f"/v1/campaigns/{campaign_id}/why")
    contact = await api.get(f"/v1/contacts/{contact_id}/why")

    assert [down["trunk"] for down in campaign["trunks_down"]] == ["south"]
    assert [waiting["reason"] for waiting in campaign["waiting"]] == ["pacing"]
    assert contact["allowed"]
    assert [(cap["scope"], cap["trunk"], cap["max_concurrent"]) for cap in contact["capacity"]] == [
        ("campaign", None, None),
        ("tenant", None, None),
        ("trunk", "south", 3),
        ("trunk", "default", None),
        ("installation", None, None),
    ]


async def test_a_campaign_without_contacts_waits_for_nothing(api: Api) -> None:
    campaign_id = await api.campaign()

    answer = await api.get(f"/v1/campaigns/{campaign_id}/why")

    assert (answer["waiting"], answer["pending"], answer["stopped"]) == ([], 0, "draft")


async def test_waiting_contacts_are_listed_soonest_first(api: Api) -> None:
    campaign_id = await api.campaign(**FREE)
    await api.import_csv(campaign_id, b"number\n+4930123456\n")
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    group_id = await api.pool.fetchval("SELECT calling_group_id FROM contacts")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    async with api.pool.acquire() as conn, conn.transaction():
        await waiting_counts.add(
            conn,
            [
                (
                    WaitBucket(
                        api.tenant_id, campaign_id, group_id, "day", five_minutes_of(tomorrow)
                    ),
                    3,
                ),
                (
                    WaitBucket(
                        api.tenant_id, campaign_id, group_id, "retry", five_minutes_of(tomorrow)
                    ),
                    2,
                ),
                (
                    WaitBucket(
                        api.tenant_id,
                        campaign_id,
                        group_id,
                        "retry",
                        five_minutes_of(tomorrow - timedelta(hours=2)),
                    ),
                    5,
                ),
                (
                    WaitBucket(
                        api.tenant_id,
                        campaign_id,
                        group_id,
                        "retry",
                        five_minutes_of(tomorrow + timedelta(days=1)),
                    ),
                    0,
                ),
            ],
        )

    answer = await api.get(f"/v1/campaigns/{campaign_id}/why")

    entries = [(entry["reason"], entry["contacts"]) for entry in answer["waiting"]]
    assert entries[0] == ("retry", 5)
    assert sorted(entries[1:3]) == [("day", 3), ("retry", 2)]
    assert entries[3] == ("pacing", 1)
    assert answer["next_opens_at"] == answer["waiting"][0]["opens_at"]
    assert answer["pending"] == 11


async def test_slots_are_listed_singly_within_an_hour_and_later_by_the_hour(
    api: Api,
) -> None:
    campaign_id = await api.campaign(**FREE)
    await api.import_csv(campaign_id, b"number\n+4930123456\n")
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    group_id = await api.pool.fetchval("SELECT calling_group_id FROM contacts")
    now = datetime.now(UTC)
    hour = (now + timedelta(hours=9)).replace(minute=0, second=0, microsecond=0)
    soon = [now + timedelta(minutes=minutes) for minutes in (20, 40)]
    later = [hour + timedelta(minutes=minutes) for minutes in (15, 55, 65)]
    async with api.pool.acquire() as conn, conn.transaction():
        await waiting_counts.add(
            conn,
            [
                (WaitBucket(api.tenant_id, campaign_id, group_id, "retry", five_minutes_of(at)), 2)
                for at in soon + later
            ],
        )

    entries = (await api.get(f"/v1/campaigns/{campaign_id}/why"))["waiting"]

    assert [entry["contacts"] for entry in entries] == [2, 2, 4, 2, 1]
    opens = [datetime.fromisoformat(entry["opens_at"]) for entry in entries[2:4]]
    assert opens == [later[0], later[2]]


async def test_a_paused_campaign_waits_for_its_owner(api: Api) -> None:
    campaign_id = await api.campaign(**FREE)
    await api.import_csv(campaign_id, FILE)
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    await api.post(f"/v1/campaigns/{campaign_id}/pause", status=202)

    answer = await api.get(f"/v1/campaigns/{campaign_id}/why")

    assert answer["stopped"] == "paused"
    assert {entry["reason"] for entry in answer["waiting"]} == {"campaign", "unknown_zone"}


async def test_a_campaign_not_begun_waits_for_its_first_day(api: Api) -> None:
    first = datetime.now(UTC).date() + timedelta(days=30)
    calendar = {"windows": [ALWAYS], "start_date": first.isoformat()}
    campaign_id = await api.campaign(calendar=calendar, **FREE)
    await api.import_csv(campaign_id, b"number\n+4930123456\n")
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)

    (entry,) = (await api.get(f"/v1/campaigns/{campaign_id}/why"))["waiting"]

    assert (entry["contacts"], entry["reason"]) == (1, "window")
    assert datetime.fromisoformat(entry["opens_at"]).date() in (first, first - timedelta(days=1))


async def test_hours_of_law_are_shown_with_their_rule(pool: Pool) -> None:
    async with asking_on_sunday(pool) as api:
        campaign_id = await api.campaign()
        await api.import_csv(campaign_id, b"number\n+12155550102\n+13055550102\n")
        await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)

        answer = await api.get(f"/v1/campaigns/{campaign_id}/why")

    law, pacing = answer["waiting"]
    assert (law["reason"], law["jurisdictions"], law["contacts"]) == ("law", ["US-PA"], 1)
    assert law["rule"]["name"] == "us-pa.hours"
    assert law["rule"]["source"] == "73 P.S. 2245(a)(1); Act 47 of 2026 (SB 992); 44 P.S. 11"
    assert law["opens_at"] == answer["next_opens_at"] == "2026-11-23T14:00:00Z"
    assert (pacing["reason"], pacing["jurisdictions"]) == ("pacing", ["US-FL"])
