"""Spend ceilings by the API: of a tenant and of campaigns, what is spent, and why contacts wait."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.db import spend
from shared.db.spend import SpendDay
from shared.domain.spend import day_of
from tests.support.api import Api
from tests.support.why_situations import FREE

WHO = {"person": "Dana Reyes, finance", "reason": "Budget of 2026."}
TENANTS = {"currency": "USD", "per_day": "500", "call_most": "0.50"}
OWN = {"currency": "USD", "call_most": "0.50", "per_day": "10", "total": "30"}


async def choose(api: Api, *, status: int = 200, **choice: Any) -> dict[str, Any]:
    response = await api.ask("PUT", "/v1/spend-ceiling", json=TENANTS | WHO | choice)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_the_ceiling_of_a_tenant_is_set_read_and_removed(api: Api) -> None:
    assert (await api.ask("GET", "/v1/spend-ceiling")).json() is None

    chosen = await choose(api)

    assert chosen == TENANTS | WHO | {"at": chosen["at"]}
    assert await api.get("/v1/spend-ceiling") == chosen
    assert (await (await api.another()).ask("GET", "/v1/spend-ceiling")).json() is None
    assert (await api.ask("DELETE", "/v1/spend-ceiling")).status_code == 204
    assert (await api.ask("GET", "/v1/spend-ceiling")).json() is None


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ({"per_day": "0.1"}, ""),
        ({"currency": "dollar"}, "/currency"),
        ({"call_most": None}, "/call_most"),
        ({"person": ""}, "/person"),
    ],
)
async def test_a_faulty_ceiling_is_refused_by_field(
    api: Api, parts: dict[str, Any], pointer: str
) -> None:
    [error] = (await choose(api, status=422, **parts))["errors"]

    assert error.get("pointer", "") == pointer


async def test_ceilings_of_a_tenant_are_in_one_currency(api: Api) -> None:
    campaign_id = await api.campaign(spend_ceiling=OWN | {"currency": "EUR"})

    refused = await choose(api, status=422)
    [error] = refused["errors"]
    assert error["pointer"] == "/currency"
    assert f"campaign {campaign_id}" in error["detail"]
    edit = {"spend_ceiling": OWN}
    answer = await api.ask("PATCH", f"/v1/campaigns/{campaign_id}", json=edit)
    assert answer.status_code == 200, answer.text
    await choose(api)

    faulty = {
        "name": "another",
        "calendar": FREE_CALENDAR,
        "spend_ceiling": OWN | {"currency": "EUR"},
    }
    refused = await api.post("/v1/campaigns", faulty, status=422)
    assert refused["errors"][0]["pointer"] == "/spend_ceiling/currency"
    answer = await api.ask(
        "PATCH", f"/v1/campaigns/{campaign_id}", json={"spend_ceiling": faulty["spend_ceiling"]}
    )
    assert answer.status_code == 422


FREE_CALENDAR = {"windows": [{"days": ["mon"], "start": "09:00", "end": "17:00"}]}


async def test_a_ceiling_that_is_reached_is_named_with_what_is_spent(api: Api) -> None:
    campaign_id = await api.campaign(**FREE, spend_ceiling=OWN)
    await api.import_csv(campaign_id, b"number\n+12025550123\n")
    await api.post(f"/v1/campaigns/{campaign_id}/start", status=202)
    contact_id = await api.pool.fetchval("SELECT id FROM contacts")
    today = SpendDay(api.tenant_id, campaign_id, day_of(datetime.now(UTC)), "USD")
    await spend.add(api.pool, {today: Decimal("9.70")})

    shown = await api.get(f"/v1/campaigns/{campaign_id}")
    campaign = await api.get(f"/v1/campaigns/{campaign_id}/why")
    contact = await api.get(f"/v1/contacts/{contact_id}/why")

    assert [(own["kind"], own["amount"], own["spent"]) for own in shown["spend_ceilings"]] == [
        ("campaign_day", "10", "9.70"),
        ("campaign_total", "30", "9.70"),
    ]
    [waiting] = campaign["waiting"]
    assert (waiting["reason"], waiting["contacts"]) == ("spend_ceiling", 1)
    assert waiting["opens_at"].endswith("T00:00:00Z")
    assert campaign["spend_ceiling"] == shown["spend_ceilings"][0]
    assert (contact["allowed"], contact["binding"]["gate"]) == (False, "spend_ceiling")
    assert contact["binding"]["detail"] == {
        "ceiling": "campaign_day",
        "currency": "USD",
        "amount": "10",
        "spent": "9.70",
        "reserved": "0",
        "call_most": "0.50",
    }

    answer = await api.ask(
        "PATCH", f"/v1/campaigns/{campaign_id}", json={"spend_ceiling": OWN | {"per_day": "11"}}
    )
    assert answer.status_code == 200
    assert (await api.get(f"/v1/contacts/{contact_id}/why"))["allowed"]
