"""Parses phone numbers: E.164 with region and candidate zones, or the reason why not."""

import re
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from shared.domain.places.number_plans import recognise, zones_of

# Digits with the usual separators, after at most one plus: nearly all numbers in lists.
_PLAIN_TEXT = re.compile(r"[ (]*\+?[0-9 ().-]{4,}")
_PLAIN_LENGTH = 64
_DIGITS_ONLY = str.maketrans("", "", "+ ().-")

_PARSE_REASONS = {
    NumberParseException.INVALID_COUNTRY_CODE: "no_country",
    NumberParseException.NOT_A_NUMBER: "not_a_number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    NumberParseException.TOO_SHORT_NSN: "too_short",
    NumberParseException.TOO_LONG: "too_long",
}
_LENGTH_REASONS = {
    ValidationResult.INVALID_COUNTRY_CODE: "no_country",
    ValidationResult.TOO_SHORT: "too_short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "too_short",
    ValidationResult.TOO_LONG: "too_long",
    ValidationResult.INVALID_LENGTH: "wrong_length",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """A valid number. `zones` are all zones that it may be in, sorted; empty if none is known."""

    e164: str
    region: str
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidNumber:
    """`reason` is one of: empty, not_a_number, no_country, too_short, too_long, wrong_length,
    not_assigned. It never contains the text that was read.
    """

    reason: str


def parse_number(text: str, *, default_region: str | None) -> PhoneNumber | InvalidNumber:
    """The number that phonenumbers finds in the text; `default_region` is its ISO country."""
    if len(text) <= _PLAIN_LENGTH and _PLAIN_TEXT.fullmatch(text):
        digits = text.translate(_DIGITS_ONLY)
        number = recognise(digits, international="+" in text, default_region=default_region)
        if number:
            e164 = f"+{number.code}{number.national}"
            return PhoneNumber(e164=e164, region=number.region, zones=zones_of(number))
    return _parse_anything(text, default_region)


def _parse_anything(text: str, default_region: str | None) -> PhoneNumber | InvalidNumber:
    if not text or text.isspace():
        return InvalidNumber(reason="empty")
    try:
        parsed = phonenumbers.parse(text, default_region)
    except NumberParseException as error:
        return InvalidNumber(reason=_PARSE_REASONS[error.error_type])
    region = phonenumbers.region_code_for_number(parsed)
    if region is None or not phonenumbers.is_valid_number(parsed):
        possible = phonenumbers.is_possible_number_with_reason(parsed)
        return InvalidNumber(reason=_LENGTH_REASONS.get(possible, "not_assigned"))
    zones = set(time_zones_for_number(parsed)) - {UNKNOWN_TIMEZONE}
    return PhoneNumber(
        e164=phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        region=region,
        zones=tuple(sorted(zones)),
    )
