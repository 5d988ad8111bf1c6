"""The tenant matrix: every route of openapi.json, asked by all who must not get through.

Its rows are made of the document; a route that is new needs its body in test_boundaries.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2

from services.api import openapi
from shared.db.api import api_keys
from shared.domain.access import KeyScope
from tests.integration.api.test_boundaries import LISTS, NAMES, ROUTES, everything_of
from tests.support.api import Api

CSV = b"number\n+12025550142\n"
# Words and numbers of one tenant, which no other may see.
CANARIES = (b"+12025550199", b"canary")
# Bodies that the owner's key needs beside those of test_boundaries.
REASON = {"person": "Ada", "reason": "we have consent"}
BODIES = {
    ("PUT", "/v1/rules/{rule}/override"): REASON,
    ("PUT", "/v1/rules/{rule}/turn-on"): REASON,
}
# There is nothing to end for the owner, either; and an override is of a rule of a pack.
ABSENT = {
    ("DELETE", "/v1/contacts/{contact}/callback"),
    ("DELETE", "/v1/rules/{rule}/override"),
    ("DELETE", "/v1/rules/{rule}/turn-on"),
    ("PUT", "/v1/rules/{rule}/override"),
    ("PUT", "/v1/rules/{rule}/turn-on"),
}
# A problem document repeats it; answers are compared.
NAMED = {"X-Request-Id": "r"}
NO_TENANT = 2**31 - 1
MISSING = dict.fromkeys(NAMES.values(), 10**9) | {
    "number": "+12025550177",
    "rule": "us-fl.not-there",
    "version": 1,
}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    scopes: frozenset[KeyScope]
    takes_csv: bool
    body: Any
    filters: tuple[str, ...]

    @property
    def has_ids(self) -> bool:
        return "{" in self.path

    async def ask(self, api: Api, ids: dict[str, Any], **headers: str) -> httpx2.Response:
        headers, body = NAMED | headers, {"json": self.body}
        if self.takes_csv:
            headers, body = headers | {"Content-Type": "text/csv"}, {"content": CSV}
        path = self.path.format(**ids)
        return await api.ask(self.method, path, headers=headers, **body)


def operations() -> Iterator[Operation]:
    bodies = {(method, path): body for method, path, body in ROUTES + LISTS} | BODIES
    for path, methods in openapi.document()["paths"].items():
        for method, found in methods.items():
            opening = {scope for each in found["security"] for scope in each.get("api_key", ())}
            short = re.sub(r"\{(\w+)\}", lambda name: f"{{{NAMES[name[1]]}}}", path)
            if opening:
                yield Operation(
                    method=method.upper(),
                    path=short,
                    scopes=frozenset(map(KeyScope, opening)),
                    takes_csv="text/csv" in found.get("requestBody", {}).get("content", {}),
                    body=bodies.get((method.upper(), short)) or example(found),
                    filters=tuple(
                        field["name"]
                        for field in found.get("parameters", ())
                        if field["in"] == "query" and field["name"] in NAMES
                    ),
                )


def example(operation: dict[str, Any]) -> Any:
    """The first body that the document shows for the operation."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return next(iter(schema.get("examples", ())), None)


# Those with ids first: the others may make things of the same number or name.
EVERY = sorted(operations(), key=lambda operation: not operation.has_ids)


async def with_key(api: Api, **options: Any) -> Api:
    """The same tenant by another key, which has all scopes if none are named."""
    given = {"name": "of the matrix", "scopes": tuple(KeyScope)} | options
    async with api.pool.acquire() as conn:
        _, key = await api_keys.insert(conn, tenant_id=api.tenant_id, **given)
    return Api(http=api.http, pool=api.pool, tenant_id=api.tenant_id, key=key)


def is_taken(answer: httpx2.Response, operation: Operation) -> bool:
    """Whether the owner is served, or refused by the state of the owner's own things only."""
    if answer.status_code == 422:
        # The tenant has one of this name already.
        return all(error["reason"].endswith("_taken") for error in answer.json()["errors"])
    if answer.status_code == 404:
        return (operation.method, operation.path) in ABSENT
    # 409: a draft cannot be paused, for example.
    return answer.status_code in (200, 201, 202, 204, 409)


async def test_each_route_takes_the_owners_key(api: Api) -> None:
    shared, refused = await everything_of(api), {}
    for operation in EVERY:
        owner, ids = api, shared
        if operation.method != "GET":
            owner = await api.another()
            ids = await everything_of(owner)

        answer = await operation.ask(owner, ids)

        if not is_taken(answer, operation):
            refused[operation.method, operation.path] = (answer.status_code, answer.text)

    assert refused == {}


async def test_without_a_valid_key_no_route_says_anything(api: Api) -> None:
    ids = await everything_of(api)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    expired, revoked = await with_key(api, expires_at=yesterday), await with_key(api)
    await revoked.pool.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE id = (SELECT max(id) FROM api_keys)"
    )
    unknown = Api(http=api.http, pool=api.pool, tenant_id=1, key=f"od_{api.tenant_id}_guessed")
    none = Api(http=api.http, pool=api.pool, tenant_id=1, key="")

    for stranger in (none, unknown, expired, revoked):
        answers = [await each.ask(stranger, ids) for each in EVERY]
        assert {answer.status_code for answer in answers} == {401}
        # The same for all: not even whether the route would take the request.
        assert len({answer.content for answer in answers}) == 1


async def test_a_key_without_the_scope_of_a_route_is_refused(api: Api) -> None:
    ids = await everything_of(api)
    everything = frozenset(KeyScope)
    lacking = {
        scopes: await with_key(api, scopes=everything - scopes)
        for scopes in {operation.scopes for operation in EVERY} - {everything}
    }

    for operation in EVERY:
        if operation.scopes < everything:
            answer = await operation.ask(lacking[operation.scopes], ids)
            assert answer.status_code == 403, operation
            assert answer.json()["code"] == "insufficient_scope", operation
            assert set(answer.json()["needed_scopes"]) == operation.scopes


async def test_another_tenants_ids_are_answered_like_ids_that_do_not_exist(api: Api) -> None:
    theirs, stranger = await everything_of(api), await api.another()
    missing = MISSING | {"attempt": uuid4()}
    guessed = (
        MISSING
        | {"attempt": uuid4()}
        | {
            name: own + 7
            for name, own in theirs.items()
            if isinstance(own, int) and name != "version"
        }
    )

    for operation in EVERY:
        foreign = await operation.ask(stranger, theirs)
        assert not any(canary in foreign.content for canary in CANARIES), operation
        if operation.has_ids:
            for ids in (missing, guessed):
                absent = await operation.ask(stranger, ids)
                assert foreign.status_code == absent.status_code == 404, operation
                assert foreign.content == absent.content, operation


def unsealed(answer: httpx2.Response) -> bytes:
    """The answer without its cursors: each is sealed for the filters that were asked by."""
    return re.sub(rb'"(\w+_cursor)":"[^"]*"', rb'"\1":""', answer.content)


async def test_filters_by_another_tenants_ids_find_what_ids_that_do_not_exist_do(api: Api) -> None:
    theirs, stranger = await everything_of(api), await api.another()

    for operation in EVERY:
        for name in operation.filters:
            foreign, absent = [
                await stranger.ask(
                    operation.method,
                    operation.path.format(**theirs),
                    params={name: ids[NAMES[name]]},
                    headers=NAMED,
                )
                for ids in (theirs, MISSING)
            ]
            assert foreign.status_code == absent.status_code, (operation, name)
            assert unsealed(foreign) == unsealed(absent), (operation, name)


async def test_no_route_lets_a_key_act_for_a_tenant_that_it_does_not_own(api: Api) -> None:
    theirs, stranger = await everything_of(api), await api.another()

    for operation in EVERY:
        foreign, absent = [
            await operation.ask(stranger, theirs, **{"Outdial-Tenant": str(tenant)})
            for tenant in (api.tenant_id, NO_TENANT)
        ]
        assert foreign.status_code == absent.status_code == 404, operation
        assert foreign.content == absent.content, operation
