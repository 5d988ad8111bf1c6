"""Destinations: the kinds of numbers and the countries that a tenant calls."""

from dataclasses import dataclass

from shared.domain.places.number_kinds import NumberKind
from shared.domain.places.number_plans import recognise
from shared.domain.places.numbers import InvalidNumber, parse_number

SHORT_NUMBER = "short_number"
COUNTRY_NOT_CALLED = "country_not_called"
# Area codes of North America with the digits of a service: 911 is the emergency call, 411 tells
# numbers. No telephone has one.
_NORTH_AMERICA, _SERVICE = "+1", "11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destinations:
    """A tenant's choice; without one the costly kinds are refused, and no country is.

    `countries` are the only ones that are called, or, with `all_but_these`, the only ones that are
    not. They are those of the numbers, by ISO 3166-1; 001 is for numbers of no country.
    """

    allowed_kinds: frozenset[NumberKind] = frozenset()
    countries: frozenset[str] = frozenset()
    all_but_these: bool = True

    def refusal(self, *, region: str, kind: NumberKind | None) -> str | None:
        """Why a valid number is not called, by a word that REMEDIES explains; None: it is."""
        if kind is not None and kind not in self.allowed_kinds:
            return str(kind)
        if (region in self.countries) is self.all_but_these:
            return COUNTRY_NOT_CALLED
        return None

    def refusal_of(self, e164: str) -> str | None:
        """The same of a number that was imported before, perhaps by other rules.

        Emergency and short numbers are refused whatever the tenant chose. A number that has left
        its plan since is not: its carrier refuses it.
        """
        number = recognise(e164[1:], international=True, default_region=None)
        if number is not None:
            return self.refusal(region=number.region, kind=number.kind)
        return SHORT_NUMBER if _is_short(e164) else None


NO_CHOICE = Destinations()
# For a reader whose numbers are refused by the decision.
EVERYWHERE = Destinations(allowed_kinds=frozenset(NumberKind))


def _is_short(e164: str) -> bool:
    if e164.startswith(_NORTH_AMERICA) and e164[3:5] == _SERVICE:
        return True
    number = parse_number(e164, default_region=None)
    return isinstance(number, InvalidNumber) and number.reason == SHORT_NUMBER
