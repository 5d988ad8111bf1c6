"""The rules for one campaign and one calling group: of the campaign, of law, of the tenant."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from shared.domain.calendar.calendar import Calendar, Span, next_span
from shared.domain.calendar.zones import local_date
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.places.jurisdictions import covers
from shared.domain.policy.destinations import NO_CHOICE, Destinations
from shared.domain.policy.frequency import CoolingOff, FrequencyCap
from shared.domain.policy.rules import CallKind, Duty, RingTime, Rule, holds_on

UNKNOWN = datetime.min.replace(tzinfo=UTC)
# How long the answer that no opening follows is kept: it takes a long search.
NEVER_KEPT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRules:
    """The campaign's own rules. Calls of campaigns with an empty subject share that subject.

    `default_zone_hours` hold beside its own hours, for contacts whose zone is only the campaign's
    default.
    """

    kind: CallKind
    automated: bool
    subject: str
    calendar: Calendar
    default_zone_hours: Calendar | None = None
    limits: tuple[FrequencyCap | CoolingOff, ...] = ()
    ring_seconds: int | None = None
    max_total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRules:
    """The tenant's choices: `overridden` rules of the packs do not hold for it."""

    turned_on: frozenset[str] = frozenset()
    overridden: frozenset[str] = frozenset()
    added: tuple[Rule, ...] = ()
    destinations: Destinations = NO_CHOICE


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours with the rule that sets them; None: the campaign's own."""

    calendar: Calendar
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap or a silence with the rule that sets it; None: the campaign's own."""

    limit: FrequencyCap | CoolingOff
    rule: Rule | None

    def holds(self, zones: tuple[str, ...], *, at: datetime) -> bool:
        return self.rule is None or in_force(self.rule, zones, at=at)


@dataclass(slots=True, kw_only=True, eq=False)
class CallingRules:
    """All rules for the contacts of one group; the opening is cached, as each contact needs it.

    `duties` are the owner's to see to. `chosen` are the rules about such calls that the tenant
    overrode or turned on, so that an answer can show them.
    """

    group: CallingGroup
    hours: tuple[Hours, ...]
    limits: tuple[Limit, ...]
    subject: str
    # Whether calls are recorded per person, because some rule may count them.
    counts_person_calls: bool
    ring_seconds: int | None
    max_total: int | None
    versions: str
    destinations: Destinations = NO_CHOICE
    duties: tuple[Rule, ...] = ()
    chosen: tuple[Rule, ...] = ()
    _calendars: tuple[Calendar, ...] = ()
    _span: Span | None = field(default=None, repr=False)
    _known_from: datetime = UNKNOWN
    _known_until: datetime = UNKNOWN

    def __post_init__(self) -> None:
        self._calendars = tuple(hours.calendar for hours in self.hours)

    def opening(self, *, now: datetime) -> Span | None:
        """The span that contains `now`, or the next one; None when none follows."""
        if self._known_from <= now < self._known_until:
            return self._span
        span = self._span = next_span(self._calendars, self.group.zones, now=now)
        # An open span is valid from its opening on; a future one from `now` on.
        self._known_from = now if span is None else min(now, span.opens_at)
        self._known_until = now + NEVER_KEPT if span is None else span.closes_at
        return span


def calling_rules(
    campaign: CampaignRules, tenant: TenantRules, packs: Iterable[Rule], group: CallingGroup
) -> CallingRules:
    """The campaign's own rules, and all rules of law for such calls to the places of the group."""
    about = list(_about(campaign, tenant, packs, group))
    law = [rule for rule in about if _holds(rule, tenant)]
    own = [campaign.calendar]
    if group.source == "campaign" and campaign.default_zone_hours is not None:
        own.append(campaign.default_zone_hours)
    legal_hours = [
        Hours(_while_in_force(rule, rule.demand, group), rule)
        for rule in law
        if isinstance(rule.demand, Calendar)
    ]
    legal_limits = [
        Limit(rule.demand, rule)
        for rule in law
        if isinstance(rule.demand, FrequencyCap | CoolingOff)
    ]
    rings = [rule.demand.seconds for rule in law if isinstance(rule.demand, RingTime)]
    return CallingRules(
        group=group,
        hours=(*(Hours(calendar, None) for calendar in own), *legal_hours),
        limits=(*(Limit(limit, None) for limit in campaign.limits), *legal_limits),
        subject=campaign.subject,
        counts_person_calls=campaign.kind is not CallKind.INFORMATIONAL
        or bool(campaign.subject or campaign.limits or legal_limits),
        ring_seconds=max([*rings, campaign.ring_seconds or 0]) or None,
        max_total=campaign.max_total,
        versions=" ".join(sorted({rule.pack for rule in law})),
        destinations=tenant.destinations,
        duties=tuple(rule for rule in law if isinstance(rule.demand, Duty)),
        chosen=tuple(rule for rule in about if _is_chosen(rule, tenant)),
    )


def in_force(rule: Rule, zones: tuple[str, ...], *, at: datetime) -> bool:
    """Whether the rule is in effect on the local date in any of the zones."""
    if rule.effective_from is None and rule.effective_until is None:
        return True
    return any(holds_on(rule, day=local_date(name, at)) for name in zones or ("UTC",))


def _about(
    campaign: CampaignRules, tenant: TenantRules, packs: Iterable[Rule], group: CallingGroup
) -> Iterator[Rule]:
    """The rules about such calls to the places of the group, whether they hold or not."""
    for rule in (*packs, *tenant.added):
        if (
            campaign.kind in rule.kinds
            and (campaign.automated or not rule.automated_only)
            and covers(rule.jurisdiction, group.jurisdictions)
        ):
            yield rule


def _holds(rule: Rule, tenant: TenantRules) -> bool:
    wanted = rule.verified or rule.name in tenant.turned_on
    return wanted and rule.name not in tenant.overridden


def _is_chosen(rule: Rule, tenant: TenantRules) -> bool:
    is_turned_on = not rule.verified and rule.name in tenant.turned_on
    return is_turned_on or rule.name in tenant.overridden


def _while_in_force(rule: Rule, hours: Calendar, group: CallingGroup) -> Calendar:
    return replace(
        hours,
        effective_from=rule.effective_from,
        effective_until=rule.effective_until,
        also_in=group.number_zones if rule.in_all_places else (),
    )
