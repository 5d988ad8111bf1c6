"""Call flows for tests: a survey that uses all kinds of steps, and arbitrary ones."""

from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from shared.domain.call_flows.flow import (
    CallFlow,
    Gather,
    HangUp,
    OptOut,
    Speak,
    Step,
    Tag,
    Transfer,
    Variable,
)

SURVEY: dict[str, Any] = {
    "start": "greeting",
    "on_machine": "voicemail",
    "variables": {"first_name": {"default": "neighbour"}, "appointment": {}},
    "steps": {
        "greeting": {"type": "speak", "text": "Good day {{first_name}}.", "next": "menu"},
        "menu": {
            "type": "gather",
            "text": "Your visit is {{appointment}}. Press 1 to confirm, 2 for a person, 9 to stop.",
            "choices": {"1": "confirmed", "2": "desk", "3": "later", "9": "stop"},
            "otherwise": "menu",
            "on_timeout": "goodbye",
        },
        "confirmed": {"type": "tag", "tag": "confirmed", "next": "note"},
        "note": {"type": "send_sms", "text": "See you {{appointment}}.", "next": "jingle"},
        "jingle": {"type": "play", "audio_url": "https://example.com/bye.wav", "next": "goodbye"},
        "desk": {"type": "transfer", "to": "+12025550111", "otherwise": "later"},
        "later": {"type": "ask_for_callback", "minutes": 90, "next": "goodbye"},
        "stop": {"type": "opt_out", "next": "goodbye"},
        "voicemail": {
            "type": "leave_message",
            "text": "Please call us about {{appointment}}.",
            "next": "goodbye",
        },
        "goodbye": {"type": "hang_up"},
    },
}

# The same without a text message, for campaigns that have no sender.
SILENT_SURVEY: dict[str, Any] = SURVEY | {
    "steps": {name: step for name, step in SURVEY["steps"].items() if name != "note"}
    | {"confirmed": SURVEY["steps"]["confirmed"] | {"next": "jingle"}}
}

GOOD_TEXTS = ["Hello.", "Hello {{name}}.", "{{ name }} {{number}}"]
BAD_TEXTS = ["{{other}}", "{{"]


SIZES, WILD, DEFAULTS = st.integers(1, 6), st.booleans(), st.sampled_from([None, "you"])


@lru_cache
def _targets(names: str, *, is_wild: bool) -> st.SearchStrategy[str]:
    return st.sampled_from([*names, "nowhere"] if is_wild else [*names])


@lru_cache
def _steps(names: str, *, is_wild: bool) -> st.SearchStrategy[Step]:
    """Kept, because a strategy takes longer to make than to draw from."""
    name = _targets(names, is_wild=is_wild)
    text = st.sampled_from([*GOOD_TEXTS, *BAD_TEXTS] if is_wild else GOOD_TEXTS)
    return st.one_of(
        st.builds(Speak, text=text, next=name),
        st.builds(Tag, tag=st.just("tagged"), next=name),
        st.builds(OptOut, next=name),
        st.builds(
            Gather,
            choices=st.dictionaries(st.sampled_from("123"), name, max_size=3),
            otherwise=name,
            on_timeout=name,
            text=st.none() | text,
        ),
        st.builds(Transfer, to=st.just("+12025550111"), otherwise=st.none() | name),
        st.builds(HangUp),
    )


@st.composite
def call_flows(draw: st.DrawFn) -> CallFlow:
    """Flows of up to six steps, with and without faults."""
    names = "abcdef"[: draw(SIZES)]
    is_wild = draw(WILD)
    targets, steps = _targets(names, is_wild=is_wild), _steps(names, is_wild=is_wild)
    return CallFlow(
        start=draw(targets),
        on_machine=draw(targets) if draw(WILD) else None,
        steps={name: draw(steps) for name in names},
        variables={"name": Variable(default=draw(DEFAULTS))},
    )
