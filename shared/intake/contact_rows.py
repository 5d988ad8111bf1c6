"""Validates a contact from a file or from JSON: the result is a row or a fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from shared.domain.places.address import Address, InvalidAddress, country_of
from shared.domain.places.calling_groups import CallingGroup, calling_group
from shared.domain.places.numbers import InvalidNumber, Numbers, PhoneNumber, parse_number
from shared.domain.policy.contact_numbers import MOST_NUMBERS
from shared.domain.policy.destinations import NO_CHOICE, Destinations
from shared.intake.instants import expiry_fault, instant

LONGEST_EXTERNAL_ID = 256
# The field of further numbers in JSON, and the columns of CSV: number2 is the first of `numbers`.
OTHERS = "numbers"
OTHER_COLUMNS = tuple(f"number{position}" for position in range(2, MOST_NUMBERS + 1))
# Rows of one area often follow each other; a forgotten entry costs some microseconds.
MOST_PLACES = 65_536

# Zone, postal code, country and region.
Place = tuple[str | None, str | None, str | None, str | None]


# Named tuples, because a file makes one of them for each row.
class Row(NamedTuple):
    """`group` is the index of the calling group in `Rows.groups`, from 1; `has_place` says whether
    more than the number led to it. `attributes` are JSON. `others` are further numbers, each with
    its own group.
    """

    number: str
    group: int
    has_place: bool
    external_id: str | None
    attributes: str | None
    expires_at: datetime | None
    others: tuple[tuple[str, int], ...] = ()


class Fault(NamedTuple):
    """`reason` is a stable code; the value is never in it."""

    field: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Rows:
    """Reads contacts of one campaign and collects their calling groups.

    `default_region` is the country of numbers in rows that name none; `numbers` says whether those
    without + are national or international. `destinations` are the tenant's. Without `now` an
    expiry may be in the past.
    """

    default_region: str | None
    default_zone: str | None
    numbers: Numbers | None = None
    destinations: Destinations = NO_CHOICE
    now: datetime | None = None
    groups: list[CallingGroup] = field(default_factory=list)
    _known: dict[CallingGroup, int] = field(default_factory=dict)
    _places: dict[tuple[object, ...], int] = field(default_factory=dict)

    def read(
        self,
        number: str,
        *,
        zone: str | None = None,
        postal_code: str | None = None,
        country: str | None = None,
        region: str | None = None,
        external_id: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        expires_at: str | None = None,
        others: Sequence[str] = (),
    ) -> Row | Fault:
        """`others` are further numbers of the person, who is at one place with all of them."""
        place = zone, postal_code, country, region
        first = self._read_number(number, place)
        if isinstance(first, Fault):
            return first
        e164, group = first
        further: tuple[tuple[str, int], ...] = ()
        if others:
            several = self._several(first, others, place)
            if isinstance(several, Fault):
                return several
            (e164, group), *rest = several
            further = tuple(rest)
        if external_id is not None and len(external_id) > LONGEST_EXTERNAL_ID:
            return Fault(field="external_id", reason="too_long")
        expiry = self._expiry(expires_at) if expires_at else None
        if isinstance(expiry, str):
            return Fault(field="expires_at", reason=expiry)
        return Row(
            number=e164,
            group=group,
            has_place=any(place),
            external_id=external_id or None,
            attributes=orjson.dumps(attributes).decode() if attributes else None,
            expires_at=expiry,
            others=further,
        )

    def _several(
        self, first: tuple[str, int], others: Sequence[str], place: Place
    ) -> list[tuple[str, int]] | Fault:
        """All numbers once, in order; one that may never be called comes last.

        Such a number has no zone. The first one is called first, so it must not be such.
        """
        if len(others) >= MOST_NUMBERS:
            return Fault(field=OTHERS, reason="more_than_five_numbers")
        found = dict([first])
        for position, text in enumerate(others, 2):
            read = self._read_number(text, place, field=f"number{position}")
            if isinstance(read, Fault):
                return read
            found.setdefault(*read)
        return sorted(found.items(), key=lambda own: not self.groups[own[1] - 1].zones)

    def _read_number(
        self, text: str, place: Place, *, field: str = "number"
    ) -> tuple[str, int] | Fault:
        """The number with its calling group."""
        zone, postal_code, country, region = place
        parsed = self._number(text, country, region, field=field)
        if isinstance(parsed, Fault):
            return parsed
        # The first digits of a number are its area code, if it has one.
        key = parsed.zones, parsed.region, parsed.e164[:5], zone, postal_code, country, region
        group = self._places.get(key)
        if group is None:
            address = Address(zone=zone, postal_code=postal_code, country=country, region=region)
            number_or_fault = self._group(parsed, address)
            if isinstance(number_or_fault, InvalidAddress):
                return Fault(field=number_or_fault.field, reason=number_or_fault.reason)
            group = self._remembered(key, number_or_fault)
        return parsed.e164, group

    def _number(
        self, text: str, country: str | None, region: str | None, *, field: str
    ) -> PhoneNumber | Fault:
        home = country_of(country, region) if country or region else None
        if isinstance(home, InvalidAddress):
            return Fault(field=home.field, reason=home.reason)
        number = parse_number(
            text, default_region=home or self.default_region, numbers=self.numbers
        )
        if isinstance(number, InvalidNumber):
            return Fault(field=field, reason=number.reason)
        refusal = self.destinations.refusal(region=number.region, kind=number.kind)
        return number if refusal is None else Fault(field=field, reason=refusal)

    def _expiry(self, text: str) -> datetime | str:
        """The instant, or the reason why it is invalid."""
        expires_at = instant(text)
        if expires_at is None:
            return "not_an_instant"
        if self.now is None:
            return expires_at
        # In UTC, because PostgreSQL does not accept all offsets that Python accepts.
        return expiry_fault(expires_at, self.now) or expires_at.astimezone(UTC)

    def _group(self, number: PhoneNumber, address: Address) -> int | InvalidAddress:
        group = calling_group(number, address=address, default_zone=self.default_zone)
        if isinstance(group, InvalidAddress):
            return group
        if group not in self._known:
            self.groups.append(group)
            self._known[group] = len(self.groups)
        return self._known[group]

    def _remembered(self, key: tuple[object, ...], group: int) -> int:
        if len(self._places) >= MOST_PLACES:
            self._places.clear()
        self._places[key] = group
        return group
