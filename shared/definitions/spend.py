"""Spend ceilings as owners write them, of a campaign and of a tenant."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from shared.definitions.base import Definition
from shared.domain.spend import CeilingKind, Ceilings

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Amount = Annotated[Decimal, Field(gt=0, le=1_000_000_000, decimal_places=4)]


class SpendDefinition(Definition):
    """What one call may cost at most, in which currency.

    So much is reserved for each call under way. Where the trunk has rates in this currency, a call
    is ended before it costs more.
    """

    currency: Currency = Field(description="ISO 4217", examples=["USD"])
    call_most: Amount = Field(
        description="the most that one call may cost; each call under way reserves it",
        examples=["0.50"],
    )

    def refuse_less_than_a_call(self, name: str, amount: Decimal | None) -> None:
        if amount is not None and amount < self.call_most:
            raise ValueError(f"{name} is less than call_most, so no call could be placed")


class CampaignSpendDefinition(SpendDefinition):
    """The ceilings of a campaign; calls that were dialed without a ceiling do not count."""

    per_day: Amount | None = Field(default=None, description="in a day of UTC", examples=["100"])
    total: Amount | None = Field(default=None, description="in all", examples=["2500"])

    @model_validator(mode="after")
    def has_a_ceiling(self) -> Self:
        if self.per_day is None and self.total is None:
            raise ValueError("give per_day or total or both")
        self.refuse_less_than_a_call("per_day", self.per_day)
        self.refuse_less_than_a_call("total", self.total)
        return self


class TenantSpendDefinition(SpendDefinition):
    """The ceiling of all campaigns of a tenant together."""

    per_day: Amount = Field(description="in a day of UTC", examples=["500"])

    @model_validator(mode="after")
    def allows_a_call(self) -> Self:
        self.refuse_less_than_a_call("per_day", self.per_day)
        return self


def ceilings(
    campaign: CampaignSpendDefinition | None, tenant: TenantSpendDefinition | None
) -> Ceilings | None:
    """The ceilings above a campaign's calls; None for no ceiling, which costs nothing.

    The campaign's own `call_most` is the nearer one. Of two currencies no amount can be compared:
    then the campaign may spend nothing. The api refuses such a pair.
    """
    own = campaign or tenant
    if own is None:
        return None
    amounts = {
        CeilingKind.CAMPAIGN_DAY: None if campaign is None else campaign.per_day,
        CeilingKind.CAMPAIGN_TOTAL: None if campaign is None else campaign.total,
        CeilingKind.TENANT_DAY: None if tenant is None else tenant.per_day,
    }
    if tenant is not None and tenant.currency != own.currency:
        amounts[CeilingKind.TENANT_DAY] = Decimal(0)
    return Ceilings(
        currency=own.currency,
        call_most=own.call_most,
        amounts={kind: amount for kind, amount in amounts.items() if amount is not None},
    )
