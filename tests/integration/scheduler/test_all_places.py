"""A rule that asks for all places, from the import of a contact to its claim."""

from datetime import UTC, datetime

import pytest

from services.scheduler.claimer import Claimer
from shared.db.types import Pool
from tests.support.api import ALWAYS, Api

# The last second in which both are open, and the first in which New York is not.
OPEN = datetime(2026, 11, 24, 1, 59, 50, tzinfo=UTC)
SHUT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("number_zones", [["America/New_York"], None])
@pytest.mark.parametrize(
    ("kind", "now", "claimed"),
    [("debt_collection", OPEN, 1), ("debt_collection", SHUT, 0), ("informational", SHUT, 1)],
)
async def test_a_number_of_new_york_with_an_address_in_los_angeles(
    api: Api,
    pool: Pool,
    claimer: Claimer,
    kind: str,
    now: datetime,
    claimed: int,
    number_zones: list[str] | None,
) -> None:
    """Also if the contact was imported before groups had the zones of numbers."""
    campaign = await api.campaign(kind=kind, automated=False, calendar={"windows": [ALWAYS]})
    await api.import_csv(campaign, b"number,postal_code\n+12125552671,90210\n")
    assert await pool.fetchval("SELECT number_zones FROM calling_groups") == ["America/New_York"]
    await pool.execute("UPDATE calling_groups SET number_zones = $1", number_zones)
    await pool.execute(
        "UPDATE campaigns SET state = 'running', wanted_state = 'running', started_at = $1", now
    )

    await claimer.run_once(now)

    assert await pool.fetchval("SELECT count(*) FROM attempts") == claimed
