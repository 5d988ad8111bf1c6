"""Which black-out forbids a call, as tables."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from shared.domain.calendar.intervals import NEVER
from shared.domain.policy.blackouts import Blackout, blacked_out

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_blackout(
    *,
    number: int = 1,
    tenant_id: int | None = None,
    jurisdiction: str | None = None,
    starts_at: datetime = NOW - HOUR,
    ends_at: datetime = NOW + HOUR,
) -> Blackout:
    return Blackout(
        id=number,
        tenant_id=tenant_id,
        jurisdiction=jurisdiction,
        starts_at=starts_at,
        ends_at=ends_at,
        reason="hurricane",
    )


def forbids(blackout: Blackout, *jurisdictions: str, now: datetime = NOW) -> bool:
    return blacked_out([blackout], tenant_id=7, jurisdictions=jurisdictions, now=now) == blackout


@pytest.mark.parametrize(
    ("tenant_id", "jurisdiction", "jurisdictions", "is_forbidden"),
    [
        (None, None, ("US-LA",), True),
        (None, None, (), True),
        (7, None, ("GB",), True),
        (8, None, ("GB",), False),
        (None, "US", ("US",), True),
        (None, "US", ("US-LA",), True),
        (None, "US-LA", ("US-LA",), True),
        (None, "US-LA", ("US",), False),
        (None, "US-LA", ("US-TX",), False),
        (None, "US-L", ("US-LA",), False),
        (None, "U", ("US-LA",), False),
        (None, "US-LA", ("US-TX", "US-LA"), True),
        (None, "US", ("GB",), False),
        (None, "US", (), False),
        (7, "US-LA", ("US-LA",), True),
        (8, "US-LA", ("US-LA",), False),
    ],
)
def test_it_forbids_its_tenant_and_its_area(
    tenant_id: int | None,
    jurisdiction: str | None,
    jurisdictions: tuple[str, ...],
    is_forbidden: bool,
) -> None:
    blackout = a_blackout(tenant_id=tenant_id, jurisdiction=jurisdiction)

    assert forbids(blackout, *jurisdictions) is is_forbidden


def test_it_begins_at_its_first_instant_and_is_over_at_its_last() -> None:
    blackout = a_blackout()
    moment = timedelta(microseconds=1)

    instants = [NOW - HOUR - moment, NOW - HOUR, NOW + HOUR - moment, NOW + HOUR]
    assert [forbids(blackout, "US", now=now) for now in instants] == [False, True, True, False]
    assert forbids(a_blackout(ends_at=NEVER), "US", now=NOW + 10**5 * HOUR)
    assert not forbids(a_blackout(starts_at=NOW, ends_at=NOW), "US")


def test_of_several_the_one_that_ends_last_is_reported() -> None:
    short, long = a_blackout(number=1), a_blackout(number=2, ends_at=NOW + 2 * HOUR)
    elsewhere = a_blackout(number=3, jurisdiction="GB", ends_at=NEVER)
    endless = a_blackout(number=4, ends_at=NEVER)

    def bindings(*blackouts: Blackout) -> set[int | None]:
        result = [
            blacked_out(order, tenant_id=7, jurisdictions=("US",), now=NOW)
            for order in permutations(blackouts)
        ]
        return {None if blackout is None else blackout.id for blackout in result}

    assert bindings(short, long, elsewhere) == {2}
    assert bindings(short, endless, long) == {4}
    assert bindings(elsewhere) == {None}
