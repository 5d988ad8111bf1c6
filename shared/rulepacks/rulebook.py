"""The rules in force in this process, compiled once for each campaign and calling group."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from shared.definitions.policy import CampaignPolicy, Revision
from shared.domain.campaigns import CampaignKey
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.calling_rules import CallingRules, calling_rules
from shared.rulepacks.faults import RulePackError
from shared.rulepacks.store import RulePackStore

# Far more than campaigns times groups in any known installation; a bound, not a tuning.
KEPT_MOST = 100_000
# How often a process looks for changed packs.
REFRESH_SECONDS = 2.0

_Key = tuple[CampaignKey, Revision, CallingGroup]


@dataclass(slots=True)
class RuleBook:
    """Rules that were compiled for one revision of a campaign serve until its next revision."""

    store: RulePackStore
    _compiled: dict[_Key, CallingRules] = field(default_factory=dict)

    @classmethod
    def at_start(cls, directory: Path | None) -> "RuleBook":
        """Ends the program with one line for each fault in the operator's packs."""
        try:
            return cls(RulePackStore(directory))
        except RulePackError as error:
            raise SystemExit(f"the rule packs are faulty\n{error}") from None

    def rules(self, policy: CampaignPolicy, group: CallingGroup) -> CallingRules:
        key = (policy.campaign, policy.revision, group)
        compiled = self._compiled.get(key)
        if compiled is None:
            if len(self._compiled) >= KEPT_MOST:
                self._compiled.clear()
            compiled = self._compiled[key] = calling_rules(
                policy.rules, policy.tenant_rules, self.store.packs.rules, group
            )
        return compiled

    async def refresh(self, _now: datetime) -> bool:
        """Read changed rule packs; rules that were compiled from the old ones are dropped."""
        # In a thread: a slow disk must not hold up the event loop.
        if await asyncio.to_thread(self.store.refresh):
            self._compiled.clear()
        return False
