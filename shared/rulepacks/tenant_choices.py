"""A tenant's choices about the rule packs, each with the person who decided it and the reason."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from shared.definitions.base import Definition
from shared.domain.policy.calling_rules import TenantRules
from shared.rulepacks.definition import Name, RuleDefinition

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$"),
]
CHOICES_MOST = 500
OWN_MOST = 100
# The pack name of the rules that a tenant added.
OWN_PACK = "own"


class Choice(Definition):
    """A rule that a tenant turned on or overrode, with the responsible person and the reason."""

    rule: Name
    person: Words = Field(examples=["Dana Reyes, compliance"])
    reason: Words = Field(examples=["All contacts of this tenant have given written consent."])
    at: AwareDatetime


class TenantRulesDefinition(Definition):
    """The `added` rules hold beside those of the packs, so they can only forbid more."""

    turned_on: list[Choice] = Field(default_factory=list, max_length=CHOICES_MOST)
    overridden: list[Choice] = Field(default_factory=list, max_length=CHOICES_MOST)
    added: list[RuleDefinition] = Field(default_factory=list, max_length=OWN_MOST)

    @classmethod
    def stored(cls, text: str) -> "TenantRulesDefinition":
        """The choices that a tenant's row holds as JSON."""
        return cls.model_validate_json(text)

    def tenant_rules(self) -> TenantRules:
        return TenantRules(
            turned_on=frozenset(choice.rule for choice in self.turned_on),
            overridden=frozenset(choice.rule for choice in self.overridden),
            added=tuple(rule.rule(OWN_PACK) for rule in self.added),
        )
