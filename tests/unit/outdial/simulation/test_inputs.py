"""Errors in the files or options of a simulation name the line or the field."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from outdial.__main__ import app
from outdial.errors import OutdialError
from outdial.simulation.call_outcomes import parse_seconds
from outdial.simulation.inputs import read_campaign, read_people

ALWAYS = {
    "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    "start": "00:00",
    "end": "24:00",
}
CAMPAIGN: dict[str, Any] = {
    "name": "[bold]Loans <&>",
    "kind": "informational",
    "calendar": {"windows": [ALWAYS]},
}
PEOPLE = "number,zone\n+12125550113,\n+13125550192,Asia/Tokyo\n"


class Files:
    def __init__(self, directory: Path) -> None:
        self.campaign, self.contacts = directory / "campaign.json", directory / "contacts.csv"
        self.html = directory / "page.html"
        self.write()

    def write(self, people: str = PEOPLE, **changes: Any) -> None:
        self.campaign.write_text(json.dumps(CAMPAIGN | changes))
        self.contacts.write_text(people)

    def simulate(self, *options: str) -> str:
        arguments = ["simulate", str(self.campaign), str(self.contacts)]
        result = CliRunner().invoke(app, [*arguments, "--from", "2026-11-23T08:00Z", *options])
        if result.exit_code:
            raise result.exception or AssertionError(result.output)
        return result.output


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_a_campaign_that_is_not_json_is_reported_by_line_and_column(files: Files) -> None:
    files.campaign.write_text('{\n  "name": ,\n}')

    with pytest.raises(OutdialError, match=r"campaign.json is not JSON: line 2, column 11"):
        read_campaign(files.campaign)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": ""}, r"\n  name: "),
        (
            {"calendar": {"windows": [ALWAYS | {"start": "9"}]}},
            r"\n  calendar\.windows\.0\.start: ",
        ),
        ({"colour": "red"}, r"\n  colour: "),
        ({"default_region": "XX"}, r"\n  default_region: not a country"),
        ({"default_zone": "Mars/Base"}, r"\n  default_zone: unknown time zone"),
    ],
)
def test_a_faulty_campaign_is_reported_by_field(
    files: Files, changes: dict[str, Any], text: str
) -> None:
    files.write(**changes)

    with pytest.raises(OutdialError, match=text):
        read_campaign(files.campaign)


@pytest.mark.parametrize(
    ("people", "text"),
    [
        ("name\nAda\n", "line 1, number: no column is the number: name it `number`"),
        ("number,zone\n,\n12,\n1\n", "line 3, number: no country code; write +"),
        ("number\n", "has no contact to call"),
        ("", "line 1, number: the file is empty"),
    ],
)
def test_unreadable_contacts_are_reported_by_line(files: Files, people: str, text: str) -> None:
    files.write(people)

    with pytest.raises(OutdialError) as raised:
        read_people(files.contacts, read_campaign(files.campaign))

    assert text in str(raised.value)


def test_rejected_and_duplicate_rows_are_reported_and_left_out(files: Files) -> None:
    files.write(PEOPLE + "+12125550113,\n123,\n+13125550193,Mars/Base\n")

    output = files.simulate()

    assert "2 contacts from Mon 2026-11-23 08:00 UTC" in output
    assert "1 duplicate left out: line 4" in output
    assert "2 rows refused" in output
    assert "line 5, number: no country" in output
    assert "line 6, zone: unknown time zone" in output


def test_columns_and_the_kind_of_numbers_are_as_the_owner_says(files: Files) -> None:
    files.write("Office,Call\n+12125550113,4930123456\n", default_region="AT")
    options = ("--column", "number:Call", "--numbers", "international", "--json")

    report = json.loads(files.simulate(*options))

    assert (report["contacts"], report["rejected"]) == (1, 0)
    assert [zone["label"] for zone in report["zones"]] == ["Europe/Berlin"]


def test_the_result_for_programs_has_the_counts(files: Files) -> None:
    files.write(PEOPLE + "+12125550113,\n123,\n")

    report = json.loads(files.simulate("--answer-rate", "1", "--json"))

    assert (report["contacts"], report["duplicates"], report["rejected"]) == (2, 1, 1)
    assert report["errors"][0].startswith("line 5, number: no country")
    assert report["outcomes"] == report["finished"] == {"answered_human": 2}
    assert report["calls"] == sum(zone["calls"] for zone in report["zones"]) == 2
    assert report["finished_at"] > report["start"] == "2026-11-23T08:00:00+00:00"


def test_a_column_like_a_known_one_is_warned_of(files: Files) -> None:
    files.write("number,tiemzone\n+12125550113,America/Denver\n")

    assert "warning: line 1, tiemzone: the name of this column is not known" in files.simulate()


def test_a_schedule_without_a_call_says_why(files: Files) -> None:
    over = {"windows": [ALWAYS], "end_date": "2026-11-01"}
    files.write(calendar=over)

    with pytest.raises(OutdialError, match="nobody can ever be called") as raised:
        files.simulate()

    assert "2 contacts: no window opens until end_date 2026-11-01 is over" in str(raised.value)


def test_contacts_that_can_never_be_called_are_reported(files: Files) -> None:
    files.write(PEOPLE + "+80012345678,\n")

    output = files.simulate()

    assert "1 can never be called: no zone is known of them" in output


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--from", "tomorrow"), "--from: 'tomorrow' is not a time"),
        (("--from", "2026-11-23T08:00"), "is not a time"),
        (("--from", "0001-01-01T00:00+14:00"), "is not from 1971 to 2190"),
        (("--answer-rate", "1.5"), "answered_human is a share"),
        (("--answer-rate", "0.8", "--busy-rate", "0.4"), "together not all calls"),
        (("--talk-seconds", "long"), "--talk-seconds: 'long' is not a time in seconds"),
        (("--ring-seconds", "30-10"), "--ring-seconds: '30-10' is not a time in"),
        (("--html", "/nowhere/at/all.html"), "cannot be written"),
    ],
)
def test_invalid_options_are_reported_by_name(
    files: Files, options: tuple[str, ...], text: str
) -> None:
    with pytest.raises(OutdialError) as raised:
        files.simulate(*options)

    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("text", "span"), [("45", (45, 45)), ("5-60", (5, 60)), ("0", (0, 0)), ("1.5-2", (1.5, 2))]
)
def test_a_length_is_a_number_of_seconds_or_a_span(text: str, span: tuple[float, float]) -> None:
    assert parse_seconds(text, option="--talk-seconds") == span


def test_a_contact_that_answers_is_called_once(files: Files) -> None:
    output = files.simulate("--answer-rate", "1", "--talk-seconds", "30", "--ring-seconds", "10")

    assert "2 calls, 1.00 per contact" in output
    assert "answered human       2                   2" in output


def test_the_page_needs_nothing_else_and_repeats_no_markup(files: Files) -> None:
    files.simulate("--html", str(files.html))

    page = files.html.read_text()
    assert "<h1>[bold]Loans &lt;&amp;&gt;</h1>" in page
    assert "<svg" in page
    assert "prefers-color-scheme: dark" in page
    for reference in ("<script", "src=", "href=", "url(", "@import"):
        assert reference not in page
