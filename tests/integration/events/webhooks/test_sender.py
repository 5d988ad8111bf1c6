"""Webhooks from real rows to a real receiver, with good, bad, late and missing answers."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import pytest_asyncio

from services.events.webhooks.egress import webhook_session
from services.events.webhooks.renderings import RENDERINGS, Rendered
from services.events.webhooks.sender import LEASE, WebhookSender
from shared.db import public_events
from shared.db.api import webhook_endpoints
from shared.db.events import webhooks
from shared.db.events.webhooks import DeliveryKey, StoredEvent, TryResult
from shared.db.types import Pool
from shared.domain.campaigns import CampaignState
from shared.domain.deliveries import DeliveryState
from shared.kafka.messages.public import (
    ATTEMPT_ENDED,
    CAMPAIGN_CHANGED,
    AttemptEnded,
    CampaignChanged,
    CampaignChangedData,
    WebhookTested,
    WebhookTestedData,
)
from tests.support.database import one_waits_for_a_lock
from tests.support.waiting import until
from tests.support.webhook_receiver import Receiver, receiving
from tests.support.webhook_rows import (
    an_endpoint,
    an_event,
    another_endpoint,
    end_attempts,
    make_due,
    row_of,
)


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
    """Run the sender until no delivery is due or under way."""
    while await sender.run_once(datetime.now(UTC)):
        pass


async def test_a_delivery_arrives_signed_byte_for_byte(pool: Pool, receiver: Receiver) -> None:
    endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await end_attempts(pool, endpoint)

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
    endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await end_attempts(pool, endpoint)
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
    endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await end_attempts(pool, endpoint)
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
    endpoint = await an_endpoint(pool, receiver.url())
    other = await an_endpoint(pool, receiver.url("/other"))
    deliveries = await end_attempts(pool, endpoint, 30)
    await end_attempts(pool, other, 3)
    receiver.answer(410)

    async with sending(pool) as sender:
        await send_all(sender)
        late = await end_attempts(pool, endpoint)
        await send_all(sender)

    rows = [await row_of(pool, delivery) for delivery in deliveries]
    assert len(receiver.ids()) == 1
    assert {row["state"] for row in rows} == {"exhausted"}
    assert Counter(row["last_status"] for row in rows) == {410: 1, None: 29}
    assert len(receiver.ids("/other")) == 3
    assert not await pool.fetchval(
        "SELECT count(*) FROM webhook_deliveries WHERE event_id = $1", late[0]
    )


async def test_410_locks_the_endpoint_before_its_deliveries(pool: Pool, receiver: Receiver) -> None:
    """Another process that disables the same endpoint gets its deliveries and ends."""
    endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await end_attempts(pool, endpoint)
    receiver.answer(410)

    async with sending(pool) as sender, pool.acquire() as conn:
        async with conn.transaction():
            await webhooks.lock_endpoints(conn, [endpoint.key])
            sends = asyncio.create_task(send_all(sender))
            await until(lambda: one_waits_for_a_lock(pool))
            await conn.execute("SELECT FROM webhook_deliveries FOR UPDATE NOWAIT")
            await webhooks.disable(conn, endpoint.key, now=datetime.now(UTC))
        await sends

    row = await row_of(pool, delivery)
    assert (row["state"], row["last_error"]) == ("exhausted", "endpoint disabled")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_receiver_is_given_the_time_it_asks_for(
    pool: Pool, receiver: Receiver, status: int
) -> None:
    endpoint = await an_endpoint(pool, receiver.url())
    (asked,) = await end_attempts(pool, endpoint)
    receiver.answer(status, headers={"retry-after": "120"})

    async with sending(pool) as sender:
        await send_all(sender)
        (waiting,) = await end_attempts(pool, endpoint)
        await send_all(sender)
        assert receiver.ids() == [str(asked)]

        await make_due(pool)
        now = datetime.now(UTC) + timedelta(seconds=121)
        while await sender.run_once(now):
            pass

    assert sorted(receiver.ids()) == sorted([str(asked), str(asked), str(waiting)])
    assert (await row_of(pool, asked))["state"] == "delivered"


async def test_retry_after_moves_the_next_try(pool: Pool, receiver: Receiver) -> None:
    endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await end_attempts(pool, endpoint)
    receiver.answer(429, headers={"retry-after": "7200"})

    async with sending(pool) as sender:
        await send_all(sender)

    assert (await row_of(pool, delivery))["wait"] == pytest.approx(7200, abs=1)


async def test_a_redirect_is_not_followed(pool: Pool, receiver: Receiver) -> None:
    endpoint = await an_endpoint(pool, receiver.url())
    deliveries = await end_attempts(pool, endpoint, 2)
    receiver.answer(301, headers={"location": receiver.url("/elsewhere")})
    receiver.answer(307, headers={"location": receiver.url("/elsewhere")})

    async with sending(pool) as sender:
        await send_all(sender)

    rows = [await row_of(pool, delivery) for delivery in deliveries]
    assert receiver.ids("/elsewhere") == []
    assert {row["last_status"] for row in rows} == {301, 307}
    assert {row["last_error"] for row in rows} == {"redirect not followed"}


async def test_a_silent_receiver_times_out(pool: Pool, receiver: Receiver) -> None:
    endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await end_attempts(pool, endpoint)
    receiver.script["/"].append(receiver.hang)

    async with sending(pool, seconds=0.2) as sender:
        await send_all(sender)

    row = await row_of(pool, delivery)
    assert (row["state"], row["last_status"], row["last_error"]) == ("pending", None, "timeout")


async def test_an_endless_answer_is_cut_off(pool: Pool, receiver: Receiver) -> None:
    endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await end_attempts(pool, endpoint)
    receiver.script["/"].append(receiver.endless)

    async with sending(pool, seconds=60) as sender:
        await asyncio.wait_for(send_all(sender), timeout=5)

    # The kernel's buffers on both sides: written by the receiver, never read by the sender.
    assert receiver.bytes_written < 16 * 1024 * 1024
    assert (await row_of(pool, delivery))["state"] == "delivered"


async def test_a_dripping_answer_costs_no_more_than_the_timeout(
    pool: Pool, receiver: Receiver
) -> None:
    endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await end_attempts(pool, endpoint)
    receiver.script["/"].append(receiver.drip)

    async with sending(pool, seconds=2) as sender:
        await asyncio.wait_for(send_all(sender), timeout=20)

    row = await row_of(pool, delivery)
    assert (row["state"], row["last_status"]) == ("delivered", 200)


async def test_a_closed_port_and_a_broken_secret_are_failures(pool: Pool) -> None:
    closed = await an_endpoint(pool, "http://127.0.0.1:9/")
    broken = await an_endpoint(pool, "http://127.0.0.1:9/", secret="whsec_*")
    (unreachable,) = await end_attempts(pool, closed)
    (unsigned,) = await end_attempts(pool, broken)

    async with sending(pool) as sender:
        await send_all(sender)

    assert (await row_of(pool, unreachable))["last_error"] == "no connection"
    assert (await row_of(pool, unsigned))["last_error"] == "secret not usable"


async def test_endpoints_that_hang_do_not_delay_others(pool: Pool, receiver: Receiver) -> None:
    good = await an_endpoint(pool, receiver.url("/good"))
    await end_attempts(pool, good)
    async with sending(pool, seconds=60, posts=16, per_endpoint=4) as sender:
        await send_all(sender)
        for n in range(40):
            path = f"/dead/{n}"
            receiver.script[path] += [receiver.hang] * 5
            await end_attempts(pool, await an_endpoint(pool, receiver.url(path)), 5)
        await end_attempts(pool, good, 200)

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
    endpoint = await an_endpoint(pool, receiver.url())
    await end_attempts(pool, endpoint)

    async with sending(pool, per_endpoint=3) as sender:
        await send_all(sender)
        receiver.script["/"] += [receiver.hang] * 10
        await end_attempts(pool, endpoint, 50)
        for _ in range(5):
            await sender.run_once(datetime.now(UTC))
        hanging = receiver.hanging
        receiver.release.set()
        await send_all(sender)

    assert len(set(receiver.ids())) == len(receiver.ids()) == 51
    assert hanging == receiver.peaks["/"] == 3


async def test_two_senders_share_the_work(pool: Pool, receiver: Receiver) -> None:
    for n in range(10):
        await end_attempts(pool, await an_endpoint(pool, receiver.url(f"/{n}")), 20)

    async with sending(pool) as one, sending(pool) as other:
        await asyncio.gather(send_all(one), send_all(other))
        # One sender may have got nothing while the other had the last deliveries.
        await send_all(one)

    posted = [post.id for post in receiver.posts]
    assert len(set(posted)) == len(posted) == 200


async def test_deliveries_of_a_dead_sender_are_sent_by_the_next(
    pool: Pool, receiver: Receiver
) -> None:
    endpoint = await an_endpoint(pool, receiver.url())
    (delivery,) = await end_attempts(pool, endpoint)
    now = datetime.now(UTC)
    async with pool.acquire() as conn:
        taken = await webhooks.take_due(
            conn, now=now, leased_until=now + LEASE, limit=9, per_endpoint=9, busy={}
        )

    async with sending(pool) as sender:
        assert not await sender.run_once(now + LEASE - timedelta(seconds=1))
        while await sender.run_once(now + LEASE):
            pass

    assert [batch.event.id for batch in taken if batch.event] == [delivery]
    assert receiver.ids() == [str(delivery)]


async def test_a_result_that_comes_too_late_changes_nothing(pool: Pool) -> None:
    endpoint = await an_endpoint(pool, "http://127.0.0.1:9/")
    (delivery,) = await end_attempts(pool, endpoint)
    key = DeliveryKey(*endpoint.key, (await row_of(pool, delivery))["position"])
    now = datetime.now(UTC)

    def result(tries: int, state: DeliveryState, status: int) -> TryResult:
        pending = state is DeliveryState.PENDING
        return TryResult(
            key=key,
            tries=tries,
            state=state,
            tried_at=now,
            next_try_at=now if pending else None,
            status=status,
            error=None,
        )

    async with pool.acquire() as conn:
        for late in (
            result(0, DeliveryState.PENDING, 500),
            result(0, DeliveryState.PENDING, 501),
            result(0, DeliveryState.EXHAUSTED, 502),
        ):
            await webhooks.record_results(conn, [late])
        before = await row_of(pool, delivery)
        await webhooks.record_results(conn, [result(0, DeliveryState.DELIVERED, 200)])
        await webhooks.record_results(conn, [result(2, DeliveryState.PENDING, 503)])

    after = await row_of(pool, delivery)
    assert (before["tries"], before["last_status"]) == (1, 500)
    assert (after["state"], after["last_status"]) == ("delivered", 200)


async def test_the_delivery_log_of_a_campaign_has_pages(pool: Pool) -> None:
    endpoint = await an_endpoint(pool, "http://127.0.0.1:9/")
    other = await an_endpoint(pool, "http://127.0.0.1:9/")
    deliveries = await end_attempts(pool, endpoint, 5)
    await end_attempts(pool, other, 5)

    async with pool.acquire() as conn:
        page = partial(
            webhook_endpoints.deliveries,
            conn,
            tenant_id=endpoint.key.tenant_id,
            campaign_id=endpoint.campaign_id,
            limit=3,
        )
        first = await page()
        rest = await page(after=first[-1].place)
        nothing = await page(after=rest[-1].place)

    assert [delivery.id for delivery in first + rest] == deliveries
    assert {delivery.state for delivery in first} == {DeliveryState.PENDING}
    assert nothing == []


async def test_an_event_is_delivered_to_endpoints_of_its_type_and_campaign(pool: Pool) -> None:
    own = await an_endpoint(pool, "http://127.0.0.1:9/own")
    tenant = own.key.tenant_id
    everything = await another_endpoint(pool, own, 0, [ATTEMPT_ENDED, CAMPAIGN_CHANGED], "/all")
    states = await another_endpoint(pool, own, 0, [CAMPAIGN_CHANGED], "/states")
    stranger = await an_endpoint(pool, "http://127.0.0.1:9/stranger")
    changed = CampaignChangedData(
        tenant_id=tenant, campaign_id=own.campaign_id, state=CampaignState.RUNNING
    )
    events = (
        CampaignChanged.of(changed, at=datetime.now(UTC)),
        an_event(tenant, own.campaign_id),
        an_event(tenant, own.campaign_id + 1_000),
    )

    async with pool.acquire() as conn:
        await public_events.add(conn, events)

    rows = await pool.fetch("SELECT endpoint_id, event_id FROM webhook_deliveries")
    names = {event.id: name for event, name in zip(events, "cae", strict=True)}
    assert sorted((row["endpoint_id"], names[row["event_id"]]) for row in rows) == sorted(
        [(own.key.id, "a"), (states, "c"), *((everything, name) for name in "cae")]
    )
    assert stranger.key.id not in {row["endpoint_id"] for row in rows}


async def test_one_event_reaches_two_endpoints_each_in_its_rendering_and_with_its_retries(
    pool: Pool, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(event: StoredEvent, _wanted: Collection[str]) -> list[Rendered]:
        outcome = AttemptEnded.model_validate_json(event.payload).data.outcome
        form = f"type={event.type}&outcome={outcome}".encode()
        return [Rendered(form, "application/x-www-form-urlencoded", {"x-kind": "short"})]

    monkeypatch.setitem(RENDERINGS, "short", short)
    own = await an_endpoint(pool, receiver.url("/own"))
    await another_endpoint(
        pool, own, 0, [ATTEMPT_ENDED, CAMPAIGN_CHANGED], receiver.url("/short"), rendering="short"
    )
    (event,) = await end_attempts(pool, own)
    receiver.answer(500, "/short", times=2)

    async with sending(pool) as sender:
        for _ in range(4):
            await send_all(sender)
            await make_due(pool)

    log = await pool.fetch("SELECT state, tries FROM webhook_deliveries ORDER BY endpoint_id")
    posts = {post.path: post for post in receiver.posts}
    assert [tuple(row) for row in log] == [("delivered", 1), ("delivered", 3)]
    assert receiver.ids("/own") == [str(event)]
    assert receiver.ids("/short") == [str(event)] * 3
    assert json.loads(posts["/own"].body)["id"] == str(event)
    assert posts["/short"].body == b"type=outdial.attempt.ended.v1&outcome=busy"
    assert posts["/short"].headers["content-type"] == "application/x-www-form-urlencoded"
    assert posts["/short"].headers["x-kind"] == "short"
    assert await pool.fetchval("SELECT count(*) FROM public_events") == 1


async def test_an_event_may_be_several_posts_or_none_by_what_the_endpoint_wants(
    pool: Pool, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_words(event: StoredEvent, wanted: Collection[str]) -> list[Rendered]:
        words = [word for word in ("first", "second") if word in wanted]
        return [Rendered(word.encode(), id=f"{event.id}.{word}") for word in words]

    monkeypatch.setitem(RENDERINGS, "by words", by_words)
    own = await an_endpoint(pool, receiver.url("/own"))
    both, none = [ATTEMPT_ENDED, "first", "second"], [ATTEMPT_ENDED]
    await another_endpoint(pool, own, 0, both, receiver.url("/both"), rendering="by words")
    await another_endpoint(pool, own, 0, none, receiver.url("/none"), rendering="by words")
    (event,) = await end_attempts(pool, own)
    receiver.answer(204, "/both")
    receiver.answer(500, "/both")

    async with sending(pool) as sender:
        await send_all(sender)
        await make_due(pool)
        await send_all(sender)

    log = await pool.fetch("SELECT state, tries FROM webhook_deliveries ORDER BY endpoint_id")
    assert [tuple(row) for row in log] == [("delivered", 1), ("delivered", 2), ("delivered", 1)]
    assert receiver.ids("/both") == [f"{event}.{word}" for word in ("first", "second") * 2]
    assert receiver.ids("/none") == []
    assert all(post.verified for post in receiver.posts)


@pytest.mark.parametrize("rendering", sorted(RENDERINGS))
async def test_a_test_is_posted_in_every_rendering(
    pool: Pool, receiver: Receiver, rendering: str
) -> None:
    own = await an_endpoint(pool, "http://127.0.0.1:9/")
    webhook_id = await another_endpoint(
        pool, own, 0, [ATTEMPT_ENDED], receiver.url(), rendering=rendering
    )
    tenant_id = own.key.tenant_id
    data = WebhookTestedData(tenant_id=tenant_id, campaign_id=0, webhook_id=webhook_id)
    event = WebhookTested.of(data, at=datetime.now(UTC))
    async with pool.acquire() as conn, conn.transaction():
        await public_events.add(conn, [event])
        await webhook_endpoints.deliver_last(
            conn, tenant_id=tenant_id, webhook_id=webhook_id, event_id=event.id
        )

    async with sending(pool) as sender:
        await send_all(sender)

    assert receiver.ids() == [str(event.id)]


async def test_an_event_that_comes_while_its_endpoint_is_disabled_is_not_delivered(
    pool: Pool,
) -> None:
    own = await an_endpoint(pool, "http://127.0.0.1:9/")
    async with pool.acquire() as conn:
        async with conn.transaction():
            await webhooks.disable(conn, own.key, now=datetime.now(UTC))
            adding = asyncio.create_task(end_attempts(pool, own))
            await until(lambda: one_waits_for_a_lock(pool))
        await adding

    assert await pool.fetchval("SELECT count(*) FROM public_events") == 1
    assert await pool.fetchval("SELECT count(*) FROM webhook_deliveries") == 0


async def test_a_rendering_error_is_a_failure(pool: Pool, receiver: Receiver) -> None:
    own = await an_endpoint(pool, receiver.url())
    odd = await another_endpoint(pool, own, 0, [ATTEMPT_ENDED], receiver.url(), rendering="odd")
    await end_attempts(pool, own)
    await pool.execute(
        "UPDATE webhook_deliveries SET event_at = now() WHERE endpoint_id <> $1", odd
    )

    async with sending(pool) as sender:
        await send_all(sender)

    errors = await pool.fetch("SELECT last_error FROM webhook_deliveries ORDER BY endpoint_id")
    assert [row["last_error"] for row in errors] == ["event not kept", "rendering not known"]
    assert receiver.posts == []
