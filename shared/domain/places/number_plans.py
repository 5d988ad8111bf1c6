"""Numbering plans of the world: phonenumbers' metadata, compiled once, for the common spellings.

It recognises valid numbers only; all other and all doubtful texts go to phonenumbers itself.
tests/unit/domain/places/test_numbers.py compares the two.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    SUPPORTED_REGIONS,
    PhoneMetadata,
    PhoneNumberType,
    is_number_type_geographical,
)
from phonenumbers.phonemetadata import PhoneNumberDesc
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

_LONGEST_CODE = 3
_KNOWN_CODES = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)

# The group in which a number with a place is found.
_PLACE = 2


class Recognised(NamedTuple):
    """A valid number; only a geographic one has zones narrower than those of its country."""

    code: str
    national: str
    region: str
    geographic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How numbers are dialed from inside one region."""

    code: str
    general: re.Pattern[str]
    lengths: frozenset[int]
    local_lengths: frozenset[int]
    abroad: re.Pattern[str] | None
    trunk: re.Pattern[str] | None
    trunk_rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Region:
    """The national numbers of a country calling code that are valid in this region."""

    name: str
    leading: re.Pattern[str] | None
    kinds: dict[int, re.Pattern[str]]


def recognise(digits: str, *, international: bool, default_region: str | None) -> Recognised | None:
    """The number spelled by ASCII digits, after a plus or as dialed in the default region."""
    if international:
        return _from_abroad(digits)
    if default_region not in SUPPORTED_REGIONS:
        return None
    plan = _plan(default_region)
    abroad = plan.abroad and plan.abroad.match(digits)
    if not abroad:
        return _from_inside(plan, digits)
    rest = digits[abroad.end() :]
    # No country calling code begins with 0, so the digits before were no international prefix.
    return None if rest.startswith("0") else _from_abroad(rest)


@lru_cache(maxsize=65_536)
def zones_of_prefix(prefix: str) -> tuple[str, ...]:
    """Sorted zones of a geographic number, from its first TIMEZONE_LONGEST_PREFIX digits."""
    for length in range(len(prefix), 0, -1):
        zones = TIMEZONE_DATA.get(prefix[:length])
        if zones is not None:
            return tuple(sorted(set(zones)))
    return ()


def zones_of(number: Recognised) -> tuple[str, ...]:
    if not number.geographic:
        return zones_of_prefix(number.code)
    return zones_of_prefix((number.code + number.national)[:TIMEZONE_LONGEST_PREFIX])


def _from_abroad(digits: str) -> Recognised | None:
    for length in range(1, _LONGEST_CODE + 1):
        code = digits[:length]
        if code in _KNOWN_CODES:
            return _classified(code, _trimmed(_main_plan(code), digits[length:]))
    return None


def _from_inside(plan: _Plan, digits: str) -> Recognised | None:
    national = digits
    if digits.startswith(plan.code):
        # The plus may be missing: assumed only where the digits are no number otherwise.
        rest = _without_trunk_prefix(plan, digits[len(plan.code) :])
        senseless = not plan.general.fullmatch(digits) and plan.general.fullmatch(rest)
        if senseless or len(digits) > max(plan.lengths):
            national, plan = rest, _main_plan(plan.code)
    return _classified(plan.code, _trimmed(plan, national))


def _without_trunk_prefix(plan: _Plan, number: str) -> str:
    match = plan.trunk.match(number) if plan.trunk and number else None
    if match is None:
        return number
    if plan.trunk_rule and match.re.groups and match.groups()[-1] is not None:
        rest = match.re.sub(plan.trunk_rule, number, count=1)
    else:
        rest = number[match.end() :]
    if plan.general.fullmatch(number) and not plan.general.fullmatch(rest):
        return number
    return rest


def _trimmed(plan: _Plan, number: str) -> str:
    rest = _without_trunk_prefix(plan, number)
    length = len(rest)
    possible = length in plan.lengths or length > max(plan.lengths)
    return rest if possible and length not in plan.local_lengths else number


def _classified(code: str, national: str) -> Recognised | None:
    length = len(national)
    for region in _regions(code):
        if region.leading and not region.leading.match(national):
            continue
        pattern = region.kinds.get(length)
        match = pattern.fullmatch(national) if pattern else None
        if match:
            return Recognised(code, national, region.name, match.lastindex == _PLACE)
        if region.leading:
            return None
    return None


@cache
def _main_plan(code: str) -> _Plan:
    return _compiled_plan(_metadata(code, COUNTRY_CODE_TO_REGION_CODE[int(code)][0]))


@cache
def _plan(region: str) -> _Plan:
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        raise LookupError(f"no numbering plan for region {region}")
    return _compiled_plan(metadata)


def _metadata(code: str, region: str) -> PhoneMetadata:
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    if metadata is None:
        raise LookupError(f"no numbering plan for region {region}")
    return metadata


def _compiled_plan(metadata: PhoneMetadata) -> _Plan:
    general = metadata.general_desc or PhoneNumberDesc()
    abroad, trunk = metadata.international_prefix, metadata.national_prefix_for_parsing
    return _Plan(
        code=str(metadata.country_code),
        general=re.compile(general.national_number_pattern or r"(?!)"),
        lengths=frozenset(general.possible_length),
        local_lengths=frozenset(general.possible_length_local_only),
        abroad=re.compile(abroad) if abroad else None,
        trunk=re.compile(trunk) if trunk else None,
        trunk_rule=metadata.national_prefix_transform_rule,
    )


@cache
def _regions(code: str) -> tuple[_Region, ...]:
    names = COUNTRY_CODE_TO_REGION_CODE[int(code)]
    return tuple(_compiled_region(code, name, alone=len(names) == 1) for name in names)


def _compiled_region(code: str, name: str, *, alone: bool) -> _Region:
    metadata = _metadata(code, name)
    general = metadata.general_desc or PhoneNumberDesc()
    # Leading digits are needed only where several regions share a code.
    leading = None if alone else metadata.leading_digits
    return _Region(
        name=name,
        leading=re.compile(leading) if leading else None,
        kinds={
            length: re.compile(_kinds(metadata, int(code), length))
            for length in general.possible_length
        },
    )


def _kinds(metadata: PhoneMetadata, code: int, length: int) -> str:
    """Valid numbers of this length; the group says whether the number belongs to a place."""
    placeless = (
        metadata.premium_rate,
        metadata.toll_free,
        metadata.shared_cost,
        metadata.voip,
        metadata.personal_number,
        metadata.pager,
        metadata.uan,
        metadata.voicemail,
    )
    # In the order of phonenumbers: the first kind that matches is the kind of the number.
    fixed = _any_of((metadata.fixed_line,), length)
    same = metadata.same_mobile_and_fixed_line_pattern
    mobile = _any_of((None if same else metadata.mobile,), length)
    mobile_has_place = is_number_type_geographical(PhoneNumberType.MOBILE, code)
    placed, unplaced = (f"{fixed}|{mobile}", r"(?!)") if mobile_has_place else (fixed, mobile)
    general = _any_of((metadata.general_desc,), length)
    return rf"(?=(?:{general})\Z)(?:({_any_of(placeless, length)})|({placed})|({unplaced}))"


def _any_of(kinds: tuple[PhoneNumberDesc | None, ...], length: int) -> str:
    patterns = [
        kind.national_number_pattern
        for kind in kinds
        if kind and kind.national_number_pattern and length in (kind.possible_length or (length,))
    ]
    return "|".join(patterns) or r"(?!)"
