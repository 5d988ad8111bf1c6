"""The receivers of the guide take a webhook that is signed and fresh, and no other."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest

from services.events.webhooks.post import signed
from services.events.webhooks.renderings import standard
from shared.db.events.webhooks import StoredEvent
from tests.support.waiting import PATIENCE
from tests.support.webhook_receiver import SECRET

ROOT = Path(__file__).parents[4]
PROGRAMS = {"python3": (sys.executable, "receive_webhooks.py")}
if NODE := shutil.which("node"):
    PROGRAMS["node"] = (NODE, "receive_webhooks.mjs")
TYPE = "outdial.campaign.changed.v1"
PAYLOAD = f'{{"type":"{TYPE}"}}'.encode()


@asynccontextmanager
async def receiving(program: str, secret: Path) -> AsyncIterator[tuple[str, asyncio.StreamReader]]:
    """The receiver's address, and the lines that it prints."""
    command, file = PROGRAMS[program]
    process = await asyncio.create_subprocess_exec(
        *(command, str(ROOT / "examples" / file), str(secret)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        async with asyncio.timeout(PATIENCE):
            yield (await process.stdout.readline()).decode().strip(), process.stdout
    finally:
        process.kill()
        await process.communicate()


def headers(
    event_id: UUID, *, sent: timedelta = timedelta(), secret: str = SECRET
) -> dict[str, str]:
    event = StoredEvent(id=event_id, type=TYPE, payload=PAYLOAD)
    return signed(standard(event, ())[0], event_id, secret, now=datetime.now(UTC) + sent)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_receiver_checks_the_signature(program: str, tmp_path: Path) -> None:
    secret, first, second = tmp_path / "secret", uuid4(), uuid4()
    secret.write_text(f"{SECRET}\n")
    good = headers(first)
    both = good | {"webhook-signature": f"v1,AAAA {good['webhook-signature']}"}
    tries = [
        (good, PAYLOAD, 204),
        (both, PAYLOAD, 204),
        (good, PAYLOAD + b" ", 400),
        (good | {"webhook-id": str(second)}, PAYLOAD, 400),
        (good | {"webhook-signature": "v1,"}, PAYLOAD, 400),
        (headers(second, sent=timedelta(hours=-1)), PAYLOAD, 400),
        (headers(second, secret="whsec_AAAA"), PAYLOAD, 400),
        ({"content-type": "application/json"}, PAYLOAD, 400),
        (headers(second), PAYLOAD, 204),
    ]

    async with receiving(program, secret) as (url, lines), aiohttp.ClientSession() as session:
        for sent, body, status in tries:
            async with session.post(url, data=body, headers=sent) as answer:
                assert answer.status == status, (sent, body)
        printed = [(await lines.readline()).decode() for _ in range(2)]

    assert printed == [f"{TYPE} {first}\n", f"{TYPE} {second}\n"]
    assert f"{program} examples/{PROGRAMS[program][1]} " in (ROOT / "docs" / "guide.md").read_text()
