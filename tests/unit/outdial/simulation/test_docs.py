"""docs/simulation.md and its picture equal the output for the sample, byte for byte.

After a wanted change: python -m tests.unit.outdial.simulation.test_docs
"""

import re
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console

from outdial.simulation.call_outcomes import call_outcomes
from outdial.simulation.chart_svg import chart_svg
from outdial.simulation.command import instant_of_option
from outdial.simulation.inputs import read_campaign, read_people
from outdial.simulation.scenario import Scenario, run_scenario
from outdial.simulation.text_report import text_report
from shared.rulepacks import loader

ROOT = Path(__file__).parents[4]
DOCUMENT, PICTURE = ROOT / "docs" / "simulation.md", ROOT / "docs" / "simulation.svg"
COMMAND = "outdial simulate examples/campaign.json examples/contacts.csv --from 2026-11-23T08:00Z"
SHOWN = re.compile(r"```console\n\$ (outdial simulate [^\n]*)\n(.*?)```\n", re.DOTALL)


def test_the_document_shows_what_the_command_says() -> None:
    command, shown = SHOWN.findall(DOCUMENT.read_text())[0]

    assert command == COMMAND
    assert shown == made()[0]


def test_the_picture_is_the_command_s() -> None:
    assert PICTURE.read_text() == made()[1]
    assert PICTURE.stat().st_size < 20_000


def test_the_picture_is_whole_xml_with_a_bar_for_every_hour() -> None:
    tree = ElementTree.fromstring(PICTURE.read_text())

    titles = [title.text or "" for title in tree.iter("{http://www.w3.org/2000/svg}title")]
    attempts = sum(int(title.rsplit(" ", 2)[1].replace(",", "")) for title in titles)
    assert f"{attempts:,} calls" in DOCUMENT.read_text()


def made() -> tuple[str, str]:
    definition = read_campaign(ROOT / "examples" / "campaign.json")
    people = read_people(ROOT / "examples" / "contacts.csv", definition)
    setting = Scenario(
        definition=definition,
        people=people,
        packs=loader.load(None),
        outcomes=call_outcomes({}, talk=None, ring=None, seed=1),
        start=instant_of_option(COMMAND.rsplit(" ", 1)[1]),
        days=14,
    )
    result = run_scenario(setting)
    output = StringIO()
    console = Console(file=output, width=80, highlight=False, color_system=None)
    console.print(text_report(result, name=definition.name, people=people), markup=False)
    lines = (line.rstrip() for line in output.getvalue().splitlines())
    return "\n".join(lines) + "\n", chart_svg(result)


if __name__ == "__main__":
    text, drawn = made()
    old = DOCUMENT.read_text()
    DOCUMENT.write_text(SHOWN.sub(lambda _: f"```console\n$ {COMMAND}\n{text}```\n", old, count=1))
    PICTURE.write_text(drawn)
