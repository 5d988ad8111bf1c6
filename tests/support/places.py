"""A number of each country, and a short form of the zones and rules of an address."""

from shared.domain.places.address import Address, InvalidAddress, locate
from shared.domain.places.numbers import PhoneNumber, parse_number

NUMBERS = {
    "US": "+12125552671",
    "CA": "+14165550123",
    "GB": "+442079460000",
    "FR": "+33199001282",
    "AU": "+61291920123",
    "DE": "+4930123456",
    "JE": "+441534456789",
    "RE": "+262262161234",
    "PR": "+17872345678",
    "001": "+80012345678",
}


def number_of(country: str) -> PhoneNumber:
    result = parse_number(NUMBERS[country], default_region=None)
    assert isinstance(result, PhoneNumber)
    assert result.region == country
    return result


def said(home: str, /, **address: str) -> tuple[str, str] | str:
    """The jurisdictions and zones, each joined by spaces, or the error."""
    result = locate(number_of(home), Address(**address))
    if isinstance(result, InvalidAddress):
        return f"{result.field}: {result.reason}"
    return " ".join(result.jurisdictions), " ".join(result.zones)
