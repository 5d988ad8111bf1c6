"""`outdial campaigns`: lists by name and order, and campaigns that are made of others."""

import json

import pytest

from outdial.campaigns import daily
from outdial.client import Client
from tests.support.api import Api

Captured = pytest.CaptureFixture[str]


async def test_campaigns_are_listed_by_a_part_of_the_name_and_in_order(
    client: Client, api: Api, capsys: Captured
) -> None:
    for name in ("Spring B", "Autumn", "Spring A"):
        await api.campaign(name=name)

    await daily.show_all(client, name="spring", sort="name", as_json=True)

    listed = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in listed] == ["Spring A", "Spring B"]


async def test_a_campaign_is_cloned_and_redialed(
    client: Client, api: Api, capsys: Captured
) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, b"number\n+12125550103\n+12125550101\n")
    await api.pool.execute(
        """
        UPDATE contacts SET state = 'finished', outcome = 'busy', attempts = 1
        WHERE number = '+12125550101'
        """
    )

    await daily.clone(client, campaign_id, name="Again", with_contacts=True)
    await daily.redial(client, campaign_id, outcome=["busy"], attempts=2)

    clone, redial = capsys.readouterr().out.splitlines()
    assert clone.endswith("is a draft: Again, contacts: 2")
    assert redial.endswith("is a draft: Reminders, contacts: 1")
