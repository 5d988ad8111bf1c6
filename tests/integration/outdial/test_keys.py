"""`outdial keys`: the API keys of the tenant, whose texts are shown once."""

import json

import pytest

from outdial import keys
from outdial.client import ApiError, Client
from tests.support.api import Api

Captured = pytest.CaptureFixture[str]


async def made(client: Client, capsys: Captured) -> tuple[int, str]:
    """The id and the text of a new key."""
    await keys.create(client, "CRM", scope=["contacts", "read"], network=["127.0.0.1"])
    said = capsys.readouterr().out
    label, text = said.strip().split(" (shown this once): ")
    return int(label.removeprefix("API key ")), text


async def status_of(api: Api, key: str) -> int:
    answer = await api.http.get("/v1/suppressions", headers={"Authorization": f"Bearer {key}"})
    return answer.status_code


async def test_a_key_is_made_listed_rotated_and_revoked(
    api: Api, client: Client, capsys: Captured
) -> None:
    key_id, text = await made(client, capsys)

    await keys.show_all(client)
    listed = capsys.readouterr().out
    await keys.rotate(client, key_id, overlap=600, as_json=True)
    rotated = json.loads(capsys.readouterr().out)
    statuses = [await status_of(api, each) for each in (text, rotated["api_key"])]
    await keys.revoke(client, key_id)

    assert [line.split()[1] for line in listed.splitlines()] == ["name", "CRM", "operator"]
    assert "read, contacts" in listed
    assert text not in listed
    assert statuses == [200, 200]
    assert capsys.readouterr().out == f"key {key_id} (CRM) is refused from now on\n"
    assert [await status_of(api, each) for each in (text, rotated["api_key"])] == [401, 401]


async def test_an_unknown_scope_is_refused_with_those_that_there_are(client: Client) -> None:
    with pytest.raises(ApiError, match="'webhooks' or 'admin'"):
        await keys.create(client, "CRM", scope=["everything"])
