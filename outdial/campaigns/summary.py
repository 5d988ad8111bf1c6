"""The end of a demo: the counts, the contacts that wait, the comparison with the carrier."""

from rich.console import Group, RenderableType
from rich.table import Table

from outdial.campaigns.progress import Snapshot, waiting_table
from outdial.carrier_log import CarrierCount
from outdial.terminal import plain_table


def agrees(snapshot: Snapshot, carrier: CarrierCount) -> bool:
    """Whether the carrier logged the same number of calls for each outcome, and none twice."""
    return snapshot.counters.outcomes == carrier.outcomes and carrier.duplicates == 0


def summary(snapshot: Snapshot, carrier: CarrierCount) -> Group:
    contacts, outcomes = snapshot.counters.contacts, snapshot.counters.outcomes
    parts: list[RenderableType] = [
        f"{contacts['total']} contacts: {carrier.numbers} called, {contacts['finished']} finished, "
        f"{contacts['pending']} wait",
        f"{sum(outcomes.values())} calls, {carrier.retries} of them retries",
        "",
        comparison(outcomes, carrier.outcomes),
        "",
    ]
    if snapshot.waiting:
        parts += [waiting_table(snapshot.waiting), ""]
    same = agrees(snapshot, carrier)
    parts.append(
        "[green]The counts equal the carrier's log.[/green]"
        if same
        else "[red]The counts differ from the carrier's log.[/red]"
    )
    return Group(*parts)


def comparison(ours: dict[str, int], carriers: dict[str, int]) -> Table:
    table = plain_table("outcome", "counted", "carrier's log", right=(1,))
    for outcome in sorted(ours.keys() | carriers.keys()):
        table.add_row(outcome, str(ours.get(outcome, 0)), str(carriers.get(outcome, 0)))
    total = (str(sum(ours.values())), str(sum(carriers.values())))
    table.add_row("together", *total, style="bold")
    return table
