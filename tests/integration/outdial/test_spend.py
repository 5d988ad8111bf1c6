"""`outdial spend-ceiling` on the api: sets, shows and removes it; faults name the field."""

import json
from typing import Any

import pytest

from outdial import spend
from outdial.campaigns import daily
from outdial.client import ApiError, Client
from tests.support.api import Api

WHO: dict[str, Any] = {"person": "Dana Reyes", "reason": "Budget."}


async def test_a_ceiling_is_set_shown_and_removed(
    api: Api, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    await spend.show(client)
    nothing = capsys.readouterr().out
    await spend.choose(client, currency="USD", per_day="500", call_most="0.5", **WHO)
    shown = capsys.readouterr().out
    await spend.show(client, as_json=True)
    stored = json.loads(capsys.readouterr().out)
    await daily.show_one(client, await api.campaign())
    campaign = capsys.readouterr().out
    await spend.remove(client)

    assert "has no spend ceiling" in nothing
    assert "per day     500" in shown
    assert (stored["per_day"], stored["person"]) == ("500", "Dana Reyes")
    assert "tenant day     0 USD of 500 spent" in campaign
    assert capsys.readouterr().out == nothing


async def test_a_faulty_ceiling_is_refused(client: Client) -> None:
    with pytest.raises(ApiError, match="per_day is less than call_most"):
        await spend.choose(client, currency="USD", per_day="1", call_most="2", **WHO)
