"""Names each block of an answer in words."""

from collections.abc import Callable
from datetime import UTC, datetime

from outdial.client import Json
from outdial.terminal import counted
from shared.domain.calendar.zones import zone

Detail = dict[str, str | int]

STOPPED = {
    "draft": "the campaign has not been started",
    "paused": "the campaign is paused",
    "cancelled": "the campaign is cancelled",
    "completed": "the campaign is completed",
}
WAITS = {
    "retry": "the delay before its next attempt",
    "day": "its attempts of this day are used up",
    "window": "its attempts of this window are used up, or the window was closing",
    "callback": "the person asked to be called then",
    "frequency_cap": "a frequency cap, when it was last looked at",
    "silence": "a silence, when it was last looked at",
    "suppression": "a suppression, when it was last looked at",
    "caller_id": "no caller ID could be shown, when it was last looked at",
    "capacity": "it could not be dialed a moment ago",
}
AFTER = {
    "conversation": "a conversation",
    "refusal": "a refusal",
    "abandoned": "an abandoned call",
    "machine": "a machine",
}
CEILINGS = {
    "campaign_day": "the campaign's spend ceiling of a day",
    "campaign_total": "the campaign's spend ceiling in all",
    "tenant_day": "the tenant's spend ceiling of a day",
}
HOURS = {"window", "law"}
# So many of the calls that a cap counted are listed.
CALLS_MOST = 10
SOURCES = {
    "contact": "given with the contact",
    "postal_code": "from its postal code",
    "number": "from its number",
    "campaign": "the campaign's default",
    "calendar": "the zone of the campaign's hours",
    "unknown": "not known",
}


def instant(text: str, zones: list[str]) -> str:
    """In the local time of the first zone, which is that of the person."""
    return f"{datetime.fromisoformat(text).astimezone(zone(_place(zones))):%a %Y-%m-%d %H:%M}"


def full_instant(text: str, zones: list[str]) -> str:
    at = datetime.fromisoformat(text)
    if not zones:
        return f"{instant(text, zones)} UTC"
    return f"{instant(text, zones)} in {_place(zones)} ({at.astimezone(UTC):%H:%M} UTC)"


def now_in(text: str, zones: list[str]) -> str:
    """The present in the zone of the person, or in the earliest and the latest of several."""
    at = datetime.fromisoformat(text)
    by_clock = sorted(zones, key=lambda name: at.astimezone(zone(name)).replace(tzinfo=None))
    ends = [by_clock[0], by_clock[-1]] if by_clock else []
    if not ends or instant(text, ends[:1]) == instant(text, ends[1:]):
        return full_instant(text, zones)
    first, last = (f"{instant(text, [name])} in {name}" for name in ends)
    return f"{first} to {last} ({at.astimezone(UTC):%H:%M} UTC)"


def _place(zones: list[str]) -> str:
    return zones[0] if zones else "UTC"


def because(block: Json, zones: list[str]) -> str:
    """The reason, and the rule of law behind it with its text and its source."""
    own = TOLD[block["gate"]](block["detail"], zones)
    if block["gate"] in HOURS and block["until"] is None:
        own = _joined(own, "no hour is open for all rules and zones at once")
    rule = block["rule"]
    if rule is None:
        return own
    law = f"{rule['name']}: {rule['says']} [{rule['source']}; {rule['pack']}]"
    return f"{own}\n{law}" if own else law


def ceiling(found: Json) -> str:
    """A spend ceiling with what is spent under it."""
    return (
        f"{CEILINGS[found['kind']]} is {found['amount']} {found['currency']}: {found['spent']} are "
        f"spent, {found['reserved']} reserved for calls under way, and a call reserves "
        f"{found['call_most']}"
    )


def source(name: str) -> str:
    """The words for a source like postal_code+number."""
    return " and ".join(SOURCES.get(part, part) for part in name.split("+"))


def plain(word: object) -> str:
    return str(word).replace("_", " ")


def _contact(detail: Detail, _zones: list[str]) -> str:
    if detail["state"] == "active":
        return "it is being called now"
    return f"it is finished: {plain(detail['outcome'])}"


def _campaign(detail: Detail, _zones: list[str]) -> str:
    return STOPPED[str(detail["state"])]


def _destination(detail: Detail, _zones: list[str]) -> str:
    return str(detail["remedy"])


def _suppression(detail: Detail, zones: list[str]) -> str:
    since = instant(str(detail["since"]), zones)
    return f"its number has been suppressed since {since}, for {detail['list']}: {detail['reason']}"


def _expiry(detail: Detail, zones: list[str]) -> str:
    return f"the request expired at {instant(str(detail['expired_at']), zones)}"


def _budget(detail: Detail, _zones: list[str]) -> str:
    return f"it has had {detail['attempts']} of {counted(int(detail['max_total']), 'attempt')}"


def _variables(detail: Detail, _zones: list[str]) -> str:
    names = ", ".join(str(detail["variables"]).split())
    return (
        f"a text of the campaign needs {names}, which the contact lacks; give the variable a "
        "default where it is declared, or import the contact with it into another campaign"
    )


def _zone(_detail: Detail, _zones: list[str]) -> str:
    return "the person's time zone is not known"


def _blackout(detail: Detail, _zones: list[str]) -> str:
    return f"black-out, {detail['area']}: {detail['reason']}"


def _window(detail: Detail, zones: list[str]) -> str:
    closing = detail.get("closes_at")
    next_end = f"the next window ends {instant(str(closing), zones)}" if closing is not None else ""
    return _joined("outside the campaign's own hours", next_end, _shut(detail))


def _law(detail: Detail, _zones: list[str]) -> str:
    return _shut(detail)


def _shut(detail: Detail) -> str:
    """The holidays, and the zones in which hours are shut if there are several."""
    holidays = detail.get("holidays")
    zones = str(detail.get("shut_in", "")).split()
    more = f" and {counted(len(zones) - 2, 'more zone')}" if len(zones) > 3 else ""
    shown = ", ".join(zones[:2] if more else zones)
    return _joined(
        f"holidays: {holidays}" if holidays else "", f"shut in {shown}{more}" if shown else ""
    )


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _wait(detail: Detail, _zones: list[str]) -> str:
    return WAITS[str(detail["for"])]


def _call_up(_detail: Detail, _zones: list[str]) -> str:
    return "another campaign is calling this number, or the end of its call is not known yet"


def _trunk_down(detail: Detail, zones: list[str]) -> str:
    since = instant(str(detail["since"]), zones)
    return (
        f"no trunk of the campaign ({detail['trunks']}) has taken a call since {since} "
        f"({plain(detail['cause'])}); no attempt is counted meanwhile"
    )


def _caller_id(detail: Detail, _zones: list[str]) -> str:
    return (
        f"{detail['named']} shows no caller ID now: it is inactive, or all numbers of the pool are "
        "inactive or have had their calls of the hour or the day"
    )


def _spend_ceiling(detail: Detail, _zones: list[str]) -> str:
    return ceiling({**detail, "kind": detail["ceiling"]})


def _silence(detail: Detail, zones: list[str]) -> str:
    event = f"{AFTER[str(detail['after'])]} ({plain(detail['outcome'])})"
    at = instant(str(detail["at"]), zones)
    return f"silence of {_length(detail)} after {event} on {at}, {_about(detail)}"


def _frequency_cap(detail: Detail, zones: list[str]) -> str:
    calls = f"{detail['counted']} calls counted in {_length(detail)}, of {detail['max_calls']}"
    last = [instant(at, zones) for at in str(detail["calls"]).split()[-CALLS_MOST:]]
    earlier = int(detail["counted"]) - len(last)
    more = f" and {earlier} earlier" if earlier else ""
    return f"{calls} allowed, {_about(detail)}: on {', '.join(last)}{more}"


def _about(detail: Detail) -> str:
    return "on this subject" if detail["by"] == "subject" else "to this person"


def _length(detail: Detail) -> str:
    if "hours" in detail:
        return counted(int(detail["hours"]), "hour")
    return counted(int(detail["local_days"]), "local day")


TOLD: dict[str, Callable[[Detail, list[str]], str]] = {
    "contact": _contact,
    "campaign": _campaign,
    "destination": _destination,
    "suppression": _suppression,
    "expiry": _expiry,
    "budget": _budget,
    "missing_variable": _variables,
    "unknown_zone": _zone,
    "blackout": _blackout,
    "window": _window,
    "law": _law,
    "wait": _wait,
    "trunk_down": _trunk_down,
    "caller_id": _caller_id,
    "spend_ceiling": _spend_ceiling,
    "call_up": _call_up,
    "silence": _silence,
    "frequency_cap": _frequency_cap,
}
