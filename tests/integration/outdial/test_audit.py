"""`outdial audit list` on the api: the changes, newest first, in lines or as JSON."""

import json
from datetime import datetime

import pytest

from outdial import audit
from outdial.client import Client
from tests.support.api import Api


async def test_the_changes_are_listed_in_lines_and_as_json(
    api: Api, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign_id = await api.campaign()
    await api.ask("PATCH", f"/v1/campaigns/{campaign_id}", json={"name": "Others"})

    await audit.show_entries(client)
    lines = capsys.readouterr().out
    await audit.show_entries(
        client,
        resource=f"campaigns/{campaign_id}",
        since=datetime.fromisoformat("2020-01-01"),
        as_json=True,
    )
    [edited, created] = json.loads(capsys.readouterr().out)

    assert "edit_campaign" in lines
    assert edited["after"] == {"name": "Others"}
    assert created["operation"] == "create_campaign"
