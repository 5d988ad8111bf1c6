"""Shows the answers of the why endpoints in the terminal."""

from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.table import Table

from outdial.campaigns.progress import waiting_table
from outdial.client import Json, Waiting
from outdial.why.words import (
    STOPPED,
    because,
    ceiling,
    full_instant,
    instant,
    now_in,
    plain,
    source,
)

# An answer about a contact with a live attempt, by the state of the attempt.
LIVE = {
    "claimed": "is about to be called: an attempt waits to be dialed",
    "dialing": "is being called now",
    "placed": "is being called now",
}


def contact(why: Json) -> Group:
    zones = why["zones"]
    parts: list[RenderableType] = [
        f"contact {why['contact_id']} of campaign {why['campaign_id']}, "
        f"on {now_in(why['at'], zones)}",
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
        *(_choice(choice, zones) for choice in why["choices"]),
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
    parts += [
        f"the trunk {down['trunk']} has taken no calls since "
        f"{full_instant(down['since'], [])} ({plain(down['cause'])})"
        for down in why["trunks_down"]
    ]
    if why["spend_ceiling"] is not None:
        parts.append(ceiling(why["spend_ceiling"]))
    if why["next_opens_at"] is not None:
        parts.append(f"the next wait ends at {full_instant(why['next_opens_at'], [])}")
    if why["waiting"]:
        parts += ["", waiting_table([Waiting.of(entry) for entry in why["waiting"]])]
    rules = {entry["rule"]["name"]: entry["rule"] for entry in why["waiting"] if entry["rule"]}
    if rules:
        parts += ["", *(_rule(rules[name]) for name in sorted(rules))]
    return Group(*parts)


def _answer(why: Json) -> str:
    if why["allowed"]:
        return "may be called now, and waits for its turn"
    if why["attempt"] is not None:
        return LIVE[why["attempt"]["state"]]
    if why["state"] == "finished":
        return "; ".join(
            [f"is finished, {plain(why['outcome'])}: it is not called any more", *_also(why)]
        )
    if why["next_at"] is None:
        return "may not be called, and will not be unless something is changed"
    seconds = datetime.fromisoformat(why["next_at"]) - datetime.fromisoformat(why["at"])
    if seconds < timedelta(minutes=1):
        return f"may not be called now; it is looked at again in {seconds.total_seconds():.0f} s"
    return f"may not be called now; next at {full_instant(why['next_at'], why['zones'])}"


def _also(why: Json) -> list[str]:
    """The suppression of a finished contact: it forbids the call also in other campaigns."""
    return [
        because(block, why["zones"]) for block in why["blocks"] if block["gate"] == "suppression"
    ]


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
        name = f"trunk {scope['trunk']}" if scope["trunk"] else scope["scope"]
        table.add_row(name, str(scope["dialed"]), most, str(scope["claimed"]), rate)
    return table


def _grounds(why: Json) -> Table:
    table = _table("", "")
    table.show_header = False
    table.add_row("zones", f"{', '.join(why['zones']) or 'none'} ({source(why['zone_source'])})")
    places = ", ".join(why["jurisdictions"])
    table.add_row("rules of", f"{places} ({source(why['jurisdiction_source'])})")
    table.add_row("by", _versions(why))
    for choice in why["choices"]:
        table.add_row("chosen", _choice(choice, why["zones"]))
    if why["duties"]:
        table.add_row("yours to see to", ", ".join(duty["name"] for duty in why["duties"]))
    return table


def _choice(choice: Json, zones: list[str]) -> str:
    return (
        f"{choice['rule']['name']} {plain(choice['standing'])} by {choice['person']} at "
        f"{instant(choice['at'], zones)}: {choice['reason']}"
    )


def _versions(why: Json) -> str:
    packs = f"rules {' '.join(why['rules'])}" if why["rules"] else "no rule of law that Outdial has"
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
