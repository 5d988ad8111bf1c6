"""`outdial call`: one call now, or the reasons why not."""

import json

import pytest

from outdial.call import call
from outdial.client import ApiError, Client
from outdial.errors import OutdialError
from tests.support.api import Api

Captured = pytest.CaptureFixture[str]
NUMBER = "+12025550123"


async def test_a_call_is_placed_with_what_its_options_say(
    client: Client, api: Api, capsys: Captured
) -> None:
    await call(
        client,
        NUMBER,
        kind="informational",
        live=True,
        zone="America/New_York",
        attribute=["first_name=Ada"],
        as_json=True,
    )

    placed = json.loads(capsys.readouterr().out)
    contact = await api.get(f"/v1/contacts/{placed['contact_id']}")
    definition = (await api.get(f"/v1/campaigns/{placed['campaign_id']}"))["definition"]
    assert (contact["number"], contact["zones"]) == (NUMBER, ["America/New_York"])
    assert contact["attributes"] == {"first_name": "Ada"}
    assert (definition["kind"], definition["automated"]) == ("informational", False)


async def test_the_reasons_against_a_call_are_shown(
    client: Client, api: Api, capsys: Captured
) -> None:
    await api.post("/v1/suppressions", {"number": NUMBER, "reason": "asked"}, status=201)

    with pytest.raises(ApiError, match="the number is suppressed"):
        await call(client, NUMBER, kind="informational", live=True)


async def test_a_call_that_waits_says_for_what(client: Client, api: Api, capsys: Captured) -> None:
    await api.post("/v1/blackouts", {"reason": "storm"}, status=201)

    await call(client, NUMBER, kind="informational", live=True, wait=True)

    assert "waits (blackout) and is called then" in capsys.readouterr().out


async def test_an_attribute_has_a_name(client: Client) -> None:
    with pytest.raises(OutdialError, match="NAME=TEXT"):
        await call(client, NUMBER, attribute=["Ada"])
