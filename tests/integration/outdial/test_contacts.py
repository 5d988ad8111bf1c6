"""`outdial contacts list|show`: the order of the lines, and the attempt that is under way."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest

from outdial import callbacks, contacts
from outdial.client import Client
from tests.support.api import Api

Captured = pytest.CaptureFixture[str]


@pytest.fixture
async def campaign(api: Api) -> int:
    """Three contacts; the second by its number is being called, after one attempt that ended."""
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, b"number\n+12125550103\n+12125550101\n+12125550102\n")
    await api.pool.execute(
        "UPDATE contacts SET state = 'active', attempts = 1 WHERE number = '+12125550102'"
    )
    return campaign_id


async def test_contacts_are_listed_in_order_of_their_numbers_also_as_csv(
    client: Client, campaign: int, capsys: Captured
) -> None:
    await contacts.show_all(client, campaign)
    head, *lines = capsys.readouterr().out.splitlines()
    await contacts.show_all(client, campaign, as_csv=True)
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))

    assert head.split()[:2] == ["number", "id"]
    listed = [tuple(line.split()[:2]) for line in lines]
    assert [number for number, _ in listed] == ["+12125550101", "+12125550102", "+12125550103"]
    assert listed == [(row["number"], row["id"]) for row in rows]


async def test_the_attempt_under_way_is_named_beside_those_that_are_counted(
    client: Client, campaign: int, capsys: Captured
) -> None:
    await contacts.show_all(client, campaign)
    lines = capsys.readouterr().out.splitlines()
    await contacts.show(client, int(lines[2].split()[1]))
    shown = capsys.readouterr().out.splitlines()

    assert ["1, 1 under way" in line for line in lines] == [False, False, True, False]
    assert [line.split(maxsplit=1)[1] for line in shown if line.startswith("attempts")] == [
        "1, 1 under way"
    ]


async def test_a_contact_is_found_over_all_campaigns_and_deleted(
    client: Client, campaign: int, capsys: Captured
) -> None:
    await contacts.find(client, number="+12125550103")
    _, line = capsys.readouterr().out.splitlines()
    contact_id, found_in, number, *_ = line.split()
    await contacts.delete(client, int(contact_id))
    await contacts.find(client, number="+12125550103")

    assert (int(found_in), number) == (campaign, "+12125550103")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (f"contact {contact_id} is deleted\n", "no such contacts\n")


async def test_callbacks_are_listed_between_two_times(
    api: Api, client: Client, campaign: int, capsys: Captured
) -> None:
    at = datetime.now(UTC) + timedelta(hours=3)
    found = await api.get(f"/v1/campaigns/{campaign}/contacts?state=pending")
    contact_id = found["contacts"][0]["id"]
    path = f"/v1/contacts/{contact_id}/callback"
    assert (await api.ask("PUT", path, json={"at": at.isoformat()})).status_code == 200

    since = (at - timedelta(hours=1)).isoformat()
    await callbacks.show_all(client, campaign=campaign, since=since, as_json=True)
    [listed] = json.loads(capsys.readouterr().out)
    await callbacks.show_all(client, until=since)

    assert listed["contact_id"] == contact_id
    assert capsys.readouterr().err == "no callbacks\n"
