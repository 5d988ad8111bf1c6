"""Numbering plans of the world: phonenumbers' metadata, compiled once, for the common spellings.

It recognises valid numbers only; all other and all doubtful texts go to phonenumbers itself.
tests/unit/domain/places/test_numbers.py compares the two.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    SUPPORTED_REGIONS,
    PhoneMetadata,
)
from phonenumbers.phonemetadata import PhoneNumberDesc

from shared.domain.places.number_kinds import KIND_OF_CODE, NumberKind

_LONGEST_CODE = 3
_NOTHING = r"(?!)"
_KINDS = {str(kind): kind for kind in NumberKind}
_KNOWN_CODES = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)


class Recognised(NamedTuple):
    """A valid number: country calling code and national number, with its ISO 3166-1 country.

    `kind` is None for the kinds that every tenant calls.
    """

    code: str
    national: str
    region: str
    kind: NumberKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How numbers are dialed from inside one region."""

    code: str
    general: re.Pattern[str]
    lengths: frozenset[int]
    longest: int
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
    kind: NumberKind | None


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
        if senseless or len(digits) > plan.longest:
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
    possible = length in plan.lengths or length > plan.longest
    return rest if possible and length not in plan.local_lengths else number


def _classified(code: str, national: str) -> Recognised | None:
    length = len(national)
    for region in _regions(code):
        if region.leading and not region.leading.match(national):
            continue
        pattern = region.kinds.get(length)
        match = pattern.fullmatch(national) if pattern else None
        if match:
            kind = match.lastgroup
            return Recognised(code, national, region.name, _KINDS[kind] if kind else region.kind)
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
        longest=max(general.possible_length),
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
        kinds={length: re.compile(_kinds(metadata, length)) for length in general.possible_length},
        kind=KIND_OF_CODE.get(code),
    )


def _kinds(metadata: PhoneMetadata, length: int) -> str:
    """Valid numbers of this length; the group that matched names their kind if it is costly.

    In the order of phonenumbers, because a number that is in two ranges is of the first kind.
    """
    general = _any_of((metadata.general_desc,), length)
    kinds = (
        (metadata.premium_rate, NumberKind.PREMIUM_RATE),
        (metadata.toll_free, None),
        (metadata.shared_cost, NumberKind.SHARED_COST),
        (metadata.voip, None),
        (metadata.personal_number, NumberKind.PERSONAL_NUMBER),
        (metadata.pager, NumberKind.PAGER),
        (metadata.uan, None),
        (metadata.voicemail, NumberKind.VOICEMAIL),
        (metadata.fixed_line, None),
        (metadata.mobile, None),
    )
    # A number of a code of one kind is of that kind, whatever the plan says.
    named = str(metadata.country_code) not in KIND_OF_CODE
    patterns = [
        f"(?P<{kind}>{pattern})" if kind and named else pattern
        for desc, kind in kinds
        if (pattern := _any_of((desc,), length)) != _NOTHING
    ]
    return rf"(?=(?:{general})\Z)(?:{'|'.join(patterns) or _NOTHING})"


def _any_of(kinds: tuple[PhoneNumberDesc | None, ...], length: int) -> str:
    patterns = [
        kind.national_number_pattern
        for kind in kinds
        if kind and kind.national_number_pattern and length in (kind.possible_length or (length,))
    ]
    return "|".join(patterns) or _NOTHING
