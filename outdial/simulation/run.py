"""What `outdial simulate` does: reads the files, plays the campaign, shows what came of it."""

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from outdial.errors import OutdialError
from outdial.simulation.fates import fates, parse_seconds
from outdial.simulation.inputs import read_campaign, read_people
from outdial.simulation.page import page
from outdial.simulation.play import Setting, play
from outdial.simulation.terminal import report
from shared.domain.outcomes import Outcome
from shared.rulepacks import loader
from shared.rulepacks.faults import RulePackError

FIRST, LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(2190, 1, 1, tzinfo=UTC)

console = Console(highlight=False)


def run(
    campaign: Path,
    contacts: Path,
    *,
    rates: dict[Outcome, float],
    talk: str | None,
    ring: str | None,
    start: str | None,
    days: int,
    seed: int,
    html: Path | None,
    packs: Path | None,
) -> None:
    definition = read_campaign(campaign)
    people = read_people(contacts, definition)
    try:
        rules = loader.load(packs)
    except RulePackError as error:
        raise OutdialError(f"the rule packs are faulty\n{error}") from error
    setting = Setting(
        definition=definition,
        people=people,
        packs=rules,
        fates=fates(
            rates,
            talk=parse_seconds(talk, option="--talk-seconds") if talk else None,
            ring=parse_seconds(ring, option="--ring-seconds") if ring else None,
            seed=seed,
        ),
        start=instant_of_option(start),
        days=days,
    )
    with console.status("simulating"):
        result = play(setting)
    console.print(report(result, name=definition.name, people=people), markup=False)
    if html is not None:
        try:
            html.write_text(page(result, name=definition.name, people=people), encoding="utf-8")
        except OSError as error:
            raise OutdialError(f"{html} cannot be written: {error.strerror}") from error
        console.print(f"\nThe same with a picture is in {html}", markup=False)


def instant_of_option(text: str | None) -> datetime:
    """Now, to the minute, when nothing is said."""
    if text is None:
        return datetime.now(UTC).replace(second=0, microsecond=0)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None:
        raise OutdialError(f"--from: {text!r} is no instant; write it like 2026-11-23T08:00Z")
    if not FIRST <= at <= LAST:
        raise OutdialError(f"--from: {text!r} is not from {FIRST:%Y} to {LAST:%Y}")
    return at.astimezone(UTC)
