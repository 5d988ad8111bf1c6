"""An attempt that was judged by an outdated revision is not dialed."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.db import dialing
from shared.db.types import Pool
from tests.support.api import Api
from tests.support.campaigns import a_definition
from tests.support.dialing import Bench

EDIT = {"caps": {"max_concurrent": 5}}
RULE = {"person": "Dana Reyes", "reason": "written consent of all contacts"}


async def revision(pool: Pool) -> int:
    stored: int = await pool.fetchval("SELECT revision FROM campaigns")
    return stored


async def test_an_attempt_is_won_only_by_the_revision_that_it_was_judged_by(bench: Bench) -> None:
    messages = await bench.claimed()
    await bench.pool.execute("UPDATE campaigns SET revision = 2")
    references, now = [message.data.reference for message in messages], datetime.now(UTC)

    async def won(judged_by: int) -> bool:
        dialed = await dialing.dial(
            bench.pool,
            references,
            ["+12025550000"],
            [judged_by],
            [None],
            now=now,
            open_until=now,
            revisit_at=now + timedelta(minutes=1),
        )
        return dialed == set(references)

    assert [await won(1), await won(3), await won(2)] == [False, False, True]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/v1/campaigns/{campaign}", EDIT),
        ("PUT", "/v1/rules/us-fl.hours/override", RULE),
        ("POST", "/v1/blackouts", {"reason": "a storm", "jurisdiction": "US-LA"}),
    ],
)
async def test_every_change_that_may_forbid_a_call_raises_the_revision(
    api: Api, pool: Pool, method: str, path: str, body: dict[str, object]
) -> None:
    created = await api.ask("POST", "/v1/campaigns", json=a_definition())
    before = await revision(pool)

    answer = await api.ask(method, path.format(campaign=created.json()["id"]), json=body)

    assert answer.is_success, answer.text
    assert await revision(pool) == before + 1
