"""Each resource has an ETag: it is changed only as it was seen, and not sent again in vain."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from services.api.openapi import document
from tests.support.api import Api
from tests.support.call_flows import SILENT_SURVEY

NUMBER = "+12025550100"
STALE = {"If-Match": '"0123456789abcdef"'}
CHOICE = {"person": "Dana Reyes", "reason": "Budget"}
CEILING = {"currency": "USD", "per_day": "500", "call_most": "0.50"} | CHOICE


@dataclass(frozen=True, slots=True)
class Example:
    """How one resource is made, and a change of it by its own path, or by one below it."""

    make: Callable[[Api], Awaitable[str]]
    change: Any
    method: str = "PATCH"
    below: str = ""
    is_deleted: bool = True


def posted(path: str, body: Any) -> Callable[[Api], Awaitable[str]]:
    async def make(api: Api) -> str:
        made = await api.post(path, body, status=201)
        return f"{path}/{made.get('number') or made['id']}"

    return make


async def a_pool(api: Api) -> str:
    await posted("/v1/caller-ids", {"number": NUMBER})(api)
    return await posted("/v1/number-pools", {"name": "east", "numbers": [NUMBER]})(api)


async def a_draft(api: Api) -> str:
    return f"/v1/campaigns/{await api.campaign()}"


async def a_contact(api: Api) -> str:
    path = f"{await a_draft(api)}/contacts"
    added = await api.post(path, [{"number": NUMBER}], status=200)
    return f"/v1/contacts/{added['results'][0]['id']}"


async def destinations(_api: Api) -> str:
    return "/v1/destinations"


async def a_ceiling(api: Api) -> str:
    response = await api.ask("PUT", "/v1/spend-ceiling", json=CEILING)
    assert response.status_code == 200, response.text
    return "/v1/spend-ceiling"


AGENT = {"name": "renewals", "kind": "squad", "provider_agent_id": "s_1", "trunk": "default"}
OTHER_FLOW = {"start": "end", "steps": {"end": {"type": "hang_up"}}}
EXAMPLES = {
    "agents": Example(posted("/v1/agents", AGENT), {"state": "inactive"}),
    "caller_ids": Example(posted("/v1/caller-ids", {"number": NUMBER}), {"state": "inactive"}),
    "number_pools": Example(a_pool, {"rotation": "sticky"}),
    "sms_senders": Example(
        posted("/v1/sms-senders", {"sender": "ACME", "trunk": "default"}), {"state": "inactive"}
    ),
    "call_flows": Example(
        posted("/v1/call-flows", {"name": "survey", "flow": SILENT_SURVEY}), {"flow": OTHER_FLOW}
    ),
    "campaigns": Example(a_draft, {"name": "Other"}),
    "contacts": Example(a_contact, {"expires_at": "2031-01-31T00:00:00Z"}),
    "expiries": Example(
        a_contact, {"expires_at": "2031-01-31T00:00:00Z"}, "PUT", "/expiry", is_deleted=False
    ),
    "destinations": Example(
        destinations, {"allowed_countries": ["DE"]} | CHOICE, "PUT", is_deleted=False
    ),
    "spend_ceiling": Example(a_ceiling, CEILING | {"per_day": "400"}, "PUT"),
}


async def etag(api: Api, path: str) -> str:
    response = await api.ask("GET", path)
    assert response.status_code == 200, response.text
    return response.headers["ETag"]


def code(response: httpx2.Response) -> tuple[int, str | None]:
    return response.status_code, response.json()["code"] if response.content else None


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
async def test_a_change_is_made_only_as_the_caller_has_seen_it(api: Api, example: Example) -> None:
    path = await example.make(api)
    before = await etag(api, path)

    async def change(**headers: str) -> httpx2.Response:
        return await api.ask(
            example.method, path + example.below, json=example.change, headers=headers
        )

    stale = await change(**STALE)
    weak = await change(**{"If-Match": f"W/{before}"})
    unchanged = await etag(api, path)
    changed = await change(**{"If-Match": f'"other", {before}'})
    again = await change(**{"If-Match": before})

    assert code(stale) == code(weak) == code(again) == (412, "stale")
    assert unchanged == before
    assert changed.status_code == 200, changed.text
    assert changed.headers["ETag"] == await etag(api, path) != before


@pytest.mark.parametrize("name", [name for name in EXAMPLES if EXAMPLES[name].is_deleted])
async def test_one_that_was_changed_is_not_deleted(api: Api, name: str) -> None:
    path = await EXAMPLES[name].make(api)

    stale = await api.ask("DELETE", path, headers=STALE)
    deleted = await api.ask("DELETE", path, headers={"If-Match": await etag(api, path)})

    assert code(stale) == (412, "stale")
    assert code(deleted) == (204, None)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
async def test_a_reader_that_has_it_is_not_sent_it_again(api: Api, example: Example) -> None:
    path = await example.make(api)
    tag = await etag(api, path)

    known = await api.ask("GET", path, headers={"If-None-Match": f"W/{tag}"})
    other = await api.ask("GET", path, headers={"If-None-Match": '"other"'})

    # Ceilings are shown as they stand, or there is none; that is not of the row.
    always = path.startswith(("/v1/campaigns", "/v1/spend"))
    assert (known.status_code, known.content) == (304, b"") or always
    assert known.headers["ETag"] == tag
    assert other.status_code == 200


async def test_of_two_that_change_what_both_have_seen_one_does(api: Api) -> None:
    path = await a_draft(api)
    seen = {"If-Match": await etag(api, path)}

    answers = await asyncio.gather(
        *(api.ask("PATCH", path, json={"name": name}, headers=seen) for name in ("one", "two"))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert (await api.get(path))["name"] in {"one", "two"}


def test_each_patch_takes_a_condition() -> None:
    without = [
        path
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
        if method == "patch"
        and ("if-match" not in {field["name"] for field in operation["parameters"]})
    ]

    assert without == []
