"""Rules and facts for the tests of the decision, with the defaults of an open Sunday."""

from datetime import UTC, date, datetime, timedelta

from shared.domain.calendar.calendar import Calendar, WeeklyWindow
from shared.domain.outcomes import Outcome
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.calling_rules import (
    CallingRules,
    CampaignRules,
    TenantRules,
    calling_rules,
)
from shared.domain.policy.frequency import CoolingOff, Event, FrequencyCap, Length, PastCall, Scope
from shared.domain.policy.rules import CallKind, Demand, Rule

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
# A Sunday, noon in New York.
NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
DAILY = tuple(WeeklyWindow(weekday=day, start=9 * 60, end=20 * 60) for day in range(7))
WORKING_DAYS = Calendar(windows=DAILY[:5])
THREE_A_DAY = FrequencyCap(max_calls=3, within=Length(hours=24), by=Scope.SUBJECT)
WEEK_OF_SILENCE = CoolingOff(after=Event.CONVERSATION, lasts=Length(local_days=7), by=Scope.SUBJECT)


def a_rule(
    demand: Demand,
    *,
    name: str = "us.rule",
    until: date | None = None,
    jurisdiction: str = "US",
) -> Rule:
    return Rule(
        name=name,
        pack="US@2026-11-21",
        jurisdiction=jurisdiction,
        says="Not now.",
        source="a statute",
        demand=demand,
        kinds=frozenset(CallKind),
        effective_until=until,
    )


def rules(
    *law: Rule,
    own: tuple[FrequencyCap | CoolingOff, ...] = (),
    windows: tuple[WeeklyWindow, ...] = DAILY,
    end_date: date | None = None,
    zones: tuple[str, ...] = (NEW_YORK,),
    max_total: int | None = None,
    hours_of: str | None = None,
) -> CallingRules:
    """`hours_of` is the zone of the campaign's own hours, if they have one."""
    campaign = CampaignRules(
        kind=CallKind.SOLICITATION,
        automated=True,
        subject="loan",
        calendar=Calendar(windows=windows, end_date=end_date, zone=hours_of),
        limits=own,
        max_total=max_total,
    )
    group = CallingGroup(
        zones=zones,
        source="number" if zones else "unknown",
        jurisdictions=("US-NY",),
        jurisdiction_source="number",
    )
    return calling_rules(campaign, TenantRules(), law, group)


def ago(hours: float, outcome: Outcome | None = Outcome.NO_ANSWER) -> PastCall:
    at = NOW - hours * HOUR
    return PastCall(at, "loan", outcome, None if outcome is None else at + timedelta(minutes=1))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


LAW = a_rule(WORKING_DAYS)
CAP, SILENCE = a_rule(THREE_A_DAY), a_rule(WEEK_OF_SILENCE)
MONDAY = utc("2026-11-23T14:00")
TALKED = ago(20, Outcome.ANSWERED_HUMAN)
THREE_CALLS = (ago(23), ago(5), ago(2))
