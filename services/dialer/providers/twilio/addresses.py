"""The address at which the carrier posts: that of our events, with all that its reader must know.

Any dialer may be asked, so nothing is remembered: the call, what the post is about, and where the
call flow is stand in the address. The carrier signs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

from shared.domain.attempts import CallReference
from shared.domain.call_flows.machines import MachineAction

# An address has room for so many steps of a flow; those after them are not recorded.
STAGES_MOST = 40


class About(StrEnum):
    """`step`, `keys` and `transferred` ask for the next page of the flow."""

    STATUS = "status"
    MACHINE = "machine"
    STEP = "step"
    KEYS = "keys"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`step` is the one that a page is about; `stages` were reached and `pressed` before it."""

    events_url: str
    reference: CallReference
    about: About
    on_machine: MachineAction | None = None
    step: str = ""
    stages: tuple[str, ...] = ()
    pressed: str = ""

    @property
    def url(self) -> str:
        query = {
            "ref": str(self.reference),
            "about": self.about,
            "on_machine": self.on_machine,
            "step": self.step,
            "stages": ",".join(self.stages[:STAGES_MOST]),
            "pressed": self.pressed,
        }
        return with_query(self.events_url, {name: value for name, value in query.items() if value})

    def page(self, about: About, step: str, more: tuple[str, ...]) -> str:
        """The address of the page of a step, when these stages have been said besides."""
        return replace(self, about=about, step=step, stages=self.stages + more).url

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ValueError."""
        events_url, _, query = url.partition("?")
        fields = {name: values[0] for name, values in parse_qs(query).items()}
        action = fields.get("on_machine")
        stages = fields.get("stages")
        return cls(
            events_url=events_url,
            reference=CallReference.parse(fields.get("ref", "")),
            about=About(fields.get("about", "")),
            on_machine=None if action is None else MachineAction(action),
            step=fields.get("step", ""),
            stages=tuple(stages.split(",")) if stages else (),
            pressed=fields.get("pressed", ""),
        )


def with_query(url: str, query: Mapping[str, Any]) -> str:
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
