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
    "capacity": "it could not be dialed a moment ago",
}
AFTER = {
    "conversation": "a conversation",
    "refusal": "a refusal",
    "abandoned": "an abandoned call",
    "machine": "a machine",
}
SOURCES = {
    "contact": "given with the contact",
    "postal_code": "from its postal code",
    "number": "from its number",
    "campaign": "the campaign's default",
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


def _place(zones: list[str]) -> str:
    return zones[0] if zones else "UTC"


def because(block: Json, zones: list[str]) -> str:
    """The reason, and the rule of law behind it with its text and its source."""
    own = TOLD[block["gate"]](block["detail"], zones)
    rule = block["rule"]
    if rule is None:
        return own
    law = f"{rule['name']}: {rule['says']} [{rule['source']}; {rule['pack']}]"
    return f"{own}\n{law}" if own else law


def source(name: str) -> str:
    """The words for a source like postal_code+number."""
    return " and ".join(SOURCES.get(part, part) for part in name.split("+"))


def plain(word: object) -> str:
    return str(word).replace("_", " ")


def _contact(detail: Detail, _zones: list[str]) -> str:
    if detail["state"] == "active":
        return "an attempt at it has not ended"
    return f"it is finished: {plain(detail['outcome'])}"


def _campaign(detail: Detail, _zones: list[str]) -> str:
    return STOPPED[str(detail["state"])]


def _suppression(detail: Detail, _zones: list[str]) -> str:
    return f"on the list of {detail['list']}: {detail['reason']}"


def _expiry(detail: Detail, zones: list[str]) -> str:
    return f"the request was void at {instant(str(detail['expired_at']), zones)}"


def _budget(detail: Detail, _zones: list[str]) -> str:
    return f"it has had {detail['attempts']} of {counted(int(detail['max_total']), 'attempt')}"


def _zone(_detail: Detail, _zones: list[str]) -> str:
    return "nobody knows the person's time zone"


def _blackout(detail: Detail, _zones: list[str]) -> str:
    return f"black-out, {detail['area']}: {detail['reason']}"


def _window(detail: Detail, zones: list[str]) -> str:
    closing = detail.get("closes_at")
    text = "the campaign's own hours are over"
    return text if closing is None else f"{text}; the next end {instant(str(closing), zones)}"


def _wait(detail: Detail, _zones: list[str]) -> str:
    return WAITS[str(detail["for"])]


def _call_up(_detail: Detail, _zones: list[str]) -> str:
    return "another call to this person is up, or its end is not known yet"


def _silence(detail: Detail, zones: list[str]) -> str:
    event = f"{AFTER[str(detail['after'])]} ({plain(detail['outcome'])})"
    at = instant(str(detail["at"]), zones)
    return f"silence of {_length(detail)} after {event} on {at}, {_about(detail)}"


def _frequency_cap(detail: Detail, zones: list[str]) -> str:
    calls = f"{detail['counted']} calls counted in {_length(detail)}, of {detail['max_calls']}"
    return f"{calls} allowed, {_about(detail)}; counted from {instant(str(detail['since']), zones)}"


def _about(detail: Detail) -> str:
    return "on this subject" if detail["by"] == "subject" else "to this person"


def _length(detail: Detail) -> str:
    if "hours" in detail:
        return counted(int(detail["hours"]), "hour")
    return counted(int(detail["local_days"]), "local day")


TOLD: dict[str, Callable[[Detail, list[str]], str]] = {
    "contact": _contact,
    "campaign": _campaign,
    "suppression": _suppression,
    "expiry": _expiry,
    "budget": _budget,
    "unknown_zone": _zone,
    "blackout": _blackout,
    "window": _window,
    "law": lambda _detail, _zones: "",
    "wait": _wait,
    "call_up": _call_up,
    "silence": _silence,
    "frequency_cap": _frequency_cap,
}
