"""Jurisdictions by ISO 3166: a country like GB, or a part of one like US-LA."""

import re
from collections.abc import Iterable

from phonenumbers import SUPPORTED_REGIONS

_PART = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")


def is_jurisdiction(code: str) -> bool:
    """A country that has phone numbers, or a code that may be a part of such a country."""
    part = _PART.fullmatch(code)
    return (part[1] if part else code) in SUPPORTED_REGIONS


def covers(area: str, jurisdictions: Iterable[str]) -> bool:
    """Whether one of the jurisdictions is the area or lies in it: a country covers its parts."""
    return any(place == area or place.startswith(f"{area}-") for place in jurisdictions)
