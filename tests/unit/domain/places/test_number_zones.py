"""The zones of a number are clocks of its own country, and all of them where nothing narrows it."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files

import phonenumbers
import pytest
from phonenumbers import SUPPORTED_REGIONS, PhoneNumberFormat, PhoneNumberType

from shared.domain.calendar.zones import is_zone, zone
from shared.domain.places import tables
from shared.domain.places.number_zones import zones_of
from shared.domain.places.numbers import PhoneNumber, parse_number

START = datetime(2026, 12, 1, 12, tzinfo=UTC)
DAYS = 5 * 365
# Countries of the numbering plans that tzdata lists under another country or not at all.
KEPT_ELSEWHERE = {
    "AC": "Atlantic/St_Helena",
    "TA": "Atlantic/St_Helena",
    "XK": "Europe/Belgrade",
}
# Zones without telephones of the country's own, and a habit beside the legal time.
WITHOUT_NUMBERS = {"America/Danmarkshavn", "Asia/Urumqi", "Europe/Simferopol"}


@cache
def clock(name: str) -> tuple[timedelta | None, ...]:
    return tuple(
        (START + timedelta(days=day)).astimezone(zone(name)).utcoffset() for day in range(DAYS)
    )


def clocks(names: tuple[str, ...]) -> set[tuple[timedelta | None, ...]]:
    return {clock(name) for name in names}


@cache
def zone_tab() -> dict[str, tuple[str, ...]]:
    zones: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text().splitlines():
        if not line.startswith("#"):
            zones[line[:2]] += (line.split("\t")[2],)
    return dict(zones) | {country: (name,) for country, name in KEPT_ELSEWHERE.items()}


def number(e164: str) -> PhoneNumber:
    parsed = parse_number(e164, default_region=None)
    assert isinstance(parsed, PhoneNumber)
    return parsed


@pytest.mark.parametrize("region", sorted(SUPPORTED_REGIONS))
def test_a_number_of_any_kind_has_only_clocks_of_its_own_country(region: str) -> None:
    examples = (
        phonenumbers.example_number_for_type(region, kind) for kind in PhoneNumberType.values()
    )
    parsed = {
        parse_number(phonenumbers.format_number(each, PhoneNumberFormat.E164), default_region=None)
        for each in examples
        if each
    }
    numbers = [each for each in parsed if isinstance(each, PhoneNumber)]

    assert numbers
    for each in numbers:
        assert each.zones
        assert clocks(each.zones) <= clocks(zone_tab()[each.region]), each


def test_every_prefix_has_only_clocks_of_its_own_country() -> None:
    for prefix, place in tables.prefixes().items():
        country = place.jurisdictions[0][:2]
        assert place.zones, prefix
        assert all(is_zone(name) for name in place.zones)
        assert clocks(place.zones) <= clocks(zone_tab()[country]), prefix
        assert clocks(place.zones) <= clocks(tables.countries()[country]) or country == "CN"


def test_a_country_has_each_of_its_clocks_once() -> None:
    for country, zones in tables.countries().items():
        inhabited = tuple(name for name in zone_tab()[country] if name not in WITHOUT_NUMBERS)
        assert clocks(zones) == clocks(inhabited), country
        assert len(zones) == len(clocks(zones)), country
        assert zones == tuple(sorted(zones))

    assert tables.countries().keys() == SUPPORTED_REGIONS


def test_an_exchange_has_only_zones_of_its_area_code() -> None:
    for prefix, place in tables.prefixes().items():
        if prefix.startswith("+1") and len(prefix) > len("+1201"):
            assert clocks(place.zones) <= clocks(tables.prefixes()[prefix[:5]].zones), prefix


@pytest.mark.parametrize(
    ("e164", "zones"),
    [
        ("+212650123456", "Africa/Casablanca"),
        ("+213551234567", "Africa/Algiers"),
        ("+218912345678", "Africa/Tripoli"),
        ("+50581234567", "America/Managua"),
        ("+211977123456", "Africa/Juba"),
        ("+37060123456", "Europe/Vilnius"),
        ("+972502345678", "Asia/Jerusalem"),
        ("+970599123456", "Asia/Gaza"),
        ("+353850123456", "Europe/Dublin"),
        ("+375291234567", "Europe/Minsk"),
        ("+18762101234", "America/Jamaica"),
        ("+12423591234", "America/Nassau"),
        ("+18092345678", "America/Santo_Domingo"),
        ("+16492311234", "America/Grand_Turk"),
        ("+77710009998", "Asia/Almaty"),
        ("+447400123456", "Europe/London"),
        ("+447797712345", "Europe/Jersey"),
        ("+390312345678", "Europe/Rome"),
        ("+4915123456789", "Europe/Berlin"),
        ("+61891621234", "Indian/Cocos"),
        ("+61891641234", "Indian/Christmas"),
    ],
)
def test_a_country_of_one_clock_has_one_zone(e164: str, zones: str) -> None:
    assert " ".join(number(e164).zones) == zones


@pytest.mark.parametrize(
    ("e164", "zones"),
    [
        ("+12192000123", "Chicago Indiana/Indianapolis"),
        ("+14233000123", "Chicago New_York"),
        ("+12702000123", "Chicago New_York"),
        ("+13642000123", "Chicago New_York"),
        ("+18502000123", "Chicago New_York"),
        ("+14482000123", "Chicago New_York"),
        ("+13082000123", "Chicago Denver"),
        ("+14022000123", "Chicago Denver"),
        ("+19302000123", "Chicago Indiana/Indianapolis"),
        ("+14582000123", "Boise Los_Angeles"),
        ("+19862000123", "Denver Los_Angeles"),
        ("+16052000123", "Chicago Denver"),
        ("+19065000123", "Chicago Detroit"),
        ("+19282000123", "Denver Phoenix"),
        ("+17752000123", "Denver Los_Angeles"),
        ("+19072000123", "Adak Anchorage"),
        ("+12502000123", "Edmonton Vancouver"),
        ("+12362000123", "Edmonton Vancouver"),
        ("+14742000123", "Regina Winnipeg"),
        ("+15815000123", "Blanc-Sablon Halifax Toronto"),
        ("+17095000123", "Goose_Bay St_Johns"),
        ("+18072000123", "Toronto Winnipeg"),
        ("+16892000123", "New_York"),
        ("+16042000123", "Vancouver"),
    ],
)
def test_an_exchange_that_is_not_listed_has_all_zones_of_its_area_code(
    e164: str, zones: str
) -> None:
    region = "CA" if e164[2:5] in {"250", "236", "474", "581", "709", "807", "604"} else "US"

    assert " ".join(zones_of(e164, region)) == " ".join(f"America/{name}" for name in zones.split())


@pytest.mark.parametrize(
    ("e164", "zones"),
    [
        ("+18502290123", "New_York"),
        ("+18502650123", "Chicago"),
        ("+18502220123", "New_York"),
        ("+15415860123", "Boise"),
        ("+12507820123", "Vancouver"),
        ("+12507740123", "Vancouver"),
        ("+12504260123", "Edmonton"),
        ("+18676450123", "Rankin_Inlet"),
        ("+18679830123", "Cambridge_Bay"),
        ("+18679250123", "Atikokan"),
        ("+18672520123", "Resolute"),
        ("+18676670123", "Whitehorse"),
        ("+14184610123", "Blanc-Sablon"),
        ("+18075970123", "Atikokan"),
        ("+19075920123", "Adak"),
        ("+19075810123", "Anchorage"),
    ],
)
def test_a_listed_exchange_has_the_zone_of_its_town(e164: str, zones: str) -> None:
    region = "CA" if e164[2:5] in {"250", "867", "418", "807"} else "US"

    assert zones_of(e164, region) == (f"America/{zones}",)


@pytest.mark.parametrize(
    ("e164", "zones"),
    [
        ("+6281234567890", ["Asia/Jakarta", "Asia/Jayapura", "Asia/Makassar"]),
        ("+62213456789", ["Asia/Jakarta"]),
        ("+62361123456", ["Asia/Makassar"]),
        ("+526141234567", ["America/Chihuahua"]),
        ("+526361234567", ["America/Chihuahua", "America/Ciudad_Juarez"]),
        ("+528681234567", ["America/Matamoros"]),
        ("+525512345678", ["America/Mexico_City"]),
        ("+5581991234567", ["America/Noronha", "America/Sao_Paulo"]),
        ("+5597991234567", ["America/Manaus", "America/Rio_Branco"]),
        ("+5511991234567", ["America/Sao_Paulo"]),
        ("+74012345678", ["Europe/Kaliningrad"]),
        ("+78452123456", ["Europe/Samara"]),
        ("+56961234567", ["America/Punta_Arenas", "America/Santiago", "Pacific/Easter"]),
        ("+56612345678", ["America/Punta_Arenas"]),
        ("+67570123456", ["Pacific/Bougainville", "Pacific/Port_Moresby"]),
        ("+61265630123", ["Australia/Lord_Howe", "Australia/Sydney"]),
        ("+61291920123", ["Australia/Sydney"]),
        ("+61889521234", ["Australia/Adelaide", "Australia/Darwin", "Australia/Perth"]),
        ("+34612345678", ["Atlantic/Canary", "Europe/Madrid"]),
        ("+34928123456", ["Atlantic/Canary"]),
        ("+34927123456", ["Europe/Madrid"]),
        ("+351912345678", ["Atlantic/Azores", "Europe/Lisbon"]),
        ("+6433050123", ["Pacific/Chatham"]),
        ("+6433070123", ["Pacific/Auckland"]),
    ],
)
def test_a_number_of_a_divided_country_has_the_zones_of_its_prefix(
    e164: str, zones: list[str]
) -> None:
    region = phonenumbers.region_code_for_number(phonenumbers.parse(e164))

    assert zones_of(e164, region or "") == tuple(zones)


def test_numbers_of_no_place_have_all_clocks_of_their_country() -> None:
    free, mobile = number("+18005551234"), number("+79161234567")

    assert free.zones == tables.countries()["US"]
    assert len(free.zones) == 8
    assert mobile.zones == tables.countries()["RU"]
    assert {"Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka"} <= set(mobile.zones)
    assert number("+61412345678").zones == tables.countries()["AU"]
    assert "Indian/Christmas" not in number("+61412345678").zones


def test_a_number_of_no_country_has_no_zone() -> None:
    assert number("+80012345678").zones == ()
