"""Decisions per second of one process, for a group whose opening is known."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

from outdial.stack.servers import LocalServers
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.policy import CampaignPolicy, Revision
from shared.domain.campaigns import CampaignKey
from shared.domain.decision.gates import ContactFacts, first_block
from shared.domain.outcomes import Outcome
from shared.domain.places.calling_groups import CallingGroup
from shared.domain.policy.calling_rules import CallingRules, TenantRules
from shared.domain.policy.frequency import PastCall
from shared.rulepacks.rulebook import RuleBook
from shared.rulepacks.store import RulePackStore

# A Wednesday, noon in New York.
NOW = datetime(2026, 11, 18, 17, tzinfo=UTC)
DECISIONS = 200_000
ROUNDS = 5
FLORIDA = CallingGroup(
    zones=("America/New_York",),
    source="number",
    jurisdictions=("US-FL",),
    jurisdiction_source="number",
)
DEFINITION = {
    "name": "bench",
    "calendar": {"windows": [{"days": ["mon", "tue", "wed"], "start": "09:00", "end": "20:00"}]},
    "kind": "solicitation",
}


async def measure(_servers: LocalServers) -> dict[str, float]:
    """A sales call to Florida: federal and state hours, three calls in 24 hours."""
    definition = CampaignDefinition.model_validate(DEFINITION)
    policy = CampaignPolicy.of(CampaignKey(1, 1), Revision(0, 0), definition, TenantRules())
    rules = RuleBook(RulePackStore(None)).rules(policy, FLORIDA)
    due = ContactFacts(not_before=NOW - timedelta(hours=1))
    ago = NOW - timedelta(hours=2)
    called = ContactFacts(calls=(PastCall(ago, "", Outcome.NO_ANSWER, ago),) * 2)
    return {
        "decisions per second, nobody called yet": median(_rates(lambda: _decide(rules, due))),
        "decisions per second, two calls to count": median(_rates(lambda: _decide(rules, called))),
    }


def _rates(decide: Callable[[], None]) -> list[float]:
    rates = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        decide()
        rates.append(DECISIONS / (time.perf_counter() - began))
    return rates


def _decide(rules: CallingRules, facts: ContactFacts) -> None:
    for _ in range(DECISIONS):
        if first_block(rules, facts, now=NOW) is not None:
            raise SystemExit("the contact may be called")
