"""Agents: what a provider itself lets talk with the people that are called."""

from dataclasses import dataclass
from enum import StrEnum


class AgentKind(StrEnum):
    """What the provider runs: one voice, a fixed course, or several that hand over."""

    ASSISTANT = "assistant"
    WORKFLOW = "workflow"
    SQUAD = "squad"


class AgentState(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Agent:
    """`id` is the provider's own."""

    id: str
    kind: AgentKind
