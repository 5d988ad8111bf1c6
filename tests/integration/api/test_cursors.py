"""Cursors are of one list of one tenant, and follow it while others write."""

import asyncio
import base64
import os
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import pytest

from services.api.http.cursors import Cursors
from services.api.openapi import document
from services.api.refusals import Refused
from shared.db import public_events
from shared.db.api import audit_log, operations
from shared.db.events import call_records
from shared.db.types import Session
from shared.domain.campaigns import CampaignKey
from shared.runtime.process import now
from tests.support.api import Api
from tests.support.waiting import until
from tests.support.webhook_rows import an_event

# How many rows four writers append to each list.
APPENDED = int(os.environ.get("OUTDIAL_TEST_APPENDED") or 2_000)
WRITERS, BATCH = 4, 25

# Each list, and the field of its entries that names them.
LISTS = {
    "/v1/campaigns": "id",
    "/v1/campaigns/{campaign}/contacts": "number",
    "/v1/contacts": "id",
    "/v1/operations": "id",
    "/v1/audit-log": "id",
    "/v1/campaigns/{campaign}/attempts": "id",
    "/v1/campaigns/{campaign}/deliveries": "id",
    "/v1/suppressions": "number",
    "/v1/blackouts": "id",
    "/v1/call-flows": "id",
    "/v1/calls": "attempt_id",
    "/v1/caller-ids": "number",
    "/v1/number-pools": "id",
    "/v1/agents": "id",
    "/v1/sms-senders": "id",
}
# Their order is that of the commits, so a reader can go on behind the last one.
FOLLOWED = {"/v1/calls", "/v1/campaigns/{campaign}/deliveries"}
# So can one who asks for the order in which rows were added, and waits for open transactions.
ADDED = {"/v1/campaigns", "/v1/contacts", "/v1/operations", "/v1/audit-log"}
NEW_NUMBER = "'+4' || (10000000000 + floor(random() * 9e10)::bigint)"
# $1 is the tenant, $2 the campaign, $3 the number of rows.
APPEND = {
    "/v1/campaigns": """
        INSERT INTO campaigns (tenant_id, trunk_id, name, definition)
        SELECT tenant_id, trunk_id, name, definition
        FROM campaigns, generate_series(1, $3), pg_current_xact_id()
        WHERE tenant_id = $1 AND id = $2 RETURNING id
    """,
    "/v1/campaigns/{campaign}/contacts": f"""
        INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number)
        SELECT $1, $2, (SELECT min(id) FROM calling_groups), {NEW_NUMBER}
        FROM generate_series(1, $3) ON CONFLICT DO NOTHING RETURNING number
    """,
    "/v1/contacts": f"""
        INSERT INTO contacts (tenant_id, campaign_id, calling_group_id, number)
        SELECT $1, $2, (SELECT min(id) FROM calling_groups), {NEW_NUMBER}
        FROM generate_series(1, $3), pg_current_xact_id() ON CONFLICT DO NOTHING RETURNING id
    """,
    "/v1/campaigns/{campaign}/attempts": """
        INSERT INTO attempts (tenant_id, id, campaign_id, contact_id, claimed_at, window_closes_at,
            ended_at, number, state, reason, tzdata_version)
        SELECT $1, uuidv7(), $2, 1, now(), now(), now(), 1, 'dropped', 'paused', 'x'
        FROM generate_series(1, $3) RETURNING id
    """,
    "/v1/suppressions": f"""
        INSERT INTO suppressions (tenant_id, campaign_id, number, reason, expires_at, created_at)
        SELECT $1, $2 * 0, {NEW_NUMBER}, 'x', 'infinity', now() FROM generate_series(1, $3)
        ON CONFLICT DO NOTHING RETURNING number
    """,
    "/v1/blackouts": """
        INSERT INTO blackouts (tenant_id, reason)
        SELECT $1, 'x' || $2::bigint FROM generate_series(1, $3) RETURNING id
    """,
    "/v1/call-flows": """
        WITH made AS (
            INSERT INTO call_flows (tenant_id, name)
            SELECT $1, gen_random_uuid()::text FROM generate_series($2 * 0 + 1, $3)
            RETURNING id
        )
        INSERT INTO call_flow_versions (tenant_id, call_flow_id, version, definition, api_key_id)
        SELECT $1, made.id, 1, '{"start": "end", "steps": {"end": {"type": "hang_up"}}}',
            (SELECT min(id) FROM api_keys)
        FROM made RETURNING call_flow_id
    """,
    "/v1/caller-ids": f"""
        INSERT INTO caller_ids (tenant_id, number)
        SELECT $1, {NEW_NUMBER} FROM generate_series($2 * 0 + 1, $3)
        ON CONFLICT DO NOTHING RETURNING number
    """,
    "/v1/number-pools": """
        INSERT INTO number_pools (tenant_id, name, rotation)
        SELECT $1, gen_random_uuid()::text, 'sticky' FROM generate_series($2 * 0 + 1, $3)
        RETURNING id
    """,
    "/v1/agents": """
        INSERT INTO agents (tenant_id, trunk_id, name, kind, provider_agent_id)
        SELECT $1, (SELECT min(id) FROM trunks), gen_random_uuid()::text, 'squad', 'x'
        FROM generate_series($2 * 0 + 1, $3) RETURNING id
    """,
    "/v1/sms-senders": """
        INSERT INTO sms_senders (tenant_id, trunk_id, sender)
        SELECT $1, (SELECT min(id) FROM trunks), gen_random_uuid()::text
        FROM generate_series($2 * 0 + 1, $3) RETURNING id
    """,
}
CALLS = """
    INSERT INTO call_records (tenant_id, attempt_id, position, campaign_id, contact_id, trunk_id,
        dialing_at, ended_at, attempt_number, number, outcome, facts)
    SELECT $1, uuidv7(), position, $2, 1, 1, now(), now(), 1, '+12025550123', 'busy', '{}'
    FROM unnest($3::bigint[]) AS position RETURNING attempt_id
"""
Names = set[int | str]


async def append(
    conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", path: str, of: CampaignKey
) -> Names:
    """Append a batch in a transaction, by the product's own order; returns their names."""
    async with conn.transaction():
        if path == "/v1/calls":
            positions = await call_records.reserve(conn, {of.tenant_id: BATCH})
            places = [next(positions[of.tenant_id]) for _ in range(BATCH)]
            rows = await conn.fetch(CALLS, *of, places)
        elif path == "/v1/operations":
            return {await an_operation(conn, of) for _ in range(BATCH)}
        elif path == "/v1/audit-log":
            return await audited(conn, of)
        elif path.endswith("deliveries"):
            events = [an_event(*of) for _ in range(BATCH)]
            await public_events.add(conn, events)
            return {str(event.id) for event in events}
        else:
            rows = await conn.fetch(APPEND[path], *of, BATCH)
    # As JSON has them.
    return {row[0] if isinstance(row[0], int) else str(row[0]) for row in rows}


async def an_operation(conn: Session, of: CampaignKey) -> int:
    made = await operations.create(
        conn, **of._asdict(), kind="contacts_import", api_key_id=1, request={}, size=0
    )
    return made.id


async def audited(conn: Session, of: CampaignKey) -> Names:
    """The ids of new entries of the audit log, which are for this test alone."""
    name = str(uuid4())
    entry = audit_log.Entry(
        at=now(),
        api_key_id=1,
        api_key_name="x",
        partner_id=None,
        operation="x",
        kind="x",
        resource_id=name,
        before=None,
        after=None,
        address=None,
        request_id=None,
    )
    for _ in range(BATCH):
        await audit_log.insert(conn, of.tenant_id, entry)
    rows = await conn.fetch(
        "SELECT id FROM audit_log WHERE tenant_id = $1 AND kind = 'x' AND resource_id = $2",
        of.tenant_id,
        name,
    )
    return {str(row["id"]) for row in rows}


@dataclass(slots=True)
class Reader:
    """Reads a list page by page; `seen` names its entries in the order in which they came."""

    api: Api
    path: str
    campaign_id: int
    cursor: str | None = None
    seen: list[int | str] = field(default_factory=list)

    async def read(self) -> bool:
        """Read the next page; returns whether another one follows."""
        asked = {"limit": "100"} | ({"cursor": self.cursor} if self.cursor else {})
        if self.path in ADDED:
            asked["follow"] = "true"
        address = self.path.format(campaign=self.campaign_id)
        page = await self.api.get(f"{address}?{urlencode(asked)}")
        (entries,) = (value for value in page.values() if isinstance(value, list))
        self.seen += [entry[LISTS[self.path]] for entry in entries]
        self.cursor = page.get("follow_cursor") or page["next_cursor"]
        return page["next_cursor"] is not None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", LISTS)
async def test_a_reader_misses_nothing_and_sees_nothing_twice(api: Api, path: str) -> None:
    campaign_id = await api.campaign(webhook={"url": "https://example.com/hook"})
    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    of = CampaignKey(api.tenant_id, campaign_id)
    written: Names = set()
    half, follows = asyncio.Event(), path in FOLLOWED | ADDED

    async def write() -> None:
        for _ in range(APPENDED // WRITERS // BATCH):
            async with api.pool.acquire() as conn:
                written.update(await append(conn, path, of))
            if len(written) >= APPENDED // 2:
                half.set()

    reader = Reader(api, path, campaign_id)

    async def sees_all() -> bool:
        await reader.read()
        return written <= set(reader.seen)

    async with asyncio.TaskGroup() as group:
        writers = [group.create_task(write()) for _ in range(WRITERS)]
        await half.wait()
        known, goes_on = set(written), True
        while goes_on:
            is_last = all(writer.done() for writer in writers)
            goes_on = await reader.read() or (follows and not is_last)
    if follows:
        await until(sees_all)

    assert len(reader.seen) == len(set(reader.seen))
    assert known - set(reader.seen) == set()


async def a_cursor(api: Api) -> str:
    for _ in range(2):
        await api.campaign()
    return str((await api.get("/v1/campaigns?limit=1"))["next_cursor"])


async def test_a_cursor_leads_on_with_another_size_of_the_page(api: Api) -> None:
    cursor = await a_cursor(api)

    page = await api.get(f"/v1/campaigns?limit=7&cursor={cursor}")

    assert len(page["campaigns"]) == 1


async def test_a_cursor_is_of_one_list_with_its_filters_and_of_one_tenant(api: Api) -> None:
    cursor = await a_cursor(api)
    others = [path.format(campaign=await api.campaign()) for path in LISTS]

    for path in [*others, "/v1/calls/export"]:
        if path != "/v1/campaigns":
            problem = await api.get(f"{path}?cursor={cursor}", status=400)
            assert problem["code"] == "cursor_invalid", path
    await api.get(f"/v1/campaigns?state=draft&cursor={cursor}", status=400)
    await (await api.another()).get(f"/v1/campaigns?cursor={cursor}", status=400)


@pytest.mark.parametrize("made_up", ["x", "17", "0-0", "%C2%B2", "%00", "AAAA", "A" * 2000, ""])
async def test_a_made_up_cursor_is_refused(api: Api, made_up: str) -> None:
    for path in ("/v1/campaigns", "/v1/suppressions", "/v1/calls", "/v1/calls/export"):
        problem = await api.get(f"{path}?cursor={made_up}", status=400)
        assert problem["code"] == "cursor_invalid"


def test_each_list_takes_only_cursors_that_are_tested() -> None:
    paged = {
        path.replace("{campaign_id}", "{campaign}")
        for path, operations in document()["paths"].items()
        if "cursor" in {field["name"] for field in operations.get("get", {}).get("parameters", [])}
    }
    others = {
        "/v1/api-keys",
        "/v1/callbacks",
        "/v1/calls/export",
        "/v1/call-flows/{call_flow_id}/versions",
        "/v1/sms-messages",
        "/v1/tenants",
        "/v1/webhooks",
    }

    assert paged == LISTS.keys() | others


def test_a_changed_cursor_is_refused_and_hides_its_place() -> None:
    cursors = Cursors()
    cursor = cursors.cursor(["+12025550123"], of=b"list")
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))

    assert cursors.place(cursor, of=b"list") == ["+12025550123"]
    assert b"2025550123" not in raw
    for index in range(len(raw)):
        changed = bytearray(raw)
        changed[index] ^= 1
        with pytest.raises(Refused, match="cursor_invalid"):
            cursors.place(base64.urlsafe_b64encode(changed).decode(), of=b"list")
    with pytest.raises(Refused, match="cursor_invalid"):
        Cursors().place(cursor, of=b"list")


async def test_a_follower_waits_for_a_row_whose_id_was_given_before(api: Api) -> None:
    of = CampaignKey(api.tenant_id, await api.campaign())
    seen: list[int] = []
    page = await api.get("/v1/campaigns?follow=true")

    async def has_come(wanted: int) -> bool:
        nonlocal page
        seen.extend(entry["id"] for entry in page["campaigns"])
        page = await api.get(f"/v1/campaigns?follow=true&cursor={page['follow_cursor']}")
        return wanted in seen

    async with api.pool.acquire() as conn, conn.transaction():
        [slow] = await conn.fetch(APPEND["/v1/campaigns"], *of, 1)
        quick = await api.campaign()
        assert [await has_come(quick) for _ in range(3)] == [False] * 3
    await until(lambda: has_come(quick))

    assert seen == [of.campaign_id, slow["id"], quick]


@pytest.mark.parametrize("filters", ["state=draft", "sort=name", "name=x"])
async def test_a_list_that_is_followed_has_no_filter(api: Api, filters: str) -> None:
    problem = await api.get(f"/v1/campaigns?follow=true&{filters}", status=422)

    assert problem["errors"][0]["reason"] == "not_followed"
