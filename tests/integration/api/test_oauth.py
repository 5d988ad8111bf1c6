"""Access tokens of OAuth2: client credentials are the id and the text of an API key."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from services.api import tokens
from services.api.native import oauth
from shared.db.api import api_keys
from tests.support.api import Api

FORM = "application/x-www-form-urlencoded"
NEW = {"name": "CRM", "scopes": ["campaigns", "contacts"]}
GRANT = {"grant_type": "client_credentials"}


async def a_client(api: Api, **changes: Any) -> dict[str, str]:
    made = await api.post("/v1/api-keys", NEW | changes, status=201)
    return {"client_id": str(made["id"]), "client_secret": made["api_key"]}


async def ask(
    api: Api, parameters: dict[str, str] | str, basic: dict[str, str] | None = None
) -> httpx2.Response:
    headers = {"Content-Type": FORM}
    if basic is not None:
        credentials = f"{basic['client_id']}:{basic['client_secret']}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(credentials).decode()}"
    body = parameters if isinstance(parameters, str) else urlencode(parameters)
    return await api.http.post("/oauth2/token", content=body.encode(), headers=headers)


async def status_of(api: Api, token: str, path: str = "/v1/campaigns") -> int:
    answer = await api.http.get(path, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


@pytest.mark.parametrize("in_form", [True, False])
async def test_a_token_opens_the_api_with_the_scopes_of_its_key(api: Api, in_form: bool) -> None:
    client = await a_client(api)

    answer = await (ask(api, GRANT | client) if in_form else ask(api, GRANT, client))

    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    token = answer.json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert token["scope"] == "campaigns contacts"
    assert await status_of(api, token["access_token"]) == 200
    assert await status_of(api, token["access_token"], "/v1/api-keys") == 403


async def test_a_token_has_fewer_scopes_if_it_asks_for_fewer(api: Api) -> None:
    client = await a_client(api)

    token = (await ask(api, GRANT | {"scope": "contacts"}, client)).json()

    assert token["scope"] == "contacts"
    assert await status_of(api, token["access_token"]) == 403
    assert await status_of(api, token["access_token"], "/v1/suppressions") == 200


async def test_a_token_ends_with_its_key_and_by_itself(api: Api) -> None:
    client = await a_client(api)
    tokens = [(await ask(api, GRANT, client)).json()["access_token"] for _ in range(3)]
    digests = await api.pool.fetch("SELECT sha256 FROM api_key_tokens ORDER BY expires_at")
    await api.pool.execute(
        "UPDATE api_key_tokens SET expires_at = now() WHERE sha256 = $1", digests[0]["sha256"]
    )

    assert [await status_of(api, token) for token in tokens] == [401, 200, 200]
    await ask(api, GRANT, client)
    assert await api.pool.fetchval("SELECT count(*) FROM api_key_tokens") == 3
    await api.post(f"/v1/api-keys/{client['client_id']}/revoke", status=200)
    assert [await status_of(api, token) for token in tokens] == [401, 401, 401]


async def test_a_token_lives_no_longer_than_its_key(api: Api) -> None:
    client = await a_client(api)
    await api.pool.execute(
        "UPDATE api_keys SET expires_at = now() + interval '90 seconds' WHERE name = 'CRM'"
    )

    token = (await ask(api, GRANT, client)).json()

    assert 80 <= token["expires_in"] <= 90


async def test_a_rotation_without_overlap_ends_the_tokens(api: Api) -> None:
    client = await a_client(api)
    token = (await ask(api, GRANT, client)).json()["access_token"]
    path = f"/v1/api-keys/{client['client_id']}/rotate"

    rotated = await api.post(path, {"overlap_seconds": 600}, status=200)
    kept = await status_of(api, token)
    by_text_of_before = await ask(api, GRANT, client)
    again = await api.post(path, {"overlap_seconds": 0}, status=200)

    assert (kept, by_text_of_before.status_code) == (200, 200)
    assert await status_of(api, token) == 401
    for secret, status in ((rotated["api_key"], 401), (again["api_key"], 200)):
        answer = await ask(api, GRANT, client | {"client_secret": secret})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("parameters", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", 400, "invalid_request"),
        ("grant_type=%ff", 400, "invalid_request"),
        ("grant_type=client_credentials&padding=" + "x" * 9000, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        (GRANT | {"client_secret": "x"}, 400, "invalid_request"),
        (GRANT | {"scope": "calls"}, 400, "invalid_scope"),
        (GRANT | {"scope": "everything \x00"}, 400, "invalid_scope"),
    ],
)
async def test_a_faulty_request_is_answered_as_rfc_6749_says(
    api: Api, parameters: dict[str, str] | str, status: int, error: str
) -> None:
    client = await a_client(api)

    refused = await ask(api, parameters, client)

    assert (refused.status_code, refused.json()["error"]) == (status, error)
    assert refused.json()["error_description"]
    assert refused.headers["Cache-Control"] == "no-store"


async def test_a_body_that_is_no_form_is_refused(api: Api) -> None:
    refused = await api.http.post("/oauth2/token", json=GRANT)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")


async def test_a_wrong_client_gets_no_token(api: Api) -> None:
    client, other = await a_client(api), await a_client(await api.another())
    bound = await a_client(api, networks=["192.0.2.0/24"])
    token = (await ask(api, GRANT, client)).json()["access_token"]

    for wrong in (
        {"client_id": "", "client_secret": ""},
        client | {"client_secret": other["client_secret"]},
        client | {"client_id": other["client_id"]},
        client | {"client_secret": token},
        client | {"client_secret": client["client_secret"] + "x"},
        bound,
    ):
        refused = await ask(api, GRANT | wrong)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client"), wrong
        assert refused.headers["WWW-Authenticate"] == 'Basic realm="outdial"'
    garbled = await api.http.post(
        "/oauth2/token",
        content=urlencode(GRANT).encode(),
        headers={b"Content-Type": FORM.encode(), b"Authorization": b"Basic \xff"},
    )
    assert (garbled.status_code, garbled.json()["error"]) == (401, "invalid_client")


async def test_a_key_that_ended_gets_no_token(api: Api) -> None:
    client = await a_client(api)
    async with api.pool.acquire() as conn:
        await api_keys.revoke(
            conn,
            tenant_id=api.tenant_id,
            key_id=int(client["client_id"]),
            now=datetime.now(UTC),
        )

    assert (await ask(api, GRANT, client)).status_code == 401


async def test_the_oldest_token_of_a_key_ends_beyond_the_most(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MOST_TOKENS", 2)
    client, other = await a_client(api), await a_client(api)
    issued = [await ask(api, GRANT | each) for each in (other, client, client, client)]

    texts = [answer.json()["access_token"] for answer in issued]
    assert [await status_of(api, text) for text in texts] == [200, 401, 200, 200]
    assert await status_of(api, client["client_secret"]) == 200


async def test_a_form_that_does_not_come_to_its_end_is_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oauth, "FORM_SECONDS", 0.01)

    async def endless() -> AsyncIterator[bytes]:
        yield b"grant_type="
        await asyncio.Event().wait()

    answer = await api.http.post("/oauth2/token", content=endless(), headers={"Content-Type": FORM})

    assert answer.status_code == 408
