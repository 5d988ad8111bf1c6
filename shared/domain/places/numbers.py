"""Reads phone numbers: E.164 with region and candidate zones, or the reason why not."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneNumberFormat,
    ValidationResult,
)

from shared.domain.places.number_kinds import NumberKind
from shared.domain.places.number_plans import Recognised, recognise
from shared.domain.places.number_zones import zones_of
from shared.domain.places.old_spellings import overseas, renewed
from shared.domain.places.spellings import Spelling, spelled

Numbers = Literal["national", "international"]

# Digits that ITU-T E.164 and the tables allow.
_SHORTEST = 7
_LONGEST = 15
# Emergency numbers and information; longer short numbers are for messages.
_LONGEST_SHORT = 4
# Country calling codes with a rule of their own.
_NORTH_AMERICA = "1"
_FRANCE = "33"
# No number of theirs begins with 0, so 00 is the international prefix of most other countries.
_NORTH_AMERICAN = frozenset(COUNTRY_CODE_TO_REGION_CODE[1])
# They dial the numbers of all of France as they dial their own.
_FRENCH_OVERSEAS = frozenset({"BL", "GF", "GP", "MF", "MQ", "RE", "YT"})

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


# A sentence for people on each reason: the fault, and the way to mend it.
REMEDIES = {
    "empty": "there is no number",
    "not_a_number": "not a phone number; write its digits, such as +44 20 7946 0123",
    "no_country": "no country code; write + and the code, or name the country in `country` or "
    "`default_region`",
    "too_short": "too short for a number of its country; write it with its area code",
    "too_long": "too long for a number of its country; write one number, without an extension",
    "wrong_length": "no number of its country has this length; check its digits",
    "not_assigned": "no such number is in use in its country; check its digits",
    "short_number": "an emergency or short number, which is never called; leave it out",
    "decimal": "a decimal number; format the column as text and export the file again",
    "scientific_notation": "scientific notation, which has lost digits; format the column as text",
    "letters": "letters stand for digits only in words such as 1-800-FLOWERS, after +1 or in its"
    " countries; write digits",
    "several_numbers": "more than one number in one cell; give each a row of its own",
    "extension": "an extension cannot be dialed after the answer; give a direct number",
    "ambiguous": "may be a national number or one with a country code; write + before a country"
    " code or the national prefix, or say which of the two the file holds",
    "premium_rate": "a premium-rate number, whose calls cost extra; leave it out, or allow"
    " premium_rate in your destinations",
    "shared_cost": "a shared-cost number, whose calls cost extra; leave it out, or allow"
    " shared_cost in your destinations",
    "personal_number": "a personal number, whose calls cost extra; leave it out, or allow"
    " personal_number in your destinations",
    "satellite": "a satellite telephone, whose calls cost extra; leave it out, or allow satellite"
    " in your destinations",
    "international_network": "a number of an international network, whose calls cost extra; leave"
    " it out, or allow international_network in your destinations",
    "pager": "a pager, which nobody answers; leave it out, or allow pager in your destinations",
    "voicemail": "the number of a mailbox; leave it out, or allow voicemail in your destinations",
    "country_not_called": "a number of a country that your destinations do not call; leave it out,"
    " or change them",
    "too_costly": "one call to this number costs more than the spend ceiling has in call_most;"
    " leave it out, or raise call_most",
}


class PhoneNumber(NamedTuple):
    """A valid number. `zones` are all zones that it may be in, sorted; empty if none is known.

    `kind` is None for the kinds that every tenant calls.
    """

    e164: str
    region: str
    zones: tuple[str, ...]
    kind: NumberKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidNumber:
    """`reason` is a key of REMEDIES, and never contains the text that was read."""

    reason: str


def parse_number(
    text: str, *, default_region: str | None, numbers: Numbers | None = None
) -> PhoneNumber | InvalidNumber:
    """The one number that the text spells plainly.

    `default_region`, by ISO 3166-1, reads a number without + or international prefix. `numbers`
    says what such numbers are: national, or international unless they begin with 0. Left out,
    a number that may be both is `ambiguous`.
    """
    spelling = spelled(text)
    if isinstance(spelling, str):
        return InvalidNumber(reason=spelling)
    found = _found(spelling, default_region, numbers)
    if isinstance(found, str):
        return InvalidNumber(reason=found)
    e164 = f"+{found.code}{found.national}"
    zones = zones_of(e164, found.region)
    return PhoneNumber(e164=e164, region=found.region, zones=zones, kind=found.kind)


def _found(
    spelling: Spelling, default_region: str | None, numbers: Numbers | None
) -> Recognised | str:
    """The number that may be stored and called, or the reason why there is none."""
    digits, international, has_words = spelling
    if numbers == "international" and digits[0] != "0":
        international = True
    if digits.startswith("00") and (international or default_region in _NORTH_AMERICAN):
        digits, international = digits.removeprefix("00"), True
    found = _read(digits, international=international, region=default_region)
    if isinstance(found, str) and default_region in _FRENCH_OVERSEAS:
        of_france = _read(digits, international=international, region="FR")
        found = found if isinstance(of_france, str) else of_france
    if has_words and (isinstance(found, str) or found.code != _NORTH_AMERICA):
        return "letters"
    if isinstance(found, str):
        return found
    doubt = None if international else _doubt(digits, found, numbers)
    if doubt:
        return doubt
    if found.code == _FRANCE:
        found = overseas(found.national) or found
    length = len(found.code) + len(found.national)
    if not _SHORTEST <= length <= _LONGEST:
        return "too_short" if length < _SHORTEST else "too_long"
    return found


def _read(digits: str, *, international: bool, region: str | None) -> Recognised | str:
    """By the numbering plans, which are fast; else by phonenumbers itself and old spellings."""
    found = recognise(digits, international=international, default_region=region)
    return found or _read_slowly("+" * international + digits, region)


def _read_slowly(text: str, region: str | None) -> Recognised | str:
    try:
        parsed = phonenumbers.parse(text, region)
    except NumberParseException as error:
        return _PARSE_REASONS[error.error_type]
    code, national = str(parsed.country_code), phonenumbers.national_significant_number(parsed)
    if phonenumbers.is_valid_number(parsed):
        found = recognise(code + national, international=True, default_region=None)
    else:
        found = renewed(code + national)
    if found:
        return found
    if len(national) <= _LONGEST_SHORT and phonenumbers.is_valid_short_number(parsed):
        return "short_number"
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    return _LENGTH_REASONS.get(possible, "not_assigned")


def _doubt(digits: str, number: Recognised, numbers: Numbers | None) -> str | None:
    """The reason why digits without + may be the number of somebody else.

    A number with country code never begins with 0; North America dials its code as a prefix.
    """
    if digits[0] == "0" or number.code == _NORTH_AMERICA:
        return None
    other = recognise(digits, international=True, default_region=None) or renewed(digits)
    is_same = other is not None and other[:2] == number[:2]
    if numbers == "national":
        return "not_assigned" if is_same else None
    if other is None or is_same:
        return None
    if other.code == number.code or digits != _as_dialed(number):
        return "ambiguous"
    return None


def _as_dialed(number: Recognised) -> str:
    """The digits with which the number is dialed inside its country."""
    parsed = phonenumbers.parse(f"+{number.code}{number.national}")
    text = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    return phonenumbers.normalize_digits_only(text)
