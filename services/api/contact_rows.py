"""What is said of a contact, in a file or in JSON, becomes a valid row or a reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.domain.calling_groups import CallingGroup, calling_group
from shared.domain.numbers import InvalidNumber, PhoneNumber, parse_number
from shared.domain.zones import is_zone

LONGEST_EXTERNAL_ID = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`group` is the place of the calling group in `Groups`, from 1; `attributes` are JSON."""

    number: str
    group: int
    external_id: str | None
    attributes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`reason` is a stable code; what was read is not in it."""

    field: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Rows:
    """Reads contacts of one campaign and collects the calling groups that they need."""

    default_region: str | None
    default_zone: str | None
    groups: list[CallingGroup] = field(default_factory=list)
    _places: dict[tuple[tuple[str, ...], str, str | None], int] = field(default_factory=dict)

    def read(
        self,
        number: str,
        *,
        zone: str | None,
        external_id: str | None,
        attributes: Mapping[str, Any] | None,
    ) -> Row | Fault:
        parsed = parse_number(number, default_region=self.default_region)
        if isinstance(parsed, InvalidNumber):
            return Fault(field="number", reason=parsed.reason)
        if zone is not None and not is_zone(zone):
            return Fault(field="zone", reason="unknown_zone")
        if external_id is not None and len(external_id) > LONGEST_EXTERNAL_ID:
            return Fault(field="external_id", reason="too_long")
        return Row(
            number=parsed.e164,
            group=self._group(parsed, zone),
            external_id=external_id or None,
            attributes=orjson.dumps(attributes).decode() if attributes else None,
        )

    def _group(self, number: PhoneNumber, zone: str | None) -> int:
        key = (number.zones, number.region, zone)
        place = self._places.get(key)
        if place is None:
            group = calling_group(number, contact_zone=zone, default_zone=self.default_zone)
            self.groups.append(group)
            place = self._places[key] = len(self.groups)
        return place
