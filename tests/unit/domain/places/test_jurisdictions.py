"""Valid codes of jurisdictions, and the places that an area covers."""

import pytest

from shared.domain.places.jurisdictions import covers, is_jurisdiction


@pytest.mark.parametrize("code", ["US", "US-LA", "GB", "GB-SCT", "FR-75", "AU-NSW"])
def test_a_country_or_a_part_of_one_is_a_jurisdiction(code: str) -> None:
    assert is_jurisdiction(code)


@pytest.mark.parametrize("code", ["", "us", "UK", "XX", "XX-1", "US-", "US-ABCD", "US-la", "001"])
def test_anything_else_is_none(code: str) -> None:
    assert not is_jurisdiction(code)


@pytest.mark.parametrize(
    ("area", "places", "covered"),
    [
        ("US", ("US",), True),
        ("US", ("US-FL",), True),
        ("US-FL", ("US",), False),
        ("US-FL", ("US-GA", "US-FL"), True),
        ("CA", ("US-CA",), False),
        ("US", (), False),
    ],
)
def test_an_area_covers_itself_and_its_parts(
    area: str, places: tuple[str, ...], covered: bool
) -> None:
    assert covers(area, places) is covered
