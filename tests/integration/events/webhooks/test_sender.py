"""Webhooks from real rows to a real receiver that answers well, badly, late or not at all."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from uuid_utils.compat import uuid7

from services.events.webhooks.egress import webhook_session
from services.events.webhooks.sender import LEASE, WebhookSender
from shared.db.events import webhooks
from shared.db.events.webhooks import DeliveryState, TryResult
from shared.db.types import Pool
from tests.support.waiting import until
from tests.support.webhook_receiver import Receiver, receiving
from tests.support.webhook_rows import an_endpoint, make_due, owe, row_of


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@asynccontextmanager
async def sending(
    pool: Pool, *, seconds: float = 5, posts: int = 256, per_endpoint: int = 16
) -> AsyncIterator[WebhookSender]:
    async with webhook_session(allow_private=True, seconds=seconds) as session:
        sender = WebhookSender(
            pool, session, posts=posts, per_endpoint=per_endpoint, chance=lambda: 0.5
        )
        yield sender
        await sender.aclose()


async def send_all(sender: WebhookSender) -> None:
    """Until nothing is due and nothing under way."""
    while await sender.run_once(datetime.now(UTC)):
        pass


async def test_a_delivery_arrives_signed_byte_for_byte(pool: Pool, receiver: Receiver) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await owe(pool, endpoint)

    async with sending(pool) as sender:
        await send_all(sender)
        assert not await sender.run_once(datetime.now(UTC))

    (post,) = receiver.posts
    row = await row_of(pool, delivery)
    assert post.verified
    assert post.id == str(delivery)
    assert post.body == row["payload"]
    assert post.headers["content-type"] == "application/json"
    assert (row["state"], row["tries"], row["last_status"]) == ("delivered", 1, 204)
    assert row["ended_at"] is not None
    assert row["last_error"] is None


async def test_a_failure_is_tried_again_under_the_same_id(pool: Pool, receiver: Receiver) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await owe(pool, endpoint)
    receiver.answer(500, text="do not keep this")
    receiver.answer(404)

    async with sending(pool) as sender:
        await send_all(sender)
        first = await row_of(pool, delivery)
        await make_due(pool)
        await send_all(sender)
        second = await row_of(pool, delivery)
        await make_due(pool)
        await send_all(sender)

    last = await row_of(pool, delivery)
    assert receiver.ids() == [str(delivery)] * 3
    assert (first["tries"], first["last_status"], first["last_error"]) == (1, 500, None)
    assert first["wait"] == pytest.approx(5, abs=1)
    assert (second["tries"], second["last_status"]) == (2, 404)
    assert second["wait"] == pytest.approx(300, abs=1)
    assert (last["state"], last["tries"], last["last_status"]) == ("delivered", 3, 204)
    assert "do not keep this" not in str(first)


async def test_ten_failures_exhaust_a_delivery(pool: Pool, receiver: Receiver) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await owe(pool, endpoint)
    receiver.answer(500, times=20)

    async with sending(pool) as sender:
        for _ in range(12):
            await make_due(pool)
            await send_all(sender)

    row = await row_of(pool, delivery)
    assert receiver.ids() == [str(delivery)] * 10
    assert (row["state"], row["tries"], row["last_status"]) == ("exhausted", 10, 500)
    assert row["ended_at"] is not None


async def test_410_disables_the_endpoint(pool: Pool, receiver: Receiver) -> None:
    campaign, endpoint = await an_endpoint(pool, receiver.url())
    _, other = await an_endpoint(pool, receiver.url("/other"))
    deliveries = await owe(pool, endpoint, 30)
    await owe(pool, other, 3)
    receiver.answer(410)

    async with sending(pool) as sender:
        await send_all(sender)
        late = await owe(pool, endpoint)
        await send_all(sender)

    rows = [await row_of(pool, delivery) for delivery in deliveries]
    assert len(receiver.ids()) == 1
    assert {row["state"] for row in rows} == {"exhausted"}
    assert Counter(row["last_status"] for row in rows) == {410: 1, None: 29}
    assert len(receiver.ids("/other")) == 3
    async with pool.acquire() as conn:
        assert await webhooks.endpoints_of(conn, [campaign]) == {}
    assert not await pool.fetchval("SELECT count(*) FROM webhook_deliveries WHERE id = $1", late[0])


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_receiver_is_given_the_time_it_asks_for(
    pool: Pool, receiver: Receiver, status: int
) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    (asked,) = await owe(pool, endpoint)
    receiver.answer(status, headers={"retry-after": "120"})

    async with sending(pool) as sender:
        await send_all(sender)
        (waiting,) = await owe(pool, endpoint)
        await send_all(sender)
        assert receiver.ids() == [str(asked)]

        await make_due(pool)
        now = datetime.now(UTC) + timedelta(seconds=121)
        while await sender.run_once(now):
            pass

    assert sorted(receiver.ids()) == sorted([str(asked), str(asked), str(waiting)])
    assert (await row_of(pool, asked))["state"] == "delivered"


async def test_retry_after_moves_the_next_try(pool: Pool, receiver: Receiver) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await owe(pool, endpoint)
    receiver.answer(429, headers={"retry-after": "7200"})

    async with sending(pool) as sender:
        await send_all(sender)

    assert (await row_of(pool, delivery))["wait"] == pytest.approx(7200, abs=1)


async def test_a_redirect_is_not_followed(pool: Pool, receiver: Receiver) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    deliveries = await owe(pool, endpoint, 2)
    receiver.answer(301, headers={"location": receiver.url("/elsewhere")})
    receiver.answer(307, headers={"location": receiver.url("/elsewhere")})

    async with sending(pool) as sender:
        await send_all(sender)

    rows = [await row_of(pool, delivery) for delivery in deliveries]
    assert receiver.ids("/elsewhere") == []
    assert {row["last_status"] for row in rows} == {301, 307}
    assert {row["last_error"] for row in rows} == {"redirect not followed"}


async def test_a_silent_receiver_times_out(pool: Pool, receiver: Receiver) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await owe(pool, endpoint)
    receiver.script["/"].append(receiver.hang)

    async with sending(pool, seconds=0.2) as sender:
        await send_all(sender)

    row = await row_of(pool, delivery)
    assert (row["state"], row["last_status"], row["last_error"]) == ("pending", None, "timeout")


async def test_an_endless_answer_is_cut_off(pool: Pool, receiver: Receiver) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await owe(pool, endpoint)
    receiver.script["/"].append(receiver.endless)

    async with sending(pool, seconds=60) as sender:
        await asyncio.wait_for(send_all(sender), timeout=5)

    # What the kernel holds on both sides is written but not read.
    assert receiver.bytes_written < 16 * 1024 * 1024
    assert (await row_of(pool, delivery))["state"] == "delivered"


async def test_a_dripping_answer_costs_no_more_than_the_timeout(
    pool: Pool, receiver: Receiver
) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await owe(pool, endpoint)
    receiver.script["/"].append(receiver.drip)

    async with sending(pool, seconds=0.3) as sender:
        await asyncio.wait_for(send_all(sender), timeout=5)

    row = await row_of(pool, delivery)
    assert (row["state"], row["last_status"]) == ("delivered", 200)


async def test_a_closed_port_and_a_broken_secret_are_failures(pool: Pool) -> None:
    _, closed = await an_endpoint(pool, "http://127.0.0.1:9/")
    _, broken = await an_endpoint(pool, "http://127.0.0.1:9/", secret="whsec_*")
    (unreachable,) = await owe(pool, closed)
    (unsigned,) = await owe(pool, broken)

    async with sending(pool) as sender:
        await send_all(sender)

    assert (await row_of(pool, unreachable))["last_error"] == "no connection"
    assert (await row_of(pool, unsigned))["last_error"] == "secret not usable"


async def test_endpoints_that_hang_hold_up_nobody_else(pool: Pool, receiver: Receiver) -> None:
    _, good = await an_endpoint(pool, receiver.url("/good"))
    await owe(pool, good)
    async with sending(pool, seconds=60, posts=16, per_endpoint=4) as sender:
        await send_all(sender)
        for n in range(40):
            path = f"/dead/{n}"
            receiver.script[path] += [receiver.hang] * 5
            await owe(pool, (await an_endpoint(pool, receiver.url(path)))[1], 5)
        await owe(pool, good, 200)

        async def all_good() -> bool:
            await sender.run_once(datetime.now(UTC))
            return len(receiver.ids("/good")) == 201

        await until(all_good, seconds=10)

        assert receiver.hanging == 8
        assert max(receiver.peaks[f"/dead/{n}"] for n in range(40)) == 1
        receiver.release.set()


async def test_one_endpoint_is_never_given_more_at_a_time_than_allowed(
    pool: Pool, receiver: Receiver
) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    await owe(pool, endpoint)

    async with sending(pool, per_endpoint=3) as sender:
        await send_all(sender)
        receiver.script["/"] += [receiver.hang] * 10
        await owe(pool, endpoint, 50)
        for _ in range(5):
            await sender.run_once(datetime.now(UTC))
        hanging = receiver.hanging
        receiver.release.set()
        await send_all(sender)

    assert len(set(receiver.ids())) == len(receiver.ids()) == 51
    assert hanging == receiver.peaks["/"] == 3


async def test_two_senders_share_the_work(pool: Pool, receiver: Receiver) -> None:
    for n in range(10):
        await owe(pool, (await an_endpoint(pool, receiver.url(f"/{n}")))[1], 20)

    async with sending(pool) as one, sending(pool) as other:
        await asyncio.gather(send_all(one), send_all(other))
        # One may have found nothing while the other held the last of them.
        await send_all(one)

    posted = [post.id for post in receiver.posts]
    assert len(set(posted)) == len(posted) == 200


async def test_what_a_dead_sender_had_taken_is_sent_by_the_next(
    pool: Pool, receiver: Receiver
) -> None:
    _, endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await owe(pool, endpoint)
    now = datetime.now(UTC)
    async with pool.acquire() as conn:
        taken = await webhooks.take_due(
            conn, now=now, leased_until=now + LEASE, limit=9, per_endpoint=9, busy={}
        )

    async with sending(pool) as sender:
        assert not await sender.run_once(now + LEASE - timedelta(seconds=1))
        while await sender.run_once(now + LEASE):
            pass

    assert [each.id for each in taken] == [delivery]
    assert receiver.ids() == [str(delivery)]


async def test_a_result_that_comes_too_late_changes_nothing(pool: Pool) -> None:
    _, endpoint = await an_endpoint(pool, "http://127.0.0.1:9/")
    (delivery,) = await owe(pool, endpoint)
    now = datetime.now(UTC)

    def result(tries: int, state: DeliveryState, status: int) -> TryResult:
        pending = state is DeliveryState.PENDING
        return TryResult(
            id=delivery,
            tries=tries,
            state=state,
            tried_at=now,
            next_try_at=now if pending else None,
            status=status,
            error=None,
        )

    async with pool.acquire() as conn:
        for each in (
            result(0, DeliveryState.PENDING, 500),
            result(0, DeliveryState.PENDING, 501),
            result(0, DeliveryState.EXHAUSTED, 502),
        ):
            await webhooks.record_results(conn, [each])
        before = await row_of(pool, delivery)
        await webhooks.record_results(conn, [result(0, DeliveryState.DELIVERED, 200)])
        await webhooks.record_results(conn, [result(2, DeliveryState.PENDING, 503)])

    after = await row_of(pool, delivery)
    assert (before["tries"], before["last_status"]) == (1, 500)
    assert (after["state"], after["last_status"]) == ("delivered", 200)


async def test_the_delivery_log_of_a_campaign_has_pages(pool: Pool) -> None:
    campaign, endpoint = await an_endpoint(pool, "http://127.0.0.1:9/")
    _, other = await an_endpoint(pool, "http://127.0.0.1:9/")
    deliveries = await owe(pool, endpoint, 5)
    await owe(pool, other, 5)

    async with pool.acquire() as conn:
        first = await webhooks.of_campaign(conn, campaign, limit=3)
        rest = await webhooks.of_campaign(conn, campaign, limit=3, after=first[-1].id)
        nothing = await webhooks.of_campaign(conn, campaign, limit=3, after=uuid4())

    assert [each.id for each in first + rest] == sorted(deliveries)
    assert {each.state for each in first} == {DeliveryState.PENDING}
    assert nothing == []


async def test_a_campaign_without_an_endpoint_is_owed_nothing(pool: Pool) -> None:
    campaign, endpoint = await an_endpoint(pool, "http://127.0.0.1:9/")

    async with pool.acquire() as conn:
        await webhooks.add_deliveries(conn, [])
        found = await webhooks.endpoints_of(conn, {campaign, campaign + 1000})
        await webhooks.add_deliveries(conn, [(uuid7(), endpoint + 1000, b"{}")])

    assert found == {campaign: endpoint}
    assert await pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 0
