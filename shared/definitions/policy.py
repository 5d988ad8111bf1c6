"""A campaign's policy: its definition and its tenant's rules as values, as of one revision."""

from dataclasses import dataclass
from typing import NamedTuple

from shared.definitions.campaign import CampaignDefinition
from shared.domain.campaigns import CampaignKey
from shared.domain.policy.attempt_policy import AttemptPolicy
from shared.domain.policy.calling_rules import CampaignRules, TenantRules


class Revision(NamedTuple):
    """Numbers that rise with each change, of the campaign and of its tenant's rules.

    A change of the tenant's rules raises both, but only in campaigns that have not ended.
    """

    campaign: int
    rules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPolicy:
    """Parsed once per revision and shared by all that ask, so its parts are made at once."""

    campaign: CampaignKey
    revision: Revision
    definition: CampaignDefinition
    attempts: AttemptPolicy
    rules: CampaignRules
    tenant_rules: TenantRules

    @classmethod
    def of(
        cls,
        campaign: CampaignKey,
        revision: Revision,
        definition: CampaignDefinition,
        tenant_rules: TenantRules,
    ) -> "CampaignPolicy":
        return cls(
            campaign=campaign,
            revision=revision,
            definition=definition,
            attempts=definition.attempts.policy(),
            rules=definition.rules(),
            tenant_rules=tenant_rules,
        )
