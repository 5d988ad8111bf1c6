"""Helpers for tests of single rules: places, hours as the law has them, compiled rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.calendar.calendar import Calendar, WeeklyWindow
from shared.domain.calendar.zones import zone
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.calling_rules import (
    CallingRules,
    CampaignRules,
    TenantRules,
    calling_rules,
)
from shared.domain.policy.rules import CallKind, Rule
from shared.rulepacks.loader import load
from tests.unit.rulepacks.law_names import UNVERIFIED

SALES, DEBT, NOTICE = CallKind.SOLICITATION, CallKind.DEBT_COLLECTION, CallKind.INFORMATIONAL
RESEARCH = CallKind.RESEARCH
EASTERN, CENTRAL, MOUNTAIN = "America/New_York", "America/Chicago", "America/Denver"
PACIFIC, PARIS, LONDON = "America/Los_Angeles", "Europe/Paris", "Europe/London"
TORONTO, SYDNEY, PERTH = "America/Toronto", "Australia/Sydney", "Australia/Perth"

TICK = timedelta(microseconds=1)
ALWAYS = Calendar(windows=tuple(WeeklyWindow(weekday=d, start=0, end=1440) for d in range(7)))
PACKS = load(None)
CLOSED, NOT_BOUND = "", "00:00-24:00"


def by_name(table: Mapping[str, Any]) -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name} ({source_of(case)})") for name, case in table.items()
    ]


def source_of(case: Any) -> str:
    return str(case[0] if isinstance(case, tuple) else case.source)


def the_rule(name: str, source: str) -> Rule:
    rule = PACKS.named(name)
    assert rule is not None
    assert rule.source == source
    return rule


def compiled(
    rules: Iterable[Rule],
    places: tuple[str, ...],
    zones: tuple[str, ...],
    *,
    kind: CallKind = CallKind.SOLICITATION,
    automated: bool = True,
    turned_on: frozenset[str] = UNVERIFIED,
) -> CallingRules:
    campaign = CampaignRules(kind=kind, automated=automated, subject="debt 1", calendar=ALWAYS)
    group = CallingGroup(
        zones=zones, source="contact", jurisdictions=places, jurisdiction_source="contact"
    )
    return calling_rules(campaign, TenantRules(turned_on=turned_on), rules, group)


def local(text: str, name: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(name)).astimezone(UTC)


def is_open(rules: CallingRules, at: datetime) -> bool:
    span = rules.opening(now=at)
    return span is not None and span.opens_at <= at


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursOfLaw:
    """Open spans of wall time from Monday 2026-11-16 to Sunday 2026-11-22, and on other dates."""

    source: str
    place: str
    zone: str
    week: tuple[str, str, str, str, str, str, str]
    dates: dict[str, str] = field(default_factory=dict)
    kinds: tuple[CallKind, ...] = (SALES,)


def hours(
    source: str,
    place: str,
    zone: str,
    weekdays: str,
    saturday: str,
    sunday: str,
    dates: dict[str, str] | None = None,
    *,
    kinds: tuple[CallKind, ...] = (SALES,),
) -> HoursOfLaw:
    week = (weekdays, weekdays, weekdays, weekdays, weekdays, saturday, sunday)
    return HoursOfLaw(
        source=source, place=place, zone=zone, week=week, dates=dates or {}, kinds=kinds
    )


def daily(source: str, place: str, zone: str, span: str, *kinds: CallKind) -> HoursOfLaw:
    return hours(source, place, zone, span, span, span, kinds=kinds or (SALES,))
