"""The commands of the README and the guide, run as they stand, and the daily work beside them."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[4]
GIVEN = re.compile(r"OUTDIAL_(POSTGRES|REDIS|KAFKA|API)_\w+")
# Written before `make down`, with the key of the README's tenant stored.
DAILY = """
echo
outdial tenant create acme 2>&1 || echo "rc $?"
outdial watch 2 > lines &
until grep "UTC  " lines; do sleep 0.1; done
kill $!
wait $! || echo "rc $?"
printf 'number\\nnonsense\\n+12025550124\\n' > some.csv
outdial run examples/campaign.json some.csv 2>&1 || echo "rc $?"
outdial run examples/campaign.json some.csv --detach --allow-refused
outdial contacts import 4 some.csv --dry-run --csv || echo "rc $?"
outdial suppressions add 2025550125 --region US --reason asked
outdial suppressions list --json
outdial suppressions remove +12025550125
outdial suppressions import some.csv 2>&1 || echo "rc $?"
outdial campaigns list --json
outdial contacts show 1 --json
outdial why 77777 2>&1 || echo "rc $?"
stat -c %a .outdial/login
OUTDIAL_API_KEY=$KEY outdial whoami --json
outdial logout && outdial whoami
export OUTDIAL_API_KEY=$KEY
outdial keys create CRM --scope read --network 127.0.0.1
outdial keys list
outdial tenant key 1 && outdial keys revoke 1
outdial whoami --key "$KEY" 2>&1 || echo "rc $?"
"""


def readme_commands() -> str:
    text = (ROOT / "README.md").read_text()
    return commands(text.split("## A campaign by hand")[1].split("\n## ")[0])


def commands(text: str) -> str:
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """The project in another directory, so that its stack is another one; it is stopped."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for path in ROOT.iterdir():
        if path.name != ".outdial":
            (folder / path.name).symlink_to(path)
    yield folder
    subprocess.run([folder / ".venv" / "bin" / "outdial", "down"], cwd=folder, check=True)


async def output_of(script: str, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not GIVEN.match(name)}
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await shell.communicate()
    assert shell.returncode == 0, output.decode()[-2000:] + errors.decode()[-2000:]
    return output.decode()


async def test_the_readme_the_daily_work_and_the_guide_work_as_they_stand(clone: Path) -> None:
    first = readme_commands()
    assert first.count("make down") == 1
    guide = commands((ROOT / "docs" / "guide.md").read_text())
    script = first.replace("make down", f"{DAILY}\n{guide}\nmake down")

    output = await output_of(script, clone)

    said = iter(output.splitlines())
    for words in (
        "use the key of tenant 1 (acme) now",
        "tenant 1 (acme), by its key 1 (operator) from ",
        "campaign 1 is a draft",
        "1,000 imported, 0 refused",
        "campaign 1 is started",
        "contact 1 of campaign 1",
        "campaign 1 is cancelled",
        "campaign 2 is started",
        '"imported":1000',
        "there is a tenant acme already, 1",
        "rc 1",
        "UTC  ",
        "rc 130",
        "nothing was created, because rows of some.csv are refused: 1 of 2",
        "rc 1",
        "campaign 4 is started",
        "2,refused,number,not_a_number,",
        "3,duplicate,,in_campaign,",
        "rc 1",
        '"+12025550125"',
        "+12025550125 is off the list",
        "1 imported, 1 refused",
        "rc 1",
        "asked as tenant 1, by the key from ",
        "rc 1",
        "600",
        '"key_from": "OUTDIAL_API_KEY"',
        "the local stack's own tenant",
        "API key 3 (shown this once): od_1_",
        "CRM",
        "API key of tenant 1 (shown this once): od_1_",
        "key 1 (operator) is refused from now on",
        "the API key was revoked",
        "rc 1",
        "as expected",
        "1001 contacts",
        "outdial.campaign.changed.v1 ",
    ):
        assert any(words in line for line in said), f"not in this order: {words}\n{output}"
    results = (clone / "results.csv").read_text().splitlines()
    assert len(results) == 1_001
    assert results[0].startswith("number,id,external_id,state,outcome")
    campaigns = next(
        json.loads(line) for line in output.splitlines() if line.startswith('[{"id": 4')
    )
    assert [campaign["id"] for campaign in campaigns] == [4, 3, 2, 1]
