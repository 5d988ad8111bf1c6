"""The report on zones has a line for each area code, and the counts that docs/places.md gives."""

import re
from pathlib import Path

from shared.domain.places import tables
from tools.zone_report import report

DOCUMENT = Path(__file__).parents[3] / "docs" / "places.md"


def test_the_report_counts_what_the_document_says() -> None:
    text = report()
    counts = re.findall(r"(\d+) lines, (\d+) changed", text)
    said = re.search(r"(\d+) of (\d+) area codes and (\d+) countries", DOCUMENT.read_text())

    assert said
    assert [counts[0][1], counts[0][0], counts[1][1]] == list(said.groups())
    assert int(counts[0][0]) == len(tables.area_codes())


def test_a_line_has_the_zones_now_and_those_before() -> None:
    lines = report().splitlines()

    assert (
        "| 219 US-IN | America/Chicago, America/Indiana/Indianapolis | America/New_York | yes |"
        in lines
    )
    assert "| 212 US-NY | America/New_York | America/New_York |  |" in lines
    assert "| DZ | Africa/Algiers | Europe/Paris | yes |" in lines
    assert "| +7401 RU | Europe/Kaliningrad | Europe/Bucharest | yes |" in lines
