"""Text messages are sent at most once, and only while their hours are open and nobody objects."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from asyncpg import Record
from starlette.applications import Starlette

from services.dialer.provider_events import provider_events_routes
from services.dialer.providers.sms import SmsRefusedError, SmsRequest, SmsUnknownError
from services.dialer.sms.sender import SmsSender
from shared.db import sms_sending
from shared.db.policies import Policies
from shared.db.sms_sending import SmsMove
from shared.db.types import Pool
from shared.domain.sms import SmsReference, SmsState
from shared.runtime.process import now
from tests.support.campaigns import (
    a_definition,
    a_rulebook,
    a_running_campaign,
    a_tenant,
    some_contacts,
)
from tests.support.contact_numbers import SECOND, give_numbers
from tests.support.dialing import EVENTS, OneTrunk
from tests.support.sms import SENDER, ScriptedSmsProvider, a_message, a_sender, take
from tests.support.waiting import until

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


async def no_report(_report: object) -> None:
    raise AssertionError("no call is reported here")


@dataclass
class Desk:
    """A tenant with a running campaign, an active sender, and a dialer that sends its messages."""

    pool: Pool
    provider: ScriptedSmsProvider
    trunks: OneTrunk
    tenant_id: int = 0

    async def campaign(self, count: int = 1, **definition: Any) -> None:
        self.tenant_id = await a_tenant(self.pool)
        wanted = a_definition(sms={"sender": SENDER}, **definition)
        campaign = await a_running_campaign(
            self.pool, wanted, tenant_id=self.tenant_id, now=datetime.now(UTC)
        )
        await some_contacts(self.pool, campaign, count)
        await a_sender(self.pool, self.tenant_id)

    def sender(self) -> SmsSender:
        return SmsSender(self.pool, a_rulebook(), self.trunks, EVENTS)

    async def run(self) -> Record:
        """Look for due messages once, and wait for the answers; the first message then."""
        sender = self.sender()
        await sender.run_once(now())
        await sender.aclose()
        return await self.message()

    async def message(self) -> Record:
        return (await self.pool.fetch("SELECT * FROM sms_messages ORDER BY id"))[0]

    async def events(self) -> list[str]:
        rows = await self.pool.fetch(
            """
            SELECT convert_from(payload, 'UTF8')::jsonb #>> '{data,state}' AS state
            FROM public_events WHERE type = 'outdial.sms.ended.v1' ORDER BY position
            """
        )
        return [row["state"] for row in rows]


@pytest_asyncio.fixture(loop_scope="session")
async def desk(pool: Pool) -> AsyncIterator[Desk]:
    trunks = OneTrunk(pool, no_report)
    trunks.provider_ = provider = ScriptedSmsProvider()
    yield Desk(pool, provider, trunks)


def failing(error: Exception) -> Callable[[SmsRequest], Awaitable[str]]:
    async def answer(_request: SmsRequest) -> str:
        raise error

    return answer


async def test_a_due_message_is_handed_over_once(desk: Desk) -> None:
    await desk.campaign()
    reference = await a_message(desk.pool)

    first = await desk.run()
    second = await desk.run()

    [request] = desk.provider.messages
    assert (request.reference, request.sender, request.to) == (reference, SENDER, "+12025550000")
    assert request.text == "Please call us."
    assert request.events_url.endswith("/messages")
    assert (first["state"], first["provider_message_id"]) == (
        "sent",
        f"sms-{reference.message_id}",
    )
    assert second == first


async def a_message_after_a_call(desk: Desk, number: str) -> None:
    """The contact has two numbers; its call was to this one."""
    await desk.campaign()
    [contact] = await desk.pool.fetch("SELECT id FROM contacts")
    await give_numbers(desk.pool, contact["id"], [(SECOND, ["UTC"])])
    await a_message(desk.pool)
    await desk.pool.execute(
        """
        INSERT INTO call_records (tenant_id, attempt_id, position, campaign_id, contact_id,
            trunk_id, attempt_number, number, dialing_at, ended_at, outcome)
        SELECT tenant_id, attempt_id, 1, campaign_id, contact_id, 1, 1, $1, now(), now(), 'busy'
        FROM sms_messages
        """,
        number,
    )


async def test_a_message_goes_to_the_number_that_was_called(desk: Desk) -> None:
    await a_message_after_a_call(desk, SECOND)

    assert (await desk.run())["state"] == "sent"
    assert [message.to for message in desk.provider.messages] == [SECOND]


@pytest.mark.parametrize("has_several", [True, False])
async def test_a_message_to_a_number_that_was_removed_is_not_sent_by_the_hours_of_another(
    desk: Desk, has_several: bool
) -> None:
    await a_message_after_a_call(desk, SECOND)
    await desk.pool.execute("DELETE FROM contact_numbers WHERE number = $1", SECOND)
    if not has_several:
        await desk.pool.execute("UPDATE contacts SET next_number = NULL")

    message = await desk.run()

    assert (message["state"], message["reason"]) == ("failed", "unknown_zone")
    assert desk.provider.messages == []


async def test_several_dialers_send_each_message_once(desk: Desk) -> None:
    await desk.campaign(count=100)
    for _ in range(100):
        await a_message(desk.pool)
    senders = [desk.sender() for _ in range(3)]

    async def all_are_sent() -> bool:
        await asyncio.gather(*(sender.run_once(now()) for sender in senders))
        left = "SELECT count(*) FROM sms_messages WHERE state <> 'sent'"
        return bool(await desk.pool.fetchval(left) == 0)

    await until(all_are_sent, seconds=30)

    assert len({request.reference for request in desk.provider.messages}) == 100
    assert len(desk.provider.messages) == 100


@pytest.mark.parametrize("error", [SmsUnknownError("TimeoutError"), ZeroDivisionError()])
async def test_a_message_that_may_have_been_sent_is_not_sent_again(
    desk: Desk, error: Exception
) -> None:
    await desk.campaign()
    await a_message(desk.pool)
    desk.provider.answer_sms = failing(error)

    message = await desk.run()
    desk.provider.answer_sms = take
    await desk.run()

    assert (message["state"], message["reason"]) == ("unknown", "no_reply")
    assert len(desk.provider.messages) == 1
    assert await desk.events() == ["unknown"]


async def test_a_message_that_was_surely_refused_for_now_is_sent_later(desk: Desk) -> None:
    await desk.campaign()
    await a_message(desk.pool)
    refusal = SmsRefusedError("status_429", retry_after=timedelta(seconds=30))
    desk.provider.answer_sms = failing(refusal)

    refused = await desk.run()
    desk.provider.answer_sms = take
    await desk.pool.execute("UPDATE sms_messages SET next_try_at = now()")
    sent = await desk.run()

    assert (refused["state"], refused["reason"], refused["tries"]) == ("queued", "status_429", 1)
    wait = refused["next_try_at"] - datetime.now(UTC)
    assert timedelta(seconds=20) < wait <= timedelta(seconds=30)
    assert (sent["state"], sent["reason"], sent["tries"]) == ("sent", None, 2)
    assert await desk.events() == []


async def test_a_refusal_that_is_kept_twice_does_not_move_the_next_try(desk: Desk) -> None:
    """The commit of an answer may succeed although its reply is lost; then it is kept again."""
    await desk.campaign()
    await a_message(desk.pool)
    at, policies = now(), Policies()
    lease, given_up_at = at + timedelta(seconds=10), at + timedelta(seconds=60)
    async with desk.pool.acquire() as conn:
        [sms], _ = await sms_sending.take_due(
            conn, policies, desk.tenant_id, now=at, leased_until=lease, limit=9
        )
        for_first = SmsMove(sms.reference, SmsState.QUEUED, at, "late", at, this_try=sms.this_try)
        await sms_sending.mark_sending(
            conn, [sms], now=at, leased_until=lease, given_up_at=given_up_at
        )
        await sms_sending.answered(conn, [for_first])
        [again], _ = await sms_sending.take_due(
            conn, policies, desk.tenant_id, now=at, leased_until=lease, limit=9
        )
        await sms_sending.mark_sending(
            conn, [again], now=at, leased_until=lease, given_up_at=given_up_at
        )
        await sms_sending.answered(conn, [for_first])

    message = await desk.message()
    assert (message["state"], message["tries"]) == ("sending", 2)


async def test_what_was_judged_before_the_lease_ended_is_not_sent(desk: Desk) -> None:
    """A dialer that was frozen meanwhile has an old judgement, even if nobody took the message."""
    await desk.campaign()
    await a_message(desk.pool)
    lease = now() + timedelta(seconds=10)
    async with desk.pool.acquire() as conn:
        due, _ = await sms_sending.take_due(
            conn, Policies(), desk.tenant_id, now=now(), leased_until=lease, limit=9
        )
        won = await sms_sending.mark_sending(
            conn, due, now=lease + timedelta(hours=1), leased_until=lease, given_up_at=lease
        )

    assert (len(due), won) == (1, set())


async def test_a_clock_that_is_ahead_gives_up_no_message(desk: Desk) -> None:
    await desk.campaign()
    await a_message(desk.pool)
    await desk.pool.execute(
        "UPDATE sms_messages SET state = 'sending', sending_at = now(), "
        "next_try_at = now() + interval '1 minute', trunk_id = (SELECT id FROM trunks)"
    )

    async with desk.pool.acquire() as conn, conn.transaction():
        ended = await sms_sending.give_up(
            conn, desk.tenant_id, now=now() + timedelta(hours=1), reason="no_reply"
        )

    assert (ended, (await desk.message())["state"]) == ([], "sending")


async def test_words_that_no_table_keeps_do_not_lose_the_answers(desk: Desk) -> None:
    await desk.campaign(count=2)
    first = await a_message(desk.pool)
    await a_message(desk.pool)

    async def answer(request: SmsRequest) -> str:
        if request.reference != first:
            raise SmsRefusedError("no\x00", is_final=True)
        return "sms\x00-1"

    desk.provider.answer_sms = answer
    await desk.run()

    rows = await desk.pool.fetch(
        "SELECT state, reason, provider_message_id FROM sms_messages ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [("sent", None, "sms-1"), ("failed", "no", None)]


async def test_a_refusal_that_lasts_longer_than_the_message_ends_it(desk: Desk) -> None:
    await desk.campaign()
    await a_message(desk.pool, expires_at=datetime.now(UTC) + timedelta(seconds=4))
    desk.provider.answer_sms = failing(SmsRefusedError("unreachable"))

    message = await desk.run()

    assert (message["state"], message["reason"]) == ("failed", "unreachable")


async def test_a_final_refusal_ends_the_message(desk: Desk) -> None:
    await desk.campaign()
    await a_message(desk.pool)
    desk.provider.answer_sms = failing(SmsRefusedError("error_21211", is_final=True))

    message = await desk.run()

    assert (message["state"], message["reason"]) == ("failed", "error_21211")
    assert await desk.events() == ["failed"]


async def test_a_person_who_opted_out_at_the_carrier_is_suppressed(desk: Desk) -> None:
    await desk.campaign()
    await a_message(desk.pool)
    desk.provider.answer_sms = failing(SmsRefusedError("error_21610", has_opted_out=True))

    message = await desk.run()
    [suppression] = await desk.pool.fetch("SELECT * FROM suppressions")

    assert (message["state"], message["reason"]) == ("failed", "opt_out")
    assert (suppression["number"], suppression["campaign_id"]) == ("+12025550000", 0)


def closed_now() -> dict[str, Any]:
    """Hours that begin tomorrow: an hour of the day that has just passed."""
    opens = datetime.now(UTC) - timedelta(hours=3)
    closes = opens + timedelta(hours=1)
    window = {"days": DAYS, "start": f"{opens:%H:%M}", "end": f"{closes:%H:%M}"}
    return {"windows": [window | {"crosses_midnight": closes.date() > opens.date()}]}


async def test_a_message_waits_for_its_hours_or_expires_before_them(desk: Desk) -> None:
    await desk.campaign(count=2, calendar=closed_now())
    waits = await a_message(desk.pool, expires_at=datetime.now(UTC) + timedelta(days=2))
    expires = await a_message(desk.pool, expires_at=datetime.now(UTC) + timedelta(hours=2))

    await desk.run()

    rows = await desk.pool.fetch("SELECT id, state, reason FROM sms_messages ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (waits.message_id, "queued", "window"),
        (expires.message_id, "failed", "window"),
    ]
    assert desk.provider.messages == []


STOPS = {
    "suppression": """
        INSERT INTO suppressions (tenant_id, number, reason)
        SELECT tenant_id, number, 'opt_out' FROM contacts
    """,
    "campaign": "UPDATE campaigns SET wanted_state = 'cancelled'",
    "sender": "UPDATE sms_senders SET state = 'inactive'",
    "expiry": "UPDATE sms_messages SET expires_at = now()",
}


@pytest.mark.parametrize("reason", STOPS)
async def test_a_message_that_must_not_be_sent_fails_with_its_reason(
    desk: Desk, reason: str
) -> None:
    await desk.campaign()
    await a_message(desk.pool)
    await desk.pool.execute(STOPS[reason])

    message = await desk.run()

    assert (message["state"], message["reason"]) == ("failed", reason)
    assert desk.provider.messages == []


WAITS = {
    "campaign": "UPDATE campaigns SET wanted_state = 'paused'",
    "blackout": "INSERT INTO blackouts (reason) VALUES ('storm')",
    "suppression": """
        INSERT INTO suppressions (tenant_id, number, reason, expires_at)
        SELECT tenant_id, number, 'holiday', now() + interval '1 hour' FROM contacts
    """,
}


@pytest.mark.parametrize("reason", WAITS)
async def test_a_message_waits_for_what_will_end(desk: Desk, reason: str) -> None:
    await desk.campaign()
    await a_message(desk.pool)
    await desk.pool.execute(WAITS[reason])

    message = await desk.run()

    assert (message["state"], message["reason"]) == ("queued", reason)
    assert message["next_try_at"] > datetime.now(UTC)
    assert desk.provider.messages == []


@pytest.mark.parametrize(("reason", "end"), [("campaign", "campaign"), ("blackout", "expiry")])
async def test_a_message_waits_until_it_expires_for_what_may_end_at_any_time(
    desk: Desk, reason: str, end: str
) -> None:
    await desk.campaign()
    expires_at = datetime.now(UTC) + timedelta(minutes=2)
    await a_message(desk.pool, expires_at=expires_at)
    await desk.pool.execute(WAITS[reason])

    waits = await desk.run()
    past = datetime.now(UTC)
    await desk.pool.execute("UPDATE sms_messages SET expires_at = $1, next_try_at = $1", past)
    ended = await desk.run()

    assert (waits["state"], waits["next_try_at"]) == ("queued", expires_at)
    assert (ended["state"], ended["reason"]) == ("failed", end)


async def test_messages_that_must_wait_hold_up_no_other(desk: Desk) -> None:
    """More than one take of them is due, and all before the one that may be sent."""
    await desk.campaign(count=101)
    references = [await a_message(desk.pool) for _ in range(101)]
    await desk.pool.execute(WAITS["suppression"])
    await desk.pool.execute("DELETE FROM suppressions WHERE number = '+12025550100'")

    await desk.run()

    [request] = desk.provider.messages
    assert request.reference == references[-1]


async def test_the_campaigns_of_a_tenant_take_turns(desk: Desk) -> None:
    await desk.campaign(count=10)
    many = [await a_message(desk.pool) for _ in range(10)]
    wanted = a_definition(sms={"sender": SENDER})
    other = await a_running_campaign(
        desk.pool, wanted, tenant_id=desk.tenant_id, now=datetime.now(UTC)
    )
    await some_contacts(desk.pool, other, 3, first=100)
    few = [await a_message(desk.pool) for _ in range(3)]
    lease = now() + timedelta(seconds=10)

    async def take_four() -> set[SmsReference]:
        async with desk.pool.acquire() as conn:
            due, _ = await sms_sending.take_due(
                conn, Policies(), desk.tenant_id, now=now(), leased_until=lease, limit=4
            )
        return {sms.reference for sms in due}

    assert await take_four() == {*many[:2], *few[:2]}
    assert await take_four() == {*many[2:5], few[2]}
    assert await take_four() == {*many[5:9]}


async def test_a_sender_keeps_when_it_first_sent(desk: Desk) -> None:
    await desk.campaign(count=2)
    await a_message(desk.pool)
    before = await desk.pool.fetchval("SELECT first_sent_at FROM sms_senders")
    await desk.run()
    first = await desk.pool.fetchval("SELECT first_sent_at FROM sms_senders")
    await a_message(desk.pool)
    await desk.run()

    assert before is None
    assert first is not None
    assert await desk.pool.fetchval("SELECT first_sent_at FROM sms_senders") == first


LATE_STOPS = {
    **{reason: stop for reason, stop in STOPS.items() if reason != "expiry"},
    "edit": "UPDATE campaigns SET revision = revision + 1",
}


@pytest.mark.parametrize("reason", LATE_STOPS)
async def test_what_is_committed_after_the_judgement_stops_the_message(
    desk: Desk, reason: str
) -> None:
    await desk.campaign()
    await a_message(desk.pool)
    lease = datetime.now(UTC) + timedelta(seconds=10)
    policies = Policies()
    async with desk.pool.acquire() as conn:
        due, at = await sms_sending.take_due(
            conn, policies, desk.tenant_id, now=now(), leased_until=lease, limit=9
        )
        await conn.execute(LATE_STOPS[reason])
        won = await sms_sending.mark_sending(
            conn, due, now=at, leased_until=lease, given_up_at=lease
        )

    assert (len(due), won) == (1, set())
    assert (await desk.message())["state"] == "queued"


async def test_a_message_whose_dialer_died_may_have_been_sent(desk: Desk) -> None:
    await desk.campaign()
    past = datetime.now(UTC) - timedelta(seconds=1)
    trunk = await desk.pool.fetchval("SELECT id FROM trunks")
    reference = await a_message(desk.pool)
    await desk.pool.execute(
        "UPDATE sms_messages SET state = 'sending', sending_at = $1, next_try_at = $1, "
        "trunk_id = $2",
        past,
        trunk,
    )

    message = await desk.run()

    assert (message["state"], message["reason"]) == ("unknown", "no_reply")
    assert desk.provider.messages == []
    assert (await report(desk, reference, "delivered"), await desk.events()) == (
        204,
        ["unknown", "delivered"],
    )


async def report(
    desk: Desk, reference: SmsReference, state: str, *, trunk_id: int | None = None
) -> int:
    """Post a report as the trunk that sent the message, or as another one."""
    trunk = trunk_id or await desk.pool.fetchval("SELECT trunk_id FROM sms_messages")
    app = Starlette(routes=provider_events_routes(EVENTS, desk.trunks))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        answer = await client.post(EVENTS.of_messages(trunk), content=f"{reference} {state}")
    return answer.status_code


async def test_the_first_end_that_is_reported_stands(desk: Desk) -> None:
    await desk.campaign()
    reference = await a_message(desk.pool)
    await desk.run()

    codes = [
        await report(desk, reference, state)
        for state in ("sent", "delivered", "delivered", "undelivered", "sent")
    ]
    message = await desk.message()

    assert set(codes) == {204}
    assert (message["state"], message["reason"]) == ("delivered", None)
    assert (str(message["price"]), message["currency"]) == ("0.0075", "USD")
    assert await desk.events() == ["delivered"]


async def test_another_trunk_reports_on_no_message(desk: Desk) -> None:
    await desk.campaign()
    reference = await a_message(desk.pool)
    sent = await desk.run()

    assert await report(desk, reference, "delivered", trunk_id=99) == 204
    assert await desk.message() == sent


async def test_a_report_before_the_answer_stands(desk: Desk) -> None:
    await desk.campaign()
    reference = await a_message(desk.pool)

    async def answer(request: SmsRequest) -> str:
        await report(desk, reference, "undelivered")
        return await take(request)

    desk.provider.answer_sms = answer

    message = await desk.run()

    assert (message["state"], message["reason"]) == ("undelivered", "carrier says no")


async def test_a_post_without_the_word_of_the_trunk_is_not_read(desk: Desk) -> None:
    app = Starlette(routes=provider_events_routes(EVENTS, desk.trunks))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        foreign = await client.post("http://dialers/carrier-events/guessed/1/messages")
        unreadable = await client.post(EVENTS.of_messages(1), content=b"what")

    assert (foreign.status_code, unreadable.status_code) == (404, 400)


async def test_a_reply_that_opts_out_is_a_suppression_of_the_senders_tenants(desk: Desk) -> None:
    await desk.campaign()
    other = await a_tenant(desk.pool, name="other")
    trunk = await desk.pool.fetchval("SELECT id FROM trunks")
    app = Starlette(routes=provider_events_routes(EVENTS, desk.trunks))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        for trunk_id, sender in ((trunk, SENDER), (trunk, SENDER), (99, SENDER), (trunk, "ACME")):
            reply = f"stop {sender} +12025550000"
            await client.post(EVENTS.of_messages(trunk_id), content=reply)

    rows = await desk.pool.fetch("SELECT tenant_id, number, campaign_id FROM suppressions")

    assert [tuple(row) for row in rows] == [(desk.tenant_id, "+12025550000", 0)]
    assert other != desk.tenant_id
