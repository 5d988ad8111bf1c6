"""A faulty rule pack is refused, and each fault is reported with file, line and rule."""

from pathlib import Path

import pytest

from shared.rulepacks.faults import RulePackError
from shared.rulepacks.loader import load
from tests.unit.rulepacks.texts import HEAD, HOURS, PACK, RULE, written


# The rule is on lines 4 to 10, its name on line 5; added text begins on line 11.
@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param(HEAD + RULE + "hours = \n", "11: Invalid value", id="no value"),
        pytest.param(HEAD + RULE + 'hours = "09', "11: Unterminated string", id="no end"),
        pytest.param(HEAD, "1: rules: Field required", id="no rules"),
        pytest.param("rules = 7\n" + HEAD, "1: rules: Input should be", id="no list of rules"),
        pytest.param(HEAD.replace("NZ", "ZZ") + RULE + HOURS, "1: jurisdiction: ZZ is no country"),
        pytest.param(HEAD.replace("2026-11-21", "7") + RULE + HOURS, "2: version: Input should"),
        pytest.param(HEAD + "colour = 1\n" + RULE + HOURS, "3: colour: Extra inputs"),
        pytest.param(HEAD + RULE, "5: nz.quiet: it makes exactly one demand of", id="no demand"),
        pytest.param(
            PACK + "duty = true\n",
            "5: nz.quiet: it makes exactly one demand of hours, cap, silence, ring_seconds, "
            "abandonment, duty, and not hours and duty",
            id="two demands",
        ),
        pytest.param(PACK + "colour = 1\n", "12: nz.quiet: colour: Extra inputs"),
        pytest.param(HEAD + RULE + "duty = 2\n", "11: nz.quiet: duty: Input should be True"),
        pytest.param(HEAD + RULE + 'ring_seconds = "15"\n', "11: nz.quiet: ring_seconds: Input"),
        pytest.param(HEAD + RULE + "ring_seconds = 600\n", "11: nz.quiet: ring_seconds: Input"),
        pytest.param(
            HEAD + RULE + 'hours = { mon = "09:00" }\n', "11: nz.quiet: hours.mon: String should"
        ),
        pytest.param(
            HEAD + RULE + 'hours = { mo = "09:00-20:00" }\n', "11: nz.quiet: hours.mo: String"
        ),
        pytest.param(
            HEAD + RULE + 'hours = { mon-fri = "09:00-20:00", fri = "09:00-18:00" }\n',
            "5: nz.quiet: hours: fri is named twice",
        ),
        pytest.param(
            HEAD + RULE + 'hours = { sat-mon = "09:00-20:00" }\n',
            "5: nz.quiet: hours: sat-mon goes backwards",
        ),
        pytest.param(
            HEAD + RULE + 'hours = { mon = "20:00-09:00" }\n',
            "5: nz.quiet: hours: 20:00-09:00: each time must be later",
        ),
        pytest.param(
            HEAD + RULE + 'hours = { mon = "09:00-13:00, 12:00-20:00" }\n',
            "5: nz.quiet: hours: 09:00-13:00, 12:00-20:00: each time must be later",
        ),
        pytest.param(
            PACK + 'holidays = [{ country = "NZ", region = "FL" }]\n',
            "12: nz.quiet: holidays.0: no holidays are known of region 'FL' of NZ",
        ),
        pytest.param(
            HEAD + RULE + 'duty = true\nholidays = [{ country = "NZ" }]\n',
            "5: nz.quiet: holidays belong to hours",
        ),
        pytest.param(
            PACK + 'holidays = [{ country = "NZ", days = ["11-31"] }]\n',
            "12: nz.quiet: holidays.0: 11-31 is no day of every year",
        ),
        pytest.param(
            PACK + 'holidays = [{ country = "NZ", days = ["1-11"] }]\n',
            "12: nz.quiet: holidays.0.days.0: String should match",
        ),
        pytest.param(
            PACK + 'holiday_hours = "13:00-21:00"\n',
            "5: nz.quiet: holiday_hours belong to holidays",
        ),
        pytest.param(
            PACK + 'holidays = [{ country = "NZ" }]\nholiday_hours = "13:00-12:00"\n',
            "5: nz.quiet: holiday_hours: 13:00-12:00: each time must be later",
        ),
        pytest.param(
            HEAD + RULE + "cap = { max_calls = 0, hours = 1 }\n", "11: nz.quiet: cap.max_calls: In"
        ),
        pytest.param(
            HEAD + RULE + "cap = { max_calls = 1, hours = 1, local_days = 1 }\n",
            "11: nz.quiet: cap: give either hours or local_days",
        ),
        pytest.param(
            HEAD + RULE + 'silence = { after = "dinner", hours = 1 }\n',
            "11: nz.quiet: silence.after: Input should be 'conversation', 'refusal'",
        ),
        pytest.param(
            HEAD + RULE + "abandonment = { ratio = 3.0, days = 30 }\n",
            "11: nz.quiet: abandonment.ratio: Input should be less than 1",
        ),
        pytest.param(
            HEAD + RULE.replace('"D"', '"3"') + HOURS,
            "5: nz.quiet: a rule of grade 3 must say verified = false",
        ),
        pytest.param(
            HEAD + RULE.replace("solicitation", "sales") + HOURS, "10: nz.quiet: kinds.0: Input"
        ),
        pytest.param(
            PACK + "effective_from = 2026-05-01\neffective_until = 2026-05-01\n",
            "5: nz.quiet: effective_until must be after effective_from",
        ),
        pytest.param(PACK + 'effective_from = "soon"\n', "12: nz.quiet: effective_"),
        pytest.param(
            HEAD + RULE.replace('jurisdiction = "NZ"', 'jurisdiction = "NZ-AUK"') + HOURS,
            "5: nz.quiet: its name must begin with its place: nz-auk.",
        ),
        pytest.param(HEAD + RULE.replace("nz.quiet", "quiet") + HOURS, "5: quiet: name: String"),
        pytest.param(HEAD + RULE.replace("name = ", "n = ") + HOURS, "4: name: Field required"),
        pytest.param(
            HEAD.replace("NZ", "US") + RULE.replace("NZ", "US-ZZ").replace("nz.", "us-zz.") + HOURS,
            "6: us-zz.quiet: jurisdiction: US has no part ZZ; its parts are AK, AL,",
        ),
        pytest.param(
            HEAD + RULE.replace("NZ", "AU").replace("nz.", "au.") + HOURS,
            "6: au.quiet: jurisdiction: AU is not in NZ, whose pack this is",
        ),
        pytest.param(
            HEAD + (RULE + HOURS) * 2, "14: nz.quiet: another rule has this name too", id="twice"
        ),
        pytest.param(
            PACK + RULE.replace("quiet", "loud") + "duty = 2\n",
            "20: nz.loud: duty: Input should be True",
            id="the second rule",
        ),
    ],
)
def test_a_fault_is_reported_by_file_line_and_rule(text: str, error: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)

    with pytest.raises(RulePackError) as refused:
        load(tmp_path)

    first = refused.value.faults[0]
    assert str(first).startswith(f"{path}:{error}")
    assert str(refused.value).splitlines()[0] == str(first)


def test_all_faults_of_all_files_are_reported(tmp_path: Path) -> None:
    written(tmp_path, HEAD + RULE + "duty = 2\nring_seconds = 0\n")
    written(tmp_path, "jurisdiction = \n", "other.toml")

    with pytest.raises(RulePackError) as refused:
        load(tmp_path)

    faults = [(Path(fault.file).name, fault.line, fault.rule) for fault in refused.value.faults]
    assert faults == [
        ("nz.toml", 12, "nz.quiet"),
        ("nz.toml", 11, "nz.quiet"),
        ("other.toml", 1, None),
    ]


def test_two_files_of_one_country_are_refused(tmp_path: Path) -> None:
    first = written(tmp_path, PACK, "a.toml")
    second = written(tmp_path, PACK, "b.toml")

    with pytest.raises(RulePackError) as refused:
        load(tmp_path)

    assert str(refused.value) == f"{second}:1: jurisdiction: {first} is a pack of NZ too"


def test_a_file_that_is_no_text_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "nz.toml"
    path.write_bytes(HEAD.encode() + b'says = "\xff"\n')

    with pytest.raises(RulePackError) as refused:
        load(tmp_path)

    assert str(refused.value) == f"{path}:3: it is not UTF-8"


def test_an_unreadable_file_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "nz.toml").mkdir()

    for directory, error in [
        (tmp_path, f"{tmp_path / 'nz.toml'}:1: Is a directory"),
        (tmp_path / "none", f"{tmp_path / 'none'}:1: No such file or directory"),
    ]:
        with pytest.raises(RulePackError) as refused:
            load(directory)
        assert str(refused.value) == error


def test_an_integer_too_large_for_json_is_a_fault_like_others(tmp_path: Path) -> None:
    written(tmp_path, HEAD + RULE + f"ring_seconds = {10**30}\n")

    with pytest.raises(RulePackError, match=r"nz\.quiet: ring_seconds"):
        load(tmp_path)
