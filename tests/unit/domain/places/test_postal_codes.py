"""The place of a postal code, country by country."""

import pytest

from tests.support.places import said

CHICAGO, DENVER, NEW_YORK = "America/Chicago", "America/Denver", "America/New_York"
LOS_ANGELES, PHOENIX = "America/Los_Angeles", "America/Phoenix"
INDIANA, SYDNEY = "America/Indiana/Indianapolis", "Australia/Sydney"


@pytest.mark.parametrize(
    ("code", "jurisdictions", "zones"),
    [
        ("00501", "US-NY", [NEW_YORK]),
        ("00601", "US-PR", ["America/Puerto_Rico"]),
        ("00801", "US-VI", ["America/St_Thomas"]),
        ("02861", "US-MA US-RI", [NEW_YORK]),
        ("06390", "US-NY", [NEW_YORK]),
        ("10001-1234", "US-NY", [NEW_YORK]),
        ("100011234", "US-NY", [NEW_YORK]),
        (" 20500 ", "US-DC", [NEW_YORK]),
        ("32301", "US-FL", [NEW_YORK]),
        ("32401", "US-FL", [CHICAGO, NEW_YORK]),
        ("32501", "US-FL", [CHICAGO]),
        ("33101", "US-FL", [NEW_YORK]),
        ("36867", "US-AL", [CHICAGO, NEW_YORK]),
        ("37201", "US-TN", [CHICAGO]),
        ("37301", "US-TN", [CHICAGO, NEW_YORK]),
        ("37723", "US-TN", [CHICAGO, NEW_YORK]),
        ("37901", "US-TN", [NEW_YORK]),
        ("39901", "US-GA", [NEW_YORK]),
        ("40201", "US-KY", [NEW_YORK]),
        ("42001", "US-KY", [CHICAGO]),
        ("42223", "US-KY US-TN", [CHICAGO]),
        ("42602", "US-KY", [CHICAGO, NEW_YORK]),
        ("46201", "US-IN", [INDIANA]),
        ("46301", "US-IN", [CHICAGO, INDIANA]),
        ("47586", "US-IN", [CHICAGO, INDIANA]),
        ("48201", "US-MI", ["America/Detroit"]),
        ("49801", "US-MI", [CHICAGO, "America/Detroit"]),
        ("49938", "US-MI", [CHICAGO, "America/Detroit"]),
        ("57501", "US-SD", [CHICAGO, DENVER]),
        ("57701", "US-SD", [DENVER]),
        ("58601", "US-ND", [CHICAGO, DENVER]),
        ("67735", "US-KS", [CHICAGO, DENVER]),
        ("69101", "US-NE", [CHICAGO, DENVER]),
        ("73301", "US-TX", [CHICAGO]),
        ("79830", "US-TX", [CHICAGO, DENVER]),
        ("79901", "US-TX", [DENVER]),
        ("83414", "US-ID US-WY", ["America/Boise", DENVER]),
        ("83501", "US-ID", ["America/Boise", LOS_ANGELES]),
        ("83701", "US-ID", ["America/Boise"]),
        ("83814", "US-ID", [LOS_ANGELES]),
        ("85001", "US-AZ", [PHOENIX]),
        ("86504", "US-AZ", [DENVER, PHOENIX]),
        ("86515", "US-AZ US-NM", [DENVER, PHOENIX]),
        ("88510", "US-TX", [DENVER]),
        ("89883", "US-NV", [DENVER, LOS_ANGELES]),
        ("90210", "US-CA", [LOS_ANGELES]),
        ("96799", "US-AS", ["Pacific/Pago_Pago"]),
        ("96801", "US-HI", ["Pacific/Honolulu"]),
        ("96910", "US-GU", ["Pacific/Guam"]),
        ("96950", "US-MP", ["Pacific/Saipan"]),
        ("97914", "US-OR", ["America/Boise", LOS_ANGELES]),
        ("99501", "US-AK", ["America/Adak", "America/Anchorage"]),
        ("99801", "US-AK", ["America/Anchorage"]),
    ],
)
def test_zip_codes(code: str, jurisdictions: str, zones: list[str]) -> None:
    assert said("US", postal_code=code) == (jurisdictions, " ".join(zones))


@pytest.mark.parametrize(
    ("code", "jurisdictions", "zones"),
    [
        ("A1B 2C3", "CA-NL", ["America/St_Johns"]),
        ("A2V 1A1", "CA-NL", ["America/Goose_Bay", "America/St_Johns"]),
        ("B3H 1A1", "CA-NS", ["America/Halifax"]),
        ("C1A 1A1", "CA-PE", ["America/Halifax"]),
        ("E1A 1A1", "CA-NB", ["America/Moncton"]),
        ("G1R 1A1", "CA-QC", ["America/Toronto"]),
        ("G4T 1A1", "CA-QC", ["America/Halifax", "America/Toronto"]),
        ("H2X 1Y4", "CA-QC", ["America/Toronto"]),
        ("k1a0b1", "CA-ON", ["America/Toronto"]),
        ("M5V", "CA-ON", ["America/Toronto"]),
        ("P9N 1A1", "CA-ON", ["America/Toronto", "America/Winnipeg"]),
        ("R3C 1A1", "CA-MB", ["America/Winnipeg"]),
        ("S4P 1A1", "CA-SK", ["America/Regina"]),
        ("S9V 1A1", "CA-SK", ["America/Edmonton", "America/Regina"]),
        ("T5J 1A1", "CA-AB", ["America/Edmonton"]),
        ("V6B-1A1", "CA-BC", ["America/Vancouver"]),
        (
            "V1C 1A1",
            "CA-BC",
            ["America/Dawson_Creek", "America/Edmonton", "America/Vancouver"],
        ),
        ("Y1A 1A1", "CA-YT", ["America/Whitehorse"]),
    ],
)
def test_canadian_postal_codes(code: str, jurisdictions: str, zones: list[str]) -> None:
    assert said("CA", postal_code=code) == (jurisdictions, " ".join(zones))


def test_x_is_of_two_territories_and_of_all_their_zones() -> None:
    result = said("CA", postal_code="X0A 0H0")

    assert result[0] == "CA-NT CA-NU"
    assert {"America/Iqaluit", "America/Rankin_Inlet", "America/Edmonton"} <= set(result[1].split())


@pytest.mark.parametrize(
    ("code", "jurisdictions", "zone"),
    [
        ("SW1A 1AA", "GB-ENG", "Europe/London"),
        ("m11ae", "GB-ENG", "Europe/London"),
        ("EC1A1BB", "GB-ENG", "Europe/London"),
        ("W1", "GB-ENG", "Europe/London"),
        ("EH1 1AA", "GB-SCT", "Europe/London"),
        ("ZE1 0AA", "GB-SCT", "Europe/London"),
        ("CF10 1AA", "GB-WLS", "Europe/London"),
        ("BT1 1AA", "GB-NIR", "Europe/London"),
        ("CH5 1AA", "GB-ENG GB-WLS", "Europe/London"),
        ("LL11 1AA", "GB-ENG GB-WLS", "Europe/London"),
        ("TD15 1AA", "GB-ENG GB-SCT", "Europe/London"),
        ("JE2 3AB", "JE", "Europe/Jersey"),
        ("GY1 1AA", "GG", "Europe/Guernsey"),
        ("IM1 1AA", "IM", "Europe/Isle_of_Man"),
        ("BF1 1AA", "GB", ""),
    ],
)
def test_british_postcodes(code: str, jurisdictions: str, zone: str) -> None:
    assert said("GB", postal_code=code) == (jurisdictions, zone)
    assert said("JE", postal_code=code) == (jurisdictions, zone)


@pytest.mark.parametrize(
    ("code", "zones", "jurisdictions"),
    [
        ("75008", "Europe/Paris", "FR"),
        ("20000", "Europe/Paris", "FR"),
        ("01000", "Europe/Paris", "FR"),
        ("97110", "America/Guadeloupe", "FR"),
        ("97200", "America/Martinique", "FR"),
        ("97300", "America/Cayenne", "FR"),
        ("97400", "Indian/Reunion", "FR"),
        ("97500", "America/Miquelon", "FR"),
        ("97600", "Indian/Mayotte", "FR"),
        ("98600", "Pacific/Wallis", "FR"),
        ("98713", "Pacific/Gambier Pacific/Marquesas Pacific/Tahiti", "FR"),
        ("98800", "Pacific/Noumea", "FR"),
        ("98000", "Europe/Monaco", "FR MC"),
    ],
)
def test_french_postal_codes(code: str, zones: str, jurisdictions: str) -> None:
    assert said("FR", postal_code=code) == (jurisdictions, zones)
    assert said("RE", postal_code=code) == (jurisdictions, zones)


@pytest.mark.parametrize(
    ("code", "jurisdictions", "zones"),
    [
        ("0800", "AU-NT", ["Australia/Darwin"]),
        ("0872", "AU-NT AU-QLD AU-SA AU-WA", ["Adelaide", "Brisbane", "Darwin", "Perth"]),
        ("1001", "AU-NSW", [SYDNEY]),
        ("2000", "AU-NSW", [SYDNEY]),
        ("2600", "AU-ACT", [SYDNEY]),
        ("2619", "AU-NSW", [SYDNEY]),
        ("2620", "AU-ACT AU-NSW", [SYDNEY]),
        ("2880", "AU-NSW", ["Australia/Broken_Hill", SYDNEY]),
        ("2898", "AU-NSW", ["Australia/Lord_Howe"]),
        ("2899", "AU", ["Pacific/Norfolk"]),
        ("2914", "AU-ACT", [SYDNEY]),
        ("3000", "AU-VIC", ["Australia/Melbourne"]),
        ("3644", "AU-NSW AU-VIC", ["Australia/Melbourne", SYDNEY]),
        ("4000", "AU-QLD", ["Australia/Brisbane"]),
        ("4383", "AU-NSW AU-QLD", ["Australia/Brisbane", SYDNEY]),
        ("5000", "AU-SA", ["Australia/Adelaide"]),
        ("6000", "AU-WA", ["Australia/Perth"]),
        ("6443", "AU-WA", ["Australia/Eucla", "Australia/Perth"]),
        ("6798", "AU", ["Indian/Christmas"]),
        ("7000", "AU-TAS", ["Australia/Hobart"]),
        ("7151", "AU-TAS", []),
        ("9726", "AU-QLD", ["Australia/Brisbane"]),
    ],
)
def test_australian_postcodes(code: str, jurisdictions: str, zones: list[str]) -> None:
    full = [zone if "/" in zone else f"Australia/{zone}" for zone in zones]

    assert said("AU", postal_code=code) == (jurisdictions, " ".join(full))


@pytest.mark.parametrize(
    ("country", "code"),
    [
        ("US", "12"),
        ("US", "9021"),
        ("US", "2134.5"),
        ("US", "2134-1234"),
        ("US", f"33101{' ' * 60}x"),
        ("US", "00000"),
        ("US", "34312"),
        ("US", "1000!"),
        ("US", "10001-12"),
        ("US", "M5V 1A1"),
        ("US", "٣٣١٠١"),
        ("CA", "33101"),
        ("CA", "W1A 1A1"),
        ("CA", "D1A 1A1"),
        ("CA", "M5O 1A1"),
        ("GB", "75008"),
        ("GB", "EZ1 1AA"),
        ("GB", "SW1A 1A"),
        ("FR", "00100"),
        ("FR", "97900"),
        ("FR", "750081"),
        ("AU", "0100"),
        ("AU", "20000"),
        ("DE", "1" * 65),
    ],
)
def test_an_impossible_postal_code_is_reported(country: str, code: str) -> None:
    assert said(country, postal_code=code) == "postal_code: invalid_postal_code"


@pytest.mark.parametrize(
    ("country", "code", "whole"),
    [
        ("US", "33101.0", "33101"),
        ("US", "02134.0", "02134"),
        ("FR", "75008.0", "75008"),
        ("AU", "2000.0", "2000"),
        ("US", "2134", "02134"),
        ("US", "2134.0", "02134"),
        ("US", "501", "00501"),
        ("FR", "1000", "01000"),
    ],
)
def test_a_code_that_a_spreadsheet_took_for_a_number_is_whole_again(
    country: str, code: str, whole: str
) -> None:
    assert said(country, postal_code=code) == said(country, postal_code=whole)


def test_a_short_code_may_have_lost_its_end_so_the_zones_of_the_number_hold_too() -> None:
    assert said("PR", postal_code="901") == ("US-PR", "America/Puerto_Rico")
    assert said("PR", postal_code="6060") == ("US-CT", f"{NEW_YORK} America/Puerto_Rico")
    assert said("AU", postal_code="800") == ("AU-NT", f"Australia/Darwin {SYDNEY}")


@pytest.mark.parametrize("code", ["10115", "no such thing"])
def test_a_postal_code_of_another_country_decides_nothing(code: str) -> None:
    assert said("DE", postal_code=code) == ("", "")
    assert said("001", postal_code=code) == ("", "")
