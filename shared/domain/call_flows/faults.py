"""The faults of a call flow that its single steps do not show."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.call_flows.flow import CallFlow, Gather, ends_call, targets, text_of
from shared.domain.call_flows.texts import KNOWN, is_broken, used_by


class FlowFaultKind(StrEnum):
    """`no_end`: the call can reach this step and from there no end.

    `endless_loop`: the step leads back to itself without waiting for a key.
    """

    UNKNOWN_TARGET = "unknown_target"
    UNREACHABLE = "unreachable"
    ENDLESS_LOOP = "endless_loop"
    NO_END = "no_end"
    UNDECLARED_VARIABLE = "undeclared_variable"
    BROKEN_VARIABLE = "broken_variable"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFault:
    """A fault, where it is in the flow's own shape, and the step or variable that it is about."""

    kind: FlowFaultKind
    path: tuple[str, ...]
    name: str


def faults(flow: CallFlow) -> list[FlowFault]:
    """All faults of a flow; while a target is unknown, the way of the call is not judged."""
    unknown = list(_unknown_targets(flow))
    return [*(unknown or _ways(flow)), *_variables(flow)]


def _unknown_targets(flow: CallFlow) -> Iterator[FlowFault]:
    named: list[tuple[tuple[str, ...], str]] = [(("start",), flow.start)]
    if flow.on_machine is not None:
        named.append((("on_machine",), flow.on_machine))
    for name, step in flow.steps.items():
        named += [(("steps", name, *target.path), target.name) for target in targets(step)]
    for path, name in named:
        if name not in flow.steps:
            yield FlowFault(kind=FlowFaultKind.UNKNOWN_TARGET, path=path, name=name)


def _ways(flow: CallFlow) -> Iterator[FlowFault]:
    onward = {
        name: frozenset(target.name for target in targets(step))
        for name, step in flow.steps.items()
    }
    back = _reversed(onward)
    entries = [flow.start, *([flow.on_machine] if flow.on_machine is not None else [])]
    reached = _closure(entries, onward)
    ends = _closure((name for name, step in flow.steps.items() if ends_call(step)), back)
    silent = {
        name: frozenset() if isinstance(flow.steps[name], Gather) else onward[name]
        for name in flow.steps
    }
    for name in flow.steps:
        if name not in reached:
            yield _of_step(FlowFaultKind.UNREACHABLE, name)
        elif name in _closure(silent[name], silent):
            yield _of_step(FlowFaultKind.ENDLESS_LOOP, name)
        elif name not in ends:
            yield _of_step(FlowFaultKind.NO_END, name)


def _of_step(kind: FlowFaultKind, name: str) -> FlowFault:
    return FlowFault(kind=kind, path=("steps", name), name=name)


def _variables(flow: CallFlow) -> Iterator[FlowFault]:
    for name, step in flow.steps.items():
        path = ("steps", name, "text")
        if is_broken(text_of(step) or ""):
            yield FlowFault(kind=FlowFaultKind.BROKEN_VARIABLE, path=path, name=name)
        for variable in dict.fromkeys(used_by(step)):
            if variable not in flow.variables and variable not in KNOWN:
                yield FlowFault(kind=FlowFaultKind.UNDECLARED_VARIABLE, path=path, name=variable)


def _closure(names: Iterable[str], edges: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The names and all that they lead to."""
    found = set[str]()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(edges[name])
    return frozenset(found)


def _reversed(edges: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {
        name: frozenset(source for source, leads_to in edges.items() if name in leads_to)
        for name in edges
    }
