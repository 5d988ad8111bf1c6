"""Shows the answers of the why endpoints in the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table

from outdial.campaigns.progress import waiting_table
from outdial.client import Json, Waiting
from outdial.why.words import STOPPED, because, full_instant, instant, plain, source


def contact(why: Json) -> Group:
    zones = why["zones"]
    parts: list[RenderableType] = [
        f"contact {why['contact_id']} of campaign {why['campaign_id']}, "
        f"on {full_instant(why['at'], zones)}",
        _answer(why),
    ]
    if why["attempt"] is not None:
        live = why["attempt"]
        parts.append(f"its attempt {live['id']} is {live['state']}")
    if why["blocks"]:
        parts += ["", _blocks(why)]
    if why["capacity"]:
        parts += ["", _capacity(why["capacity"])]
    return Group(*parts, "", _grounds(why))


def attempt(why: Json) -> Group:
    zones = why["contact"]["zones"]
    outcome = f", {plain(why['outcome'])}" if why["outcome"] else ""
    parts: list[RenderableType] = [
        f"attempt {why['attempt_id']}, number {why['number']} of contact {why['contact_id']}: "
        f"{why['state']}{outcome}",
        f"allowed at {full_instant(why['claimed_at'], zones)}, in a window until "
        f"{instant(why['window_closes_at'], zones)}, by {_versions(why)}",
    ]
    stopped = why["stopped"]
    if stopped is not None:
        at = instant(stopped["at"], zones)
        parts.append(f"stopped at {at}: {plain(stopped['reason'])}{_by(stopped)}")
    return Group(*parts, "", contact(why["contact"]))


def campaign(why: Json) -> Group:
    parts: list[RenderableType] = [
        f"{why['pending']} contacts of campaign {why['campaign_id']} wait"
    ]
    if why["stopped"] is not None:
        parts.append(STOPPED[why["stopped"]])
    if why["next_opens_at"] is not None:
        parts.append(f"the next may be called at {full_instant(why['next_opens_at'], [])}")
    if why["waiting"]:
        parts += ["", waiting_table([Waiting.of(entry) for entry in why["waiting"]])]
    rules = {entry["rule"]["name"]: entry["rule"] for entry in why["waiting"] if entry["rule"]}
    if rules:
        parts += ["", *(_rule(rules[name]) for name in sorted(rules))]
    return Group(*parts)


def _answer(why: Json) -> str:
    if why["allowed"]:
        return "may be called now, and waits for its turn"
    if why["next_at"] is None:
        return "may not be called, and will not be unless something is changed"
    return f"may not be called now; next at {full_instant(why['next_at'], why['zones'])}"


def _blocks(why: Json) -> Table:
    """A table of all blocks; the one that lasts longest is marked."""
    table = _table("", "what", "until", "why")
    for block in why["blocks"]:
        until = instant(block["until"], why["zones"]) if block["until"] else "-"
        mark = ">" if block == why["binding"] else " "
        table.add_row(mark, plain(block["gate"]), until, because(block, why["zones"]))
    return table


def _capacity(scopes: list[Json]) -> Table:
    table = _table("caps", "calls up", "of", "waiting", "per second")
    for scope in scopes:
        caps = (scope["max_concurrent"], scope["calls_per_second"])
        most, rate = ("no cap" if cap is None else str(cap) for cap in caps)
        table.add_row(scope["scope"], str(scope["dialed"]), most, str(scope["claimed"]), rate)
    return table


def _grounds(why: Json) -> Table:
    table = _table("", "")
    table.show_header = False
    table.add_row("zones", f"{', '.join(why['zones']) or 'none'} ({source(why['zone_source'])})")
    places = ", ".join(why["jurisdictions"])
    table.add_row("rules of", f"{places} ({source(why['jurisdiction_source'])})")
    table.add_row("by", _versions(why))
    return table


def _versions(why: Json) -> str:
    packs = f"rules {' '.join(why['rules'])}" if why["rules"] else "no rules of law"
    return f"{packs}, zone data {why['tzdata_version']}"


def _by(stopped: Json) -> str:
    if stopped["rule"] is not None:
        return f", by {_rule(stopped['rule'])}"
    return f", by {stopped['rule_name']}" if stopped["rule_name"] else ""


def _rule(rule: Json) -> str:
    return f"{rule['name']}: {rule['says']} [{rule['source']}; {rule['pack']}]"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column)
    return table
