"""Bugs of I2: all campaigns together call a person too often, or too soon after an event."""

from datetime import UTC, datetime, timedelta

from tests.planted_bugs.acts import (
    Plant,
    call_in_turn,
    change_definition,
    give_other_campaigns_to_another_tenant,
)
from tests.support.histories import BERLIN, SECOND, START, History

PERSON = "+4930123457"
DAY = timedelta(days=1)
TWO_A_DAY = {"max_calls": 2, "hours": 24, "by": "subject"}
ONE_AFTER_ANOTHER = [START + n * SECOND for n in (60, 500, 1000)]
A_WEEK_OF_SILENCE = {"after": "conversation", "local_days": 7, "by": "subject"}


async def known_twice(history: History, **changes: object) -> list[int]:
    """One person is a contact of two campaigns; `changes` are those of the second definition."""
    other = await history.campaign(**changes)
    return [
        await history.contact(PERSON, BERLIN),
        await history.contact(PERSON, BERLIN, campaign_id=other),
    ]


async def cap(history: History, **written: object) -> None:
    await change_definition(history, ["frequency_caps"], [TWO_A_DAY | written])


async def silence(history: History, **written: object) -> None:
    await change_definition(history, ["silences"], [A_WEEK_OF_SILENCE | written])


async def a_third_call_by_two_campaigns(
    history: History, *, third: datetime = ONE_AFTER_ANOTHER[2]
) -> None:
    dora = await known_twice(history)
    await cap(history)
    await call_in_turn(history, dora, at=[*ONE_AFTER_ANOTHER[:2], third])


async def a_third_call_a_moment_before_a_day_has_passed(history: History) -> None:
    await a_third_call_by_two_campaigns(history, third=ONE_AFTER_ANOTHER[0] + DAY - 2 * SECOND)


async def a_third_call_a_day_later(history: History) -> None:
    await a_third_call_by_two_campaigns(history, third=ONE_AFTER_ANOTHER[0] + DAY)


async def a_third_call_about_whatever(history: History, *, by: str = "person") -> None:
    dora = await known_twice(history, subject="loan-offer")
    await cap(history, by=by)
    await call_in_turn(history, dora, at=ONE_AFTER_ANOTHER)


async def two_calls_about_one_subject_and_one_about_another(history: History) -> None:
    await a_third_call_about_whatever(history, by="subject")


async def a_third_call_on_the_second_local_day(
    history: History, *, third: datetime = datetime(2026, 11, 3, 18, 30, tzinfo=UTC)
) -> None:
    """The last call is more than 24 hours after the first."""
    dora = await known_twice(history)
    await cap(history, hours=None, local_days=2)
    await call_in_turn(history, dora, at=[START + 60 * SECOND, START + DAY, third])


async def a_third_call_on_the_third_local_day(history: History) -> None:
    opening = datetime(2026, 11, 4, 8, tzinfo=UTC)
    await a_third_call_on_the_second_local_day(history, third=opening)


async def a_third_call_after_two_that_do_not_count(history: History) -> None:
    dora = await known_twice(history)
    await cap(history, ignore=["busy"])
    await call_in_turn(history, dora, at=ONE_AFTER_ANOTHER)


async def a_third_call_after_one_that_only_informed(history: History) -> None:
    await cap(history)
    dora = await known_twice(history, kind="informational")
    await call_in_turn(history, dora, at=ONE_AFTER_ANOTHER)


async def a_third_call_after_one_that_informed_about_a_subject(history: History) -> None:
    dora = await known_twice(history, kind="informational", subject="loan-offer")
    await change_definition(history, ["subject"], "loan-offer")
    await cap(history)
    await call_in_turn(history, dora, at=ONE_AFTER_ANOTHER)


async def a_third_call_by_two_tenants(history: History) -> None:
    await a_third_call_by_two_campaigns(history)
    await give_other_campaigns_to_another_tenant(history)


async def called_in_the_week_of_a_conversation(
    history: History, *, again: datetime = datetime(2026, 11, 8, 18, tzinfo=UTC)
) -> None:
    first, second = await known_twice(history)
    await silence(history)
    await history.call(first, at=START + 60 * SECOND, outcome="answered_human")
    await history.call(second, at=again)


async def called_in_the_week_after_a_conversation(history: History) -> None:
    await called_in_the_week_of_a_conversation(history, again=datetime(2026, 11, 9, 8, tzinfo=UTC))


async def called_within_an_hour(
    history: History, *, of: str, after: str, seconds: float = 3599, stored: str | None = None
) -> None:
    """The silence is the hour after the end of a call of 20 seconds."""
    first, second = await known_twice(history, subject="loan-offer")
    await silence(history, hours=1, local_days=None, after=after, by="person")
    await history.call(first, at=START + 60 * SECOND, outcome=of, stored=stored)
    await history.call(second, at=START + (80 + seconds) * SECOND)


async def called_within_an_hour_of_a_refusal(history: History) -> None:
    await called_within_an_hour(history, of="declined", after="refusal")


async def called_an_hour_after_a_refusal(history: History) -> None:
    await called_within_an_hour(history, of="declined", after="refusal", seconds=3600)


async def called_within_an_hour_of_a_machine(history: History) -> None:
    await called_within_an_hour(history, of="machine_no_message", after="machine")


async def called_within_an_hour_of_a_call_of_unknown_end(history: History) -> None:
    await called_within_an_hour(history, of="busy", stored="unknown", after="conversation")


async def called_during_a_conversation(history: History) -> None:
    await called_within_an_hour(history, of="answered_human", after="conversation", seconds=-10)


async def called_after_another_event_than_the_silences(history: History) -> None:
    await called_within_an_hour(history, of="declined", after="conversation")


BUGS: list[tuple[str, Plant]] = [
    ("I2", a_third_call_by_two_campaigns),
    ("I2", a_third_call_a_moment_before_a_day_has_passed),
    ("I2", a_third_call_about_whatever),
    ("I2", a_third_call_on_the_second_local_day),
    ("I2", a_third_call_after_one_that_informed_about_a_subject),
    ("I2", called_in_the_week_of_a_conversation),
    ("I2", called_within_an_hour_of_a_refusal),
    ("I2", called_within_an_hour_of_a_machine),
    ("I2", called_within_an_hour_of_a_call_of_unknown_end),
    ("I2", called_during_a_conversation),
]
NEAR_MISSES: list[Plant] = [
    a_third_call_a_day_later,
    two_calls_about_one_subject_and_one_about_another,
    a_third_call_on_the_third_local_day,
    a_third_call_after_two_that_do_not_count,
    a_third_call_after_one_that_only_informed,
    a_third_call_by_two_tenants,
    called_in_the_week_after_a_conversation,
    called_an_hour_after_a_refusal,
    called_after_another_event_than_the_silences,
]
