"""A fold queues the text messages that follow outcomes, and those of steps of a call flow."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from asyncpg import Record
from prometheus_client import REGISTRY

from services.events.fold import CallFolder
from shared.db.types import Pool
from shared.domain.attempts import CallReference
from shared.domain.calls import CallState, Price
from shared.domain.outcomes import Outcome
from shared.kafka.messages.calls import CallEnded, CallProgressed
from tests.support.call_flows import SURVEY
from tests.support.campaigns import a_definition, a_running_campaign, some_contacts
from tests.support.folding import BUSY, CLOSING, HOUR, NOW, an_end, another_attempt, progress
from tests.support.sms import played

SMS: dict[str, Any] = {"sender": "ACME", "on": ["busy"], "text": "Call us, {{name}}."} | {
    "variables": {"name": {}}
}
Report = CallEnded | CallProgressed


async def an_attempt(pool: Pool, **definition: Any) -> CallReference:
    """The dialed first attempt at the one contact of a campaign, whose name is Ann."""
    retried = {"max_total": 2, "retry": BUSY}
    wanted = a_definition(attempts=retried, **definition)
    campaign = await a_running_campaign(pool, wanted, now=NOW)
    await some_contacts(pool, campaign, 1)
    await pool.execute("""UPDATE contacts SET attributes = '{"name": "Ann"}'""")
    return await another_attempt(pool, at=NOW, closes_at=CLOSING)


def failed() -> float:
    return REGISTRY.get_sample_value("outdial_sms_total", {"state": "failed"}) or 0


async def queued(pool: Pool, *reports: Report) -> list[Record]:
    """Fold the reports, in one batch and each once more; the messages that are queued then."""
    folder = CallFolder(pool)
    await folder.on_call_reports([*reports, *reports])
    for report in reports:
        await folder.on_call_reports([report])
    return await pool.fetch("SELECT * FROM sms_messages ORDER BY id")


async def test_an_outcome_is_followed_by_one_message_with_its_text_as_it_is_sent(
    pool: Pool,
) -> None:
    reference = await an_attempt(pool, sms=SMS | {"valid_seconds": 600})

    [message] = await queued(pool, an_end(reference))

    assert (message["attempt_id"], message["step"]) == (reference.attempt_id, "")
    assert (message["sender"], message["text"]) == ("ACME", "Call us, Ann.")
    assert (message["state"], message["next_try_at"]) == ("queued", message["queued_at"])
    assert message["expires_at"] - message["queued_at"] == timedelta(seconds=600)


@pytest.mark.parametrize(
    ("only_on", "counts"), [(None, [1, 2]), ("first", [1, 1]), ("last", [0, 1])]
)
async def test_a_message_may_be_sent_on_the_first_or_the_last_attempt_only(
    pool: Pool, only_on: str | None, counts: list[int]
) -> None:
    first = await an_attempt(pool, sms=SMS | {"only_on": only_on})
    after_first = await queued(pool, an_end(first))
    second = await another_attempt(pool, at=NOW + HOUR, closes_at=CLOSING)
    after_second = await queued(pool, an_end(second, at=NOW + HOUR))

    assert [len(after_first), len(after_second)] == counts


async def test_an_outcome_after_which_nobody_calls_again_is_the_last(pool: Pool) -> None:
    sms = SMS | {"on": ["busy", "declined"], "only_on": "last"}
    reference = await an_attempt(pool, sms=sms)

    assert len(await queued(pool, an_end(reference, Outcome.DECLINED))) == 1


async def test_an_outcome_that_is_not_named_is_followed_by_none(pool: Pool) -> None:
    reference = await an_attempt(pool, sms=SMS)

    assert await queued(pool, an_end(reference, Outcome.NO_ANSWER)) == []


async def test_a_contact_without_the_variable_gets_no_message(pool: Pool) -> None:
    reference = await an_attempt(pool, sms=SMS)
    await pool.execute("UPDATE contacts SET attributes = NULL")
    before = failed()

    [message] = await queued(pool, an_end(reference))

    told = await pool.fetchval(
        """
        SELECT array_agg(convert_from(payload, 'UTF8')::jsonb #>> '{data,reason}')
        FROM public_events WHERE type = 'outdial.sms.ended.v1'
        """
    )
    assert (message["state"], message["reason"]) == ("failed", "missing_variable")
    assert told == ["missing_variable"]
    assert failed() == before + 1


async def test_a_message_expires_with_its_contact(pool: Pool) -> None:
    reference = await an_attempt(pool, sms=SMS)
    await pool.execute("UPDATE contacts SET expires_at = now() + interval '5 minutes'")

    [message] = await queued(pool, an_end(reference))

    assert message["expires_at"] == await pool.fetchval("SELECT expires_at FROM contacts")


async def test_a_step_of_a_call_flow_sends_its_message_once_it_is_reached(pool: Pool) -> None:
    reference = await an_attempt(pool, sms={"sender": "ACME"})
    await played(pool, SURVEY)
    await pool.execute("""UPDATE contacts SET attributes = '{"appointment": "Monday"}'""")

    before = await queued(pool, progress(reference, stages=("greeting", "menu")))
    reached = ("greeting", "menu", "confirmed", "note")
    [message] = await queued(pool, progress(reference, stages=reached))
    end = an_end(reference, Outcome.ANSWERED_HUMAN, stages=(*reached, "jingle", "goodbye"))
    after = await queued(pool, end)

    assert before == []
    assert (message["step"], message["text"]) == ("note", "See you Monday.")
    assert after == [message]


async def test_a_step_that_only_the_end_tells_sends_its_message(pool: Pool) -> None:
    reference = await an_attempt(pool, sms={"sender": "ACME"})
    await played(pool, SURVEY)
    await pool.execute("""UPDATE contacts SET attributes = '{"appointment": "Monday"}'""")

    ringing = progress(reference, CallState.RINGING, ring_seconds=1.0)
    [message] = await queued(pool, ringing, an_end(reference, stages=("menu", "note")))

    assert message["step"] == "note"


async def test_a_step_that_is_told_after_the_end_sends_its_message(pool: Pool) -> None:
    reference = await an_attempt(pool, sms={"sender": "ACME"})
    await played(pool, SURVEY)
    await pool.execute("""UPDATE contacts SET attributes = '{"appointment": "Monday"}'""")

    assert await queued(pool, an_end(reference, stages=("menu",))) == []
    [message] = await queued(pool, progress(reference, stages=("menu", "note"), at=NOW + HOUR))

    assert message["step"] == "note"


async def test_a_price_that_comes_after_a_message_was_deleted_sends_it_not_again(
    pool: Pool,
) -> None:
    reference = await an_attempt(pool, sms={"sender": "ACME"})
    await played(pool, SURVEY)
    await pool.execute("""UPDATE contacts SET attributes = '{"appointment": "Monday"}'""")
    await queued(pool, progress(reference, stages=("menu", "note")))
    assert len(await queued(pool, an_end(reference))) == 1
    await pool.execute("DELETE FROM sms_messages")

    price = Price(amount=Decimal("0.02"), currency="USD")
    settled = progress(reference, CallState.SETTLED, price=price, at=NOW + HOUR)

    assert await queued(pool, settled) == []


async def test_a_campaign_without_messages_asks_nothing_of_their_table(pool: Pool) -> None:
    """The table is away, so any statement about it would fail."""
    reference = await an_attempt(pool)
    await pool.execute("ALTER TABLE sms_messages RENAME TO elsewhere")

    await CallFolder(pool).on_call_reports([an_end(reference, stages=("menu",))])

    assert await pool.fetchval("SELECT state FROM attempts") == "ended"
