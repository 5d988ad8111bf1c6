"""A campaign's policy: its definition, its tenant's rules and its call flow as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.definitions import spend
from shared.definitions.call_flow import CallFlowDefinition
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.spend import TenantSpendDefinition
from shared.domain.agents import Agent
from shared.domain.call_flows import texts
from shared.domain.call_flows.flow import CallFlow
from shared.domain.campaigns import CampaignKey
from shared.domain.capacity.caller_ids import NoCallerId, NumberPool
from shared.domain.policy.attempt_policy import AttemptPolicy
from shared.domain.policy.calling_rules import CampaignRules, TenantRules
from shared.domain.policy.sms import SmsPolicy, sending_steps
from shared.domain.spend import Ceilings


class Revision(NamedTuple):
    """Numbers that rise with each change, of the campaign and of its tenant's rules.

    A change of the tenant's rules raises both, but only in campaigns that have not ended.
    """

    campaign: int
    rules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPolicy:
    """Parsed once per revision and shared by all that ask, so its parts are made at once.

    `flow` is the tenant's own call flow; None: the provider knows what to play. `sms_steps` are
    the texts of its steps that send a message, and `sms` the campaign's other messages. A contact
    must bring the `required_variables`. `no_caller_id`: the caller ID that it names may not be
    shown. `pool` and `agent` are those that it names. `ceilings` are the campaign's and its
    tenant's; None: there is none.
    """

    campaign: CampaignKey
    revision: Revision
    definition: CampaignDefinition
    attempts: AttemptPolicy
    rules: CampaignRules
    tenant_rules: TenantRules
    flow: CallFlow | None
    sms: SmsPolicy | None
    sms_steps: Mapping[str, str]
    required_variables: frozenset[str]
    no_caller_id: NoCallerId | None
    pool: NumberPool | None
    agent: Agent | None
    ceilings: Ceilings | None = None

    @property
    def reads_attributes(self) -> bool:
        """Whether a call needs more of its contact than the number."""
        if self.required_variables:
            return True
        if self.flow is None:
            return self.definition.call_flow is not None or self.agent is not None
        return bool(self.flow.variables)

    @classmethod
    def of(
        cls,
        campaign: CampaignKey,
        revision: Revision,
        definition: CampaignDefinition,
        tenant_rules: TenantRules,
        flow: CallFlowDefinition | None = None,
        *,
        caller_ids: Sequence[str] | None = None,
        pool: NumberPool | None = None,
        agent: Agent | None = None,
        tenant_spend: TenantSpendDefinition | None = None,
    ) -> "CampaignPolicy":
        """`caller_ids` are the active ones that it may show; None: it names none."""
        named = definition.caller_id or definition.number_pool or ""
        played = None if flow is None else flow.call_flow()
        sms = None if definition.sms is None else definition.sms.policy()
        required = frozenset() if sms is None else sms.required_variables
        if played is not None:
            required |= texts.required(texts.used(played), played.variables)
        return cls(
            campaign=campaign,
            revision=revision,
            definition=definition,
            attempts=definition.attempts.policy(),
            rules=definition.rules(),
            tenant_rules=tenant_rules,
            flow=played,
            sms=sms,
            sms_steps={name: step.text for name, step in sending_steps(played).items()},
            required_variables=required,
            no_caller_id=None if caller_ids is None or caller_ids else NoCallerId(named),
            pool=pool,
            agent=agent,
            ceilings=spend.ceilings(definition.spend_ceiling, tenant_spend),
        )
