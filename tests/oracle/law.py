"""The rules of law that cover a call: the checker reads the packs by its own code."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from tests.oracle.facts import Campaign, Contact, covers

_PACKS = Path(__file__).parents[2] / "shared" / "rulepacks"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """A rule has at most one demand. `hours` have the form of a campaign's calendar."""

    name: str
    jurisdiction: str
    kinds: frozenset[str]
    automated_only: bool
    in_all_places: bool
    verified: bool
    first_day: date
    end_day: date
    hours: dict[str, Any] | None
    cap: dict[str, Any] | None
    silence: dict[str, Any] | None

    def holds_on(self, day: date) -> bool:
        return self.first_day <= day < self.end_day


class Law:
    """`chosen` has the choices of each tenant: rules turned on, overridden and added."""

    def __init__(self, chosen: Mapping[int, dict[str, Any]]) -> None:
        self._chosen = chosen
        self._known: dict[tuple[int, str, bool, tuple[str, ...]], tuple[Rule, ...]] = {}

    def rules(self, campaign: Campaign, contact: Contact) -> tuple[Rule, ...]:
        """The rules for the campaign's calls to the contact's places, on any day."""
        kind = campaign.definition.get("kind", "solicitation")
        automated = campaign.definition.get("automated", True)
        key = campaign.tenant_id, kind, automated, contact.jurisdictions
        if key not in self._known:
            self._known[key] = tuple(
                rule
                for rule in self._standing(campaign.tenant_id)
                if kind in rule.kinds
                and (automated or not rule.automated_only)
                and covers(rule.jurisdiction, contact.jurisdictions)
            )
        return self._known[key]

    def _standing(self, tenant_id: int) -> Iterable[Rule]:
        chosen = self._chosen.get(tenant_id, {})
        turned_on, overridden = (
            {choice["rule"] for choice in chosen.get(part, ())}
            for part in ("turned_on", "overridden")
        )
        for rule in (*packed(), *map(_rule, chosen.get("added", ()))):
            if (rule.verified or rule.name in turned_on) and rule.name not in overridden:
                yield rule


@cache
def packed() -> tuple[Rule, ...]:
    packs = (tomllib.loads(path.read_text()) for path in sorted(_PACKS.glob("*.toml")))
    return tuple(_rule(written) for pack in packs for written in pack["rules"])


def _rule(written: Mapping[str, Any]) -> Rule:
    hours = written.get("hours")
    return Rule(
        name=written["name"],
        jurisdiction=written["jurisdiction"],
        kinds=frozenset(written["kinds"]),
        automated_only=written.get("automated_only", False),
        in_all_places=written.get("places") == "all",
        verified=written.get("verified", True),
        first_day=_day(written.get("effective_from")) or date.min,
        end_day=_day(written.get("effective_until")) or date.max,
        hours=None if hours is None else _calendar(hours, written),
        cap=written.get("cap"),
        silence=written.get("silence"),
    )


def _calendar(hours: Mapping[str, str], written: Mapping[str, Any]) -> dict[str, Any]:
    on_holidays = written.get("holiday_hours")
    return {
        "windows": _windows(hours),
        "holidays": written.get("holidays") or (),
        "holiday_windows": _windows({"mon": on_holidays}) if on_holidays else (),
    }


def _day(written: date | str | None) -> date | None:
    """A date of a pack (TOML has dates) or of a tenant's rule (JSON has text)."""
    return date.fromisoformat(written) if isinstance(written, str) else written


def _windows(hours: Mapping[str, str]) -> list[dict[str, Any]]:
    """`mon-fri = "10:00-13:00, 14:00-20:00"` is two windows of five days."""
    windows = []
    for days, spans in hours.items():
        first, *last = (_DAYS.index(day) for day in days.split("-"))
        for span in spans.split(", "):
            start, end = span.split("-")
            named = _DAYS[first : (last or [first])[0] + 1]
            windows.append({"days": named, "start": start, "end": end})
    return windows
