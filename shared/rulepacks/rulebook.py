"""The rules in force in this process, compiled once for each campaign and calling group."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.definitions.campaign import rules_of
from shared.definitions.rules import tenant_rules_of
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.calling_rules import CallingRules, calling_rules
from shared.rulepacks.store import RulePackStore

# Far above campaigns times groups of any installation seen; a bound, not a tuning.
KEPT_MOST = 100_000
# How often a process looks for changed packs.
REFRESH_SECONDS = 2.0


@dataclass(slots=True)
class RuleBook:
    """A new definition, or a tenant's new choice of rules, is a new question."""

    store: RulePackStore
    _compiled: dict[tuple[str, str, CallingGroup], CallingRules] = field(default_factory=dict)

    def rules(self, definition: str, tenant_rules: str, group: CallingGroup) -> CallingRules:
        key = (definition, tenant_rules, group)
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) >= KEPT_MOST:
                self._compiled.clear()
            found = self._compiled[key] = calling_rules(
                rules_of(definition), tenant_rules_of(tenant_rules), self.store.packs.rules, group
            )
        return found

    async def refresh(self, _now: datetime) -> bool:
        """Read changed rule packs; rules that were compiled from the old ones are dropped."""
        if self.store.refresh():
            self._compiled.clear()
        return False
