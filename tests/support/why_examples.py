"""Makes docs/why.md: the answers for ten contacts in ten situations.

`python -m tests.support.why_examples > docs/why.md`
"""

import asyncio
import sys
import tempfile
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from outdial.stack.servers import LocalServers
from outdial.why import view
from shared.db.migrate import migrate
from shared.db.pool import open_pool
from shared.db.types import Pool
from tests.support.why_situations import SITUATIONS, Situation, asking_on_sunday

INTRODUCTION = """# Why

`outdial why` says whether a contact may be called at this moment. If not, it tells all that forbids
it: until when each lasts by itself, the rule of law behind it, and where that can be read. What
lasts longest is marked. `outdial why ATTEMPT` tells by which rules an attempt was allowed or
stopped, and `outdial why --campaign ID` how many contacts wait for what. The API has the same at
`/v1/contacts/{id}/why`, `/v1/attempts/{id}/why` and `/v1/campaigns/{id}/why`.

Rules about such calls that the tenant overrode or turned on stand below, with the person, the
reason and the time; with an attempt, those of the time when it was claimed. Duties that Outdial
does not decide, such as consent and registries, are yours to see to.

The answer comes from the same function that the claim and the dial ask. Nothing here is legal
advice.

Below are ten contacts on a Sunday at noon in New York. `tests/support/why_examples.py` makes this
page from a real database, and a test compares.
"""


async def examples(pool: Pool) -> list[tuple[Situation, dict[str, Any]]]:
    """Each situation with the API's answer; all contacts are inserted before the first request."""
    async with asking_on_sunday(pool) as api:
        made = [(situation, await situation.make(api)) for situation in SITUATIONS]
        return [(situation, await api.get(f"/v1/contacts/{id_}/why")) for situation, id_ in made]


def page(answers: list[tuple[Situation, dict[str, Any]]]) -> str:
    parts = [INTRODUCTION]
    for number, (situation, why) in enumerate(answers, start=1):
        parts.append(
            f"## {number}. {situation.title}\n\n{situation.text}\n\n```console\n"
            f"$ outdial why {why['contact_id']}\n{shown(why)}\n```\n"
        )
    return "\n".join(parts)


def shown(why: dict[str, Any]) -> str:
    output = StringIO()
    console = Console(file=output, width=110, markup=False, highlight=False, emoji=False)
    console.print(view.contact(why))
    return "\n".join(line.rstrip() for line in output.getvalue().rstrip().splitlines())


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="outdial-why-") as directory:
        async with LocalServers(Path(directory), fsync=False) as servers:
            await asyncio.to_thread(migrate, servers.postgres.url)
            async with await open_pool(servers.postgres.url) as pool:
                sys.stdout.write(page(await examples(pool)))


if __name__ == "__main__":
    asyncio.run(main())
