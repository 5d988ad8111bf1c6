"""Spend ceilings as owners write them: faults by field, and what holds for a campaign."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from shared.definitions.spend import CampaignSpendDefinition, TenantSpendDefinition, ceilings
from shared.domain.spend import CeilingKind

CALL = {"currency": "USD", "call_most": "0.50"}
TENANT = TenantSpendDefinition.model_validate({**CALL, "per_day": "500"})


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({}, "give per_day or total or both"),
        ({"per_day": "0.49"}, "per_day is less than call_most"),
        ({"total": "0.49"}, "total is less than call_most"),
        ({"per_day": "100", "currency": "usd"}, "currency"),
        ({"per_day": "-1"}, "per_day"),
        ({"per_day": "1.00001"}, "per_day"),
        ({"per_day": "100", "call_most": "0"}, "call_most"),
        ({"per_day": "NaN"}, "per_day"),
        ({"per_month": "1"}, "per_month"),
    ],
)
def test_a_fault_is_named(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        CampaignSpendDefinition.model_validate(CALL | parts)


def test_a_campaign_has_its_own_ceilings_and_its_tenants() -> None:
    own = CampaignSpendDefinition.model_validate({**CALL, "call_most": "0.2", "total": "9"})

    both, only = ceilings(own, TENANT), ceilings(None, TENANT)

    assert ceilings(None, None) is None
    assert both is not None
    assert both.call_most == Decimal("0.2")
    assert both.amounts == {
        CeilingKind.CAMPAIGN_TOTAL: Decimal(9),
        CeilingKind.TENANT_DAY: Decimal(500),
    }
    assert only is not None
    assert only.call_most == Decimal("0.50")
    assert only.amounts == {CeilingKind.TENANT_DAY: Decimal(500)}


def test_amounts_of_two_currencies_allow_nothing() -> None:
    own = CampaignSpendDefinition.model_validate({**CALL, "currency": "EUR", "total": "9"})

    found = ceilings(own, TENANT)

    assert found is not None
    assert found.amounts[CeilingKind.TENANT_DAY] == 0
