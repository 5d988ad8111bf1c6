"""Bugs of I2 and I3: calls that the campaign allows and a rule of law forbids."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.planted_bugs.acts import Plant, call_in_turn, change_definition, change_rules
from tests.support.histories import NEW_YORK, SECOND, START, History

PARIS = "Europe/Paris"
# Half past seven in the evening there, half an hour after the last allowed call.
PENNSYLVANIA_EVENING = datetime(2026, 11, 3, 0, 30, tzinfo=UTC)
FOUR_TIMES = [START + n * SECOND for n in (60, 500, 1000, 1500)]


def chosen(part: str, rule: str) -> dict[str, Any]:
    choice = {"rule": rule, "person": "Dana Reyes", "reason": "asked", "at": START.isoformat()}
    return {part: [choice]}


async def called_once(history: History, at: datetime, *, zone: str, place: str) -> None:
    dora = await history.contact("+4930123457", zone, places=[place])
    await history.call(dora, at=at, outcome="no_answer")


async def twice_known(history: History, *, zone: str, place: str, **changes: object) -> list[int]:
    other = await history.campaign(**changes)
    return [
        await history.contact("+4930123457", zone, places=[place], campaign_id=campaign_id)
        for campaign_id in (history.campaign_id, other)
    ]


async def called_in_an_evening_that_law_closes(
    history: History, *, at: datetime = PENNSYLVANIA_EVENING, place: str = "US-PA"
) -> None:
    await called_once(history, at, zone=NEW_YORK, place=place)


async def called_in_the_last_moment_that_law_opens(history: History) -> None:
    closing = PENNSYLVANIA_EVENING - timedelta(minutes=30)
    await called_in_an_evening_that_law_closes(history, at=closing - 0.001 * SECOND)


async def called_at_the_closing_of_law(history: History) -> None:
    closing = PENNSYLVANIA_EVENING - timedelta(minutes=30)
    await called_in_an_evening_that_law_closes(history, at=closing)


async def called_in_an_evening_that_law_leaves_to_who_informs(history: History) -> None:
    await change_definition(history, ["kind"], "informational")
    await called_in_an_evening_that_law_closes(history)


async def called_in_an_evening_whose_rule_is_overridden(history: History) -> None:
    await change_rules(history, chosen("overridden", "us-pa.hours"))
    await called_in_an_evening_that_law_closes(history)


async def called_in_an_evening_that_the_law_of_another_state_closes(history: History) -> None:
    await called_in_an_evening_that_law_closes(history, place="US-NY")


async def called_in_an_evening_before_law_closed_it(history: History) -> None:
    saturday = datetime(2026, 10, 17, 23, 30, tzinfo=UTC)
    await called_in_an_evening_that_law_closes(history, at=saturday)


async def a_debtor_called_where_only_the_address_is_open(
    history: History, *, at: datetime = datetime(2026, 11, 3, 2, 30, tzinfo=UTC)
) -> None:
    """The number is of New York, where it is half past nine in the evening, the address is not."""
    await change_definition(history, ["kind"], "debt_collection")
    debtor = await history.contact(
        "+12125550123", "America/Los_Angeles", source="postal_code", places=["US-CA", "US-NY"]
    )
    await history.call(debtor, at=at, outcome="no_answer")


async def a_debtor_called_where_number_and_address_are_open(history: History) -> None:
    await a_debtor_called_where_only_the_address_is_open(
        history, at=datetime(2026, 11, 3, 1, 59, 59, tzinfo=UTC)
    )


async def a_customer_called_where_only_the_address_is_open(
    history: History, *, automated: bool = False
) -> None:
    await a_debtor_called_where_only_the_address_is_open(history)
    await change_definition(history, ["kind"], "informational")
    await change_definition(history, ["automated"], automated)


async def a_recorded_call_where_only_the_address_is_open(history: History) -> None:
    """California's hours of recorded calls hold where number and address are."""
    await a_customer_called_where_only_the_address_is_open(history, automated=True)


async def called_on_the_first_day_of_a_rule(history: History) -> None:
    sunday_noon = datetime(2026, 10, 18, 16, tzinfo=UTC)
    await called_in_an_evening_that_law_closes(history, at=sunday_noon)


async def called_by_a_machine_in_an_evening_for_people(
    history: History, *, automated: bool = True
) -> None:
    await change_definition(history, ["automated"], automated)
    five_in_maine = datetime(2026, 11, 2, 22, tzinfo=UTC)
    await called_in_an_evening_that_law_closes(history, at=five_in_maine, place="US-ME")


async def called_by_a_person_in_an_evening_for_people(history: History) -> None:
    await called_by_a_machine_in_an_evening_for_people(history, automated=False)


async def called_at_a_french_lunch(history: History, *, hour: int = 12) -> None:
    await called_once(history, datetime(2026, 11, 2, hour, tzinfo=UTC), zone=PARIS, place="FR")


async def called_after_a_french_lunch(history: History) -> None:
    await called_at_a_french_lunch(history, hour=13)


async def called_on_a_holiday_of_law(history: History) -> None:
    armistice = datetime(2026, 11, 11, 10, tzinfo=UTC)
    await called_once(history, armistice, zone=PARIS, place="FR")


async def called_by_a_rule_that_is_not_verified(history: History) -> None:
    sunday = datetime(2026, 11, 1, 18, tzinfo=UTC)
    await called_once(history, sunday, zone="America/Chicago", place="US-SD")


async def called_by_a_rule_that_was_turned_on(history: History) -> None:
    await change_rules(history, chosen("turned_on", "us-sd.hours"))
    await called_by_a_rule_that_is_not_verified(history)


async def called_outside_hours_that_the_tenant_added(
    history: History, *, until: str | None = None
) -> None:
    hours = {"mon-thu": "10:00-13:00", "fri": "10:00-12:00"}
    rule = {"name": "zz.mornings", "jurisdiction": "ZZ", "kinds": ["solicitation"], "hours": hours}
    await change_rules(history, {"added": [rule | {"effective_until": until}]})


async def called_outside_hours_that_the_tenant_ended(history: History) -> None:
    await called_outside_hours_that_the_tenant_added(history, until="2026-11-02")


async def a_fourth_call_in_florida(
    history: History, *, at: list[datetime] = FOUR_TIMES, **changes: object
) -> None:
    dora = await twice_known(history, zone=NEW_YORK, place="US-FL", **changes)
    await call_in_turn(history, dora, at=at)


async def a_third_call_in_florida(history: History) -> None:
    await a_fourth_call_in_florida(history, at=FOUR_TIMES[:3])


async def a_fourth_call_in_florida_about_another_subject(history: History) -> None:
    await a_fourth_call_in_florida(history, subject="loan-offer")


async def a_fourth_call_in_oregon(history: History, *, days_before: int = 0) -> None:
    dora = await twice_known(history, zone="America/Los_Angeles", place="US-OR")
    # START is seven in the morning there, which is too early.
    moved = timedelta(hours=3) - timedelta(days=days_before)
    await call_in_turn(history, dora, at=[at + moved for at in FOUR_TIMES])


async def a_fourth_call_in_oregon_before_its_rule(history: History) -> None:
    """The rule is in effect from January 2026 on."""
    await a_fourth_call_in_oregon(history, days_before=330)


async def called_in_the_week_of_a_talk_about_the_debt(
    history: History, *, kind: str = "debt_collection"
) -> None:
    """A rule of the country is in force in each of its parts."""
    first, second = await twice_known(history, zone=NEW_YORK, place="US-NY")
    await change_definition(history, ["kind"], kind)
    await history.call(first, at=START + 60 * SECOND, outcome="answered_human")
    await history.call(second, at=START + timedelta(days=6))


async def called_in_the_week_of_a_talk_about_no_debt(history: History) -> None:
    await called_in_the_week_of_a_talk_about_the_debt(history, kind="solicitation")


async def called_on_the_last_silent_day_after_a_refusal(
    history: History, *, again: datetime = datetime(2026, 12, 31, 10, tzinfo=UTC)
) -> None:
    """Sixty whole days follow that of the refusal; New Year's Day is the last one."""
    first, second = await twice_known(history, zone=PARIS, place="FR", subject="loan-offer")
    await change_definition(history, ["calendar", "end_date"], "2027-12-31")
    await history.call(first, at=START + 60 * SECOND, outcome="declined")
    await history.call(second, at=again)


async def called_on_the_first_working_day_after_that(history: History) -> None:
    monday = datetime(2027, 1, 4, 10, tzinfo=UTC)
    await called_on_the_last_silent_day_after_a_refusal(history, again=monday)


async def called_after_an_abandoned_call(history: History) -> None:
    first, second = await twice_known(history, zone="Europe/London", place="GB")
    await history.call(first, at=START + 60 * SECOND, outcome="overflow")
    await history.call(second, at=START + timedelta(hours=72))


async def called_after_an_abandoned_call_whose_silence_is_overridden(history: History) -> None:
    await change_rules(history, chosen("overridden", "gb.abandon-72h"))
    await called_after_an_abandoned_call(history)


async def called_by_a_machine_where_law_forbids_it(history: History) -> None:
    await change_definition(history, ["automated"], True)
    await called_once(
        history, START + timedelta(hours=5), zone="America/Los_Angeles", place="US-WA"
    )


async def called_on_a_holiday_before_its_hours(
    history: History, *, day: int = 11, hour: int = 18
) -> None:
    """Nebraska allows recorded calls on Veterans Day from 13:00 on, which is 19:00 UTC."""
    await change_definition(history, ["automated"], True)
    at = datetime(2026, 11, day, hour, tzinfo=UTC)
    await called_once(history, at, zone="America/Chicago", place="US-NE")


async def called_on_a_holiday_inside_its_hours(history: History) -> None:
    await called_on_a_holiday_before_its_hours(history, hour=19)


async def called_on_a_holiday_that_moves(history: History) -> None:
    """The day after Thanksgiving."""
    await called_on_a_holiday_before_its_hours(history, day=27)


async def called_on_a_holiday_that_moves_inside_its_hours(history: History) -> None:
    await called_on_a_holiday_before_its_hours(history, day=27, hour=19)


async def called_on_good_friday(history: History) -> None:
    """A legal holiday of Pennsylvania that only its rule has."""
    await change_definition(history, ["calendar", "end_date"], "2027-12-31")
    noon = datetime(2027, 3, 26, 16, tzinfo=UTC)
    await called_once(history, noon, zone=NEW_YORK, place="US-PA")


async def called_on_a_holiday_that_only_the_rule_has(history: History) -> None:
    """8 January, a Friday in 2027, is a legal holiday of Louisiana."""
    await change_definition(history, ["calendar", "end_date"], "2027-12-31")
    noon = datetime(2027, 1, 8, 18, tzinfo=UTC)
    await called_once(history, noon, zone="America/Chicago", place="US-LA")


BUGS: list[tuple[str, Plant]] = [
    ("I3", called_in_an_evening_that_law_closes),
    ("I3", called_at_the_closing_of_law),
    ("I3", called_on_the_first_day_of_a_rule),
    ("I3", called_by_a_machine_in_an_evening_for_people),
    ("I3", called_at_a_french_lunch),
    ("I3", called_on_a_holiday_of_law),
    ("I3", called_by_a_rule_that_was_turned_on),
    ("I3", called_outside_hours_that_the_tenant_added),
    ("I3", a_debtor_called_where_only_the_address_is_open),
    ("I3", a_recorded_call_where_only_the_address_is_open),
    ("I2", a_fourth_call_in_florida),
    ("I2", a_fourth_call_in_oregon),
    ("I2", called_in_the_week_of_a_talk_about_the_debt),
    ("I2", called_on_the_last_silent_day_after_a_refusal),
    ("I3", called_by_a_machine_where_law_forbids_it),
    ("I3", called_on_a_holiday_before_its_hours),
    ("I3", called_on_a_holiday_that_only_the_rule_has),
    ("I3", called_on_a_holiday_that_moves),
    ("I3", called_on_good_friday),
    ("I2", called_after_an_abandoned_call),
]
NEAR_MISSES: list[Plant] = [
    called_in_the_last_moment_that_law_opens,
    called_in_an_evening_that_law_leaves_to_who_informs,
    called_in_an_evening_whose_rule_is_overridden,
    called_in_an_evening_that_the_law_of_another_state_closes,
    called_in_an_evening_before_law_closed_it,
    called_by_a_person_in_an_evening_for_people,
    called_after_a_french_lunch,
    called_by_a_rule_that_is_not_verified,
    called_outside_hours_that_the_tenant_ended,
    a_debtor_called_where_number_and_address_are_open,
    a_customer_called_where_only_the_address_is_open,
    a_third_call_in_florida,
    a_fourth_call_in_florida_about_another_subject,
    a_fourth_call_in_oregon_before_its_rule,
    called_in_the_week_of_a_talk_about_no_debt,
    called_on_the_first_working_day_after_that,
    called_on_a_holiday_inside_its_hours,
    called_on_a_holiday_that_moves_inside_its_hours,
    called_after_an_abandoned_call_whose_silence_is_overridden,
]
