"""A tenant's choices about rules and destinations, each with the person who decided, and why."""

from typing import Annotated, Self

from phonenumbers import SUPPORTED_REGIONS
from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StringConstraints,
    model_validator,
)

from shared.definitions.base import Definition, refuse
from shared.definitions.spend import TenantSpendDefinition
from shared.domain.places.address import NO_COUNTRY
from shared.domain.places.number_kinds import NumberKind
from shared.domain.policy.calling_rules import TenantRules
from shared.domain.policy.destinations import NO_CHOICE, Destinations
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


def _has_numbers(code: str) -> str:
    if code != NO_COUNTRY and code not in SUPPORTED_REGIONS:
        raise ValueError(
            f"{code} is no country; use an ISO 3166-1 code such as GB or JE (Jersey), or "
            f"{NO_COUNTRY} for numbers of no country"
        )
    return code


NumberCountry = Annotated[
    str, StringConstraints(pattern=r"^([A-Z]{2}|001)$"), AfterValidator(_has_numbers)
]
Countries = Annotated[list[NumberCountry], Field(max_length=300, examples=[["SO", "CU"]])]


class DestinationsDefinition(Definition):
    """The kinds of numbers and the countries that a tenant calls."""

    allowed_kinds: list[NumberKind] = Field(
        default_factory=list,
        max_length=20,
        description="kinds that are refused unless they are named here",
    )
    allowed_countries: Countries | None = Field(
        default=None, description="no other country is called; left out: all are"
    )
    blocked_countries: Countries = Field(
        default_factory=list, description="every other country is called"
    )

    @model_validator(mode="after")
    def lists_countries_one_way(self) -> Self:
        if self.allowed_countries is not None and self.blocked_countries:
            detail = "give allowed_countries or blocked_countries, not both"
            refuse(type(self), [(("blocked_countries",), detail)])
        return self

    def destinations(self) -> Destinations:
        allowed = self.allowed_countries
        return Destinations(
            allowed_kinds=frozenset(self.allowed_kinds),
            countries=frozenset(self.blocked_countries if allowed is None else allowed),
            all_but_these=allowed is None,
        )


class DestinationsChoice(DestinationsDefinition):
    """A tenant's destinations, with the responsible person and the reason."""

    person: Words
    reason: Words
    at: AwareDatetime


class SpendChoice(TenantSpendDefinition):
    """A tenant's spend ceiling, with the responsible person and the reason."""

    person: Words
    reason: Words
    at: AwareDatetime


class TenantRulesDefinition(Definition):
    """The `added` rules hold beside those of the packs, so they can only forbid more."""

    turned_on: list[Choice] = Field(default_factory=list, max_length=CHOICES_MOST)
    overridden: list[Choice] = Field(default_factory=list, max_length=CHOICES_MOST)
    added: list[RuleDefinition] = Field(default_factory=list, max_length=OWN_MOST)
    destinations: DestinationsChoice | None = None
    spend_ceiling: SpendChoice | None = None

    @classmethod
    def stored(cls, text: str) -> "TenantRulesDefinition":
        """The choices that a tenant's row holds as JSON."""
        return cls.model_validate_json(text)

    def tenant_rules(self) -> TenantRules:
        return TenantRules(
            turned_on=frozenset(choice.rule for choice in self.turned_on),
            overridden=frozenset(choice.rule for choice in self.overridden),
            added=tuple(rule.rule(OWN_PACK) for rule in self.added),
            destinations=self.called(),
        )

    def called(self) -> Destinations:
        return NO_CHOICE if self.destinations is None else self.destinations.destinations()
