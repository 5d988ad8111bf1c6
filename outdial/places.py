"""Reads the place in an option, and names the places that a wrong one may have meant."""

from outdial.errors import OutdialError
from shared.domain.places.jurisdictions import is_jurisdiction
from shared.domain.places.names import plain
from shared.domain.places.tables import country_names, regions


def place_of(option: str, text: str) -> str:
    """An ISO 3166 code in capitals, like US or US-FL."""
    code = text.strip().upper()
    if not is_jurisdiction(code):
        raise OutdialError(
            f"{option}: {text!r} is not a country like US or a part of one like US-FL"
            f"{hint(near(text))}"
        )
    return code


def near(text: str) -> list[str]:
    """Other countries and parts of countries that have this code or name."""
    name = plain(text.replace("_", "-").rpartition("-")[2])
    parts = [codes[name] for codes in regions().values() if name in codes]
    country = country_names().get(plain(text), "")
    return sorted({*parts, country} - {text.strip().upper(), ""})


def hint(names: list[str]) -> str:
    return f"; did you mean {' or '.join(names)}?" if names else ""
