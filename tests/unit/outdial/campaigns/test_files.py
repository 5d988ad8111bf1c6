"""The files of a campaign are refused before anything is created."""

import json
from pathlib import Path

import pytest

from outdial.campaigns.files import check
from outdial.errors import OutdialError
from outdial.json_file import read_object

WINDOWS = [{"days": ["mon"], "start": "09:00", "end": "20:00"}]
DEFINITION = {"name": "Spring", "kind": "informational", "calendar": {"windows": WINDOWS}}
GOOD = "+12025550101"


def a_campaign(folder: Path, **changes: object) -> Path:
    path = folder / "campaign.json"
    path.write_text(json.dumps(DEFINITION | changes))
    return path


def a_list(folder: Path, *rows: str) -> Path:
    path = folder / "contacts.csv"
    path.write_text("\n".join(["number", *rows, ""]))
    return path


def test_good_files_pass_and_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(a_campaign(tmp_path), a_list(tmp_path, GOOD), allow_refused=False)

    assert capsys.readouterr().err.endswith("contacts.csv: 1 contact\n")


def test_a_faulty_campaign_is_named_by_its_field(tmp_path: Path) -> None:
    with pytest.raises(OutdialError, match="attempts"):
        check(
            a_campaign(tmp_path, attempts={"max_total": 0}),
            a_list(tmp_path, GOOD),
            allow_refused=False,
        )


def test_a_file_without_contacts_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutdialError, match=r"contacts\.csv has no contact to call"):
        check(a_campaign(tmp_path), a_list(tmp_path), allow_refused=True)


def test_what_is_left_out_is_said_before_anything_is_created(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contacts = tmp_path / "contacts.csv"
    contacts.write_text(f"number,tiemzone\n{GOOD},\n{GOOD},\nsecret,\n")

    check(a_campaign(tmp_path), contacts, allow_refused=True)

    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == [f"{contacts}: 1 contact", "1 duplicate left out: line 3", "1 row refused"]
    assert lines[3].startswith("  line 4, number: not a phone number")
    assert lines[4].startswith("warning: line 1, tiemzone")
    assert lines[4].endswith("say --column zone:NAME")


def test_refused_rows_are_listed_unless_they_are_allowed(tmp_path: Path) -> None:
    campaign, contacts = a_campaign(tmp_path), a_list(tmp_path, GOOD, *["secret"] * 12)

    with pytest.raises(OutdialError) as refused:
        check(campaign, contacts, allow_refused=False)
    check(campaign, contacts, allow_refused=True)

    text = str(refused.value)
    assert "nothing was created" in text
    assert "12 of 13" in text
    assert "line 3, number" in text
    assert "and 2 more" in text
    assert "--allow-refused" in text
    assert "secret" not in text


def test_the_columns_and_the_kind_of_numbers_are_as_the_owner_says(tmp_path: Path) -> None:
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("Office,Call\n+12025550101,4930123456\n")
    campaign = a_campaign(tmp_path, default_region="AT")

    check(
        campaign,
        contacts,
        columns=["number:Call"],
        numbers="international",
        allow_refused=False,
    )

    with pytest.raises(OutdialError, match="--column: write FIELD:NAME, where FIELD is one of"):
        check(campaign, contacts, columns=["Call"], allow_refused=False)


@pytest.mark.parametrize(("text", "fault"), [("{", "is not JSON"), ("[]", "not a JSON object")])
def test_a_file_that_is_no_json_object_is_named(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "campaign.json"
    path.write_text(text)

    with pytest.raises(OutdialError, match=rf"campaign\.json.*{fault}"):
        read_object(path)
