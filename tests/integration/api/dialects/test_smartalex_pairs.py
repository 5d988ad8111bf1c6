"""SmartAlex's requests and answers, as its documents have them, against the process of the api.

`pairs.json` has them in the order of a client's day. Where a document gives the text of an answer
it is compared by its bytes, otherwise key by key in their order. `$agent` and the like stand for an
id that an answer before has told, `$time` and `$secret` for a text of that form.
"""

import json
import re
from pathlib import Path
from typing import Any

import aiohttp

from shared.db.types import Pool
from tests.support.api_process import NOWHERE, api_process
from tests.support.smartalex import AGENT

PAIRS = json.loads(
    (Path(__file__).parents[3] / "dialects" / "smartalex" / "pairs.json").read_text()
)
FORMS = {
    "$time": r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "$secret": r"whsec_[A-Za-z0-9+/]{43}=",
    "$campaign": r"campaign_[1-9]\d*",
    "$webhook": r"webhook_[1-9]\d*",
}


def filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: known.get(found[1], found[0]), text)


def same(answer: Any, expected: Any, at: str) -> None:
    """The keys in the same order, and each value the same or of the form that stands for it."""
    if isinstance(expected, dict):
        assert isinstance(answer, dict), at
        assert list(answer) == list(expected), at
        for key, value in expected.items():
            same(answer[key], value, f"{at}.{key}")
    elif isinstance(expected, list):
        assert isinstance(answer, list), at
        assert len(answer) == len(expected), at
        for index, (one, other) in enumerate(zip(answer, expected, strict=True)):
            same(one, other, f"{at}[{index}]")
    elif isinstance(expected, str) and expected in FORMS:
        assert re.fullmatch(FORMS[expected], answer), at
    else:
        assert (answer, type(answer)) == (expected, type(expected)), at


async def test_each_answer_is_as_the_documents_have_it(
    dsn: str, pool: Pool, tmp_path: Path
) -> None:
    async with api_process(dsn, pool, kafka=NOWHERE, log=tmp_path / "api.log") as process:
        async with process.client() as owner:
            await owner.add("/v1/agents", AGENT)
            made = await owner.add("/v1/dialect-credentials", {"dialect": "smartalex"})
        known = {"agent": made["ids"]["agent_id"][AGENT["name"]]}
        headers = {"Authorization": f"Bearer {made['api_key']}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            for pair in PAIRS:
                method, path, body = json.loads(filled(json.dumps(pair["request"]), known))
                url = f"{made['base_url']}{path}"
                async with session.request(method, url, json=body) as answer:
                    text = await answer.text()
                assert answer.status == pair["status"], (pair["name"], text)
                assert answer.content_type == "application/json"
                if "bytes" in pair:
                    assert text == pair["bytes"], pair["name"]
                    continue
                data = json.loads(text)
                for name in pair.get("keep", ()):
                    known[name] = data["data"]["id"]
                same(data, json.loads(filled(json.dumps(pair["response"]), known)), pair["name"])
