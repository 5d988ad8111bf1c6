"""Each change over the API leaves one entry in the audit log: who, what, from where, when."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.api.http.changed_fields import Recorded
from tests.support.api import Api
from tests.support.every_write import NUMBER, a_write, operations

# They only read.
READ_ONLY = {"preflight_campaign"}
# What they make is of another kind than their address.
KINDS = {
    "create_dialect_credentials": "api-keys",
    "erase_person": "operations",
    "place_call": "contacts",
}


async def entries(api: Api, query: str = "") -> list[dict[str, Any]]:
    page = await api.get(f"/v1/audit-log{query}")
    return list(page["audit_log"])


async def test_each_operation_that_changes_something_leaves_one_entry(api: Api) -> None:
    for name in operations("POST", "PATCH", "PUT", "DELETE"):
        client = await api.another()
        write = await a_write(client, name)
        before = len(await entries(client))

        answer = await client.ask(write.method, write.path, **write.options)
        written = await entries(client)

        assert answer.is_success, (name, answer.text)
        assert len(written) - before == (0 if name in READ_ONLY else 1), name
        if name in READ_ONLY:
            continue
        [entry, *_] = written
        assert entry["operation"] == name
        assert entry["kind"] == KINDS.get(name, write.path.split("/")[2]), name
        assert (entry["before"], entry["after"]) != (None, None), name
        assert entry["request_id"] == answer.headers["x-request-id"], name
        assert NUMBER not in str(entry), name


async def test_an_entry_says_who_changed_what_from_where_and_when(api: Api) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    campaign_id = await api.campaign()

    await api.ask("PATCH", f"/v1/campaigns/{campaign_id}", json={"name": "Others"})
    [edited, created] = await entries(api)

    who = await api.get("/v1/tenant")
    assert (edited["api_key_id"], edited["api_key_name"]) == (who["api_key_id"], "operator")
    assert (edited["kind"], edited["resource_id"]) == ("campaigns", str(campaign_id))
    assert (edited["before"], edited["after"]) == ({"name": "Reminders"}, {"name": "Others"})
    assert edited["address"] == "127.0.0.1"
    assert began <= datetime.fromisoformat(edited["at"]) <= datetime.now(UTC)
    assert (created["operation"], created["resource_id"]) == ("create_campaign", str(campaign_id))
    assert created["before"] is None
    assert created["after"]["name"] == "Reminders"


async def test_a_refusal_and_a_change_of_nothing_leave_no_entry(api: Api) -> None:
    campaign_id = await api.campaign()
    written = await entries(api)

    refused = await api.ask("POST", f"/v1/campaigns/{campaign_id}/start")
    same = await api.ask("PATCH", f"/v1/campaigns/{campaign_id}", json={"name": "Reminders"})

    assert (refused.status_code, same.status_code) == (409, 200)
    assert await entries(api) == written


async def test_a_dry_run_and_a_replay_leave_no_entry(api: Api) -> None:
    campaign_id = await api.campaign()
    csv = b"number\n+12025550124\n"
    await api.import_csv(campaign_id, csv, "?dry_run=true")
    for _ in range(2):
        await api.ask(
            "PATCH",
            f"/v1/campaigns/{campaign_id}",
            json={"name": "Others"},
            headers={"Idempotency-Key": "k"},
        )

    operations_seen = [entry["operation"] for entry in await entries(api)]
    assert operations_seen == ["edit_campaign", "create_campaign"]


async def test_the_list_is_narrowed_by_resource_key_and_time(api: Api) -> None:
    first, second = await api.campaign(), await api.campaign(name="Others")
    agent = {"name": "a", "kind": "squad", "provider_agent_id": "s_1", "trunk": "default"}
    await api.post("/v1/agents", agent, status=201)
    key = (await api.get("/v1/tenant"))["api_key_id"]
    [newest, *_] = await entries(api)

    assert len(await entries(api, "?resource=campaigns")) == 2
    assert [
        entry["resource_id"] for entry in await entries(api, f"?resource=campaigns/{first}")
    ] == [str(first)]
    assert await entries(api, f"?resource=agents/{second + 100}") == []
    assert len(await entries(api, f"?api_key_id={key}")) == 3
    assert await entries(api, f"?api_key_id={key + 1}") == []
    since = datetime.fromisoformat(newest["at"]).isoformat().replace("+00:00", "Z")
    assert [entry["id"] for entry in await entries(api, f"?since={since}")] == [newest["id"]]
    assert await entries(await api.another()) == []


async def test_pages_follow_each_other(api: Api) -> None:
    for n in range(5):
        await api.campaign(name=f"n{n}")

    names, query = [], "?limit=2"
    while True:
        page = await api.get(f"/v1/audit-log{query}")
        names += [entry["after"]["name"] for entry in page["audit_log"]]
        if page["next_cursor"] is None:
            break
        query = f"?limit=2&cursor={page['next_cursor']}"

    assert names == ["n4", "n3", "n2", "n1", "n0"]


async def test_secrets_are_hidden(api: Api) -> None:
    await api.campaign(webhook={"url": "https://example.com/hook"})
    await api.post("/v1/api-keys", {"name": "CRM", "scopes": ["read"]}, status=201)

    text = str(await entries(api))

    assert "whsec_" not in text
    assert f"od_{api.tenant_id}_" not in text


def test_the_fields_that_differ_are_recorded() -> None:
    recorded = Recorded()
    old = {"name": "a", "state": "active", "secret": "s1", "parts": [{"token": "t"}]}
    recorded.add(before=old, after=old | {"state": "inactive", "secret": "s2", "parts": []})

    assert recorded.before == {"state": "active", "secret": "…", "parts": [{"token": "…"}]}
    assert recorded.after == {"state": "inactive", "secret": "…", "parts": []}


def test_a_long_value_is_only_said_to_have_changed() -> None:
    recorded = Recorded()
    recorded.add(after={"name": "a", "flow": "x" * 30_000})

    assert recorded.after == {"name": "a", "flow": "…"}
