"""The zones of a telephone number: those of its longest known prefix, or else of its country."""

from functools import lru_cache

from shared.domain.places import tables

# The plus and the longest prefix of the table: area code and exchange of the United States.
_LONGEST = len("+1") + 6


def zones_of(e164: str, region: str) -> tuple[str, ...]:
    """All zones that the number may be in, sorted; empty for a number of no country.

    `region` is the ISO 3166-1 country of the number. A number belongs to that country: its zones
    are never those of a neighbour that shares the calling code.
    """
    if region in tables.divided_countries():
        return _zones_of_prefix(e164[:_LONGEST], region)
    return zones_of_country(region)


def zones_of_country(country: str) -> tuple[str, ...]:
    """One zone for each clock of the country; empty if it is not in the tables."""
    return tables.countries().get(country, ())


@lru_cache(maxsize=65_536)
def _zones_of_prefix(prefix: str, region: str) -> tuple[str, ...]:
    for length in range(len(prefix), 1, -1):
        place = tables.prefixes().get(prefix[:length])
        # The short Canadian number 310-1234 begins like one of California.
        if place is not None and place.jurisdictions[0].startswith(region):
            return place.zones
    return zones_of_country(region)
