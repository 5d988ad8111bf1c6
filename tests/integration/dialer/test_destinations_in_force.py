"""A number that is no destination is not dialed, and its contact ends instead of coming again."""

import json
from datetime import UTC, datetime

import pytest

from tests.support.dialing import Bench

PREMIUM, SHORT_LIKE, SOMALIA = "+19007654321", "+19114206969", "+252612345678"
BLOCKED = {
    "destinations": {
        "blocked_countries": ["SO"],
        "person": "Dana Reyes",
        "reason": "Fraud.",
        "at": datetime(2026, 11, 1, tzinfo=UTC).isoformat(),
    }
}


async def renumber(bench: Bench, number: str) -> None:
    """Give the contact a number that an import would refuse today."""
    await bench.pool.execute("UPDATE contacts SET number = $1", number)
    await bench.pool.execute("UPDATE attempts SET phone = $1", number)


@pytest.mark.parametrize(
    ("number", "refused"), [(PREMIUM, "premium_rate"), (SHORT_LIKE, "short_number")]
)
async def test_a_costly_or_short_number_is_never_dialed(
    bench: Bench, number: str, refused: str
) -> None:
    messages = await bench.claimed()
    await renumber(bench, number)

    await bench.dialer.on_attempts_due(messages)

    await bench.becomes("dropped")
    assert bench.provider.asked == []
    assert await bench.column("reason") == "destination"
    assert await bench.column("stopped_by") == refused
    # The budget is not touched, and no other attempt follows.
    assert await bench.contact() == ("finished", 0, "excluded")


async def test_a_country_that_was_blocked_after_the_import_is_not_dialed(bench: Bench) -> None:
    messages = await bench.claimed()
    await renumber(bench, SOMALIA)
    await bench.pool.execute(
        "UPDATE tenants SET rules = $2::jsonb, rules_revision = rules_revision + 1 WHERE id = $1",
        bench.tenant,
        json.dumps(BLOCKED),
    )

    await bench.dialer.on_attempts_due(messages)

    await bench.becomes("dropped")
    assert bench.provider.asked == []
    assert await bench.column("stopped_by") == "country_not_called"
    assert await bench.contact() == ("finished", 0, "excluded")


async def test_a_country_that_is_not_blocked_is_dialed(bench: Bench) -> None:
    messages = await bench.claimed()
    await renumber(bench, SOMALIA)

    await bench.dialer.on_attempts_due(messages)

    await bench.becomes("placed")
    assert [request.to for request in bench.provider.asked] == [SOMALIA]
