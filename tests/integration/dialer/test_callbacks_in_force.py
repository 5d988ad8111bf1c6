"""A callback comes before other work inside its hours, and an expired contact is not called."""

from datetime import UTC, datetime, timedelta

from services.scheduler.claimer import Claimer
from services.scheduler.lifecycle import Lifecycle
from tests.support.api import Api
from tests.support.campaigns import a_definition, a_rulebook, a_running_campaign, some_contacts

HOUR = timedelta(hours=1)


async def put(api: Api, contact: int, part: str, **body: datetime) -> None:
    values = {name: at.isoformat() for name, at in body.items()}
    answer = await api.ask("PUT", f"/v1/contacts/{contact}/{part}", json=values)
    assert answer.status_code == 200, answer.text


async def claimed(api: Api) -> list[int]:
    rows = await api.pool.fetch("SELECT contact_id FROM attempts ORDER BY id")
    return [row["contact_id"] for row in rows]


async def test_a_callback_comes_before_other_work(api: Api, claimer: Claimer) -> None:
    now = datetime.now(UTC)
    campaign = await a_running_campaign(
        api.pool, a_definition(caps={"max_concurrent": 1}), tenant_id=api.tenant_id, now=now
    )
    contacts = await some_contacts(api.pool, campaign, 50)
    await put(api, contacts[-1], "callback", at=now + HOUR)

    await claimer.run_once(now + HOUR)

    # One to dial, and two ahead.
    first = await claimed(api)
    assert len(first) == 3
    assert first[0] == contacts[-1]


async def test_a_callback_waits_for_the_window(api: Api, claimer: Claimer) -> None:
    now = datetime.now(UTC)
    # A window that opens in nine hours in the contact's own zone, for six hours.
    opens = (now + 9 * HOUR).replace(minute=0, second=0, microsecond=0)
    closes = opens + 6 * HOUR
    window = {
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "start": f"{opens:%H:%M}",
        "end": f"{closes:%H:%M}",
        "crosses_midnight": closes.hour < opens.hour,
    }
    campaign = await a_running_campaign(
        api.pool,
        a_definition(calendar={"windows": [window]}),
        tenant_id=api.tenant_id,
        now=now,
    )
    [contact] = await some_contacts(api.pool, campaign, 1)
    await put(api, contact, "callback", at=now + HOUR)

    await claimer.run_once(now + 2 * HOUR)
    while_closed = await claimed(api)
    await claimer.run_once(opens)

    assert (while_closed, await claimed(api)) == ([], [contact])


async def test_an_expired_contact_is_not_claimed_and_ends_out_of_time(
    api: Api, claimer: Claimer
) -> None:
    now = datetime.now(UTC)
    campaign = await a_running_campaign(api.pool, tenant_id=api.tenant_id, now=now)
    [first, second] = await some_contacts(api.pool, campaign, 2)
    await put(api, first, "expiry", expires_at=now + HOUR)
    lifecycle = Lifecycle(api.pool, a_rulebook())

    await claimer.run_once(now + HOUR)
    await lifecycle.expire(now + HOUR)

    assert await claimed(api) == [second]
    ended = await api.get(f"/v1/contacts/{first}")
    assert (ended["state"], ended["outcome"]) == ("finished", "out_of_time")
    waiting = await api.pool.fetchval("SELECT sum(contacts) FROM waiting_contacts")
    assert waiting == 0
