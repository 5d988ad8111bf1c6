"""VoiceAIWrapper's requests and answers, as its documents have them, against the api's process.

`pairs.json` has them in the order of a client's day. Where a document gives the text of an answer,
it is compared by its bytes, otherwise key by key in their order. `$provider` and the like stand for
an id of the credentials or of an answer before, `$new`, `$time` and `$notice` for a text of that
form.
"""

import json
import re
from pathlib import Path
from typing import Any

import aiohttp

from shared.db.types import Pool
from tests.integration.api.test_boundaries import FLOW
from tests.support.api_process import NOWHERE, api_process
from tests.support.voiceaiwrapper import AGENT, NUMBERS, POOL

PAIRS = json.loads(
    (Path(__file__).parents[3] / "dialects" / "voiceaiwrapper" / "pairs.json").read_text()
)
FORMS = {
    "$new": r"Vm9pY2VDYW1wYWlnbj[A-Za-z0-9+/]+=*",
    "$time": r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d.*",
    "$notice": r".*never dialed.*",
}


def filled(value: Any, known: dict[str, str]) -> Any:
    text = json.dumps(value)
    return json.loads(re.sub(r"\$(\w+)", lambda found: known.get(found[1], found[0]), text))


def same(answer: Any, expected: Any, at: str) -> None:
    """The keys in the same order, and each value the same or of the form that stands for it."""
    if isinstance(expected, dict):
        assert isinstance(answer, dict), at
        assert list(answer) == list(expected), at
        for key, value in expected.items():
            same(answer[key], value, f"{at}.{key}")
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
            await owner.add("/v1/call-flows", {"name": "reminder", "flow": FLOW})
            for number in NUMBERS:
                await owner.add("/v1/caller-ids", {"number": number})
            await owner.add("/v1/number-pools", POOL)
            made = await owner.add("/v1/dialect-credentials", {"dialect": "voiceaiwrapper"})
        ids = made["ids"]
        known = {
            "provider": ids["tenant_voice_provider_id"]["default"],
            "number": NUMBERS[0],
            "pool": ids["phone_number_pool_id"]["north"],
            "tenant": next(iter(ids["tenant_id"].values())),
        }
        headers = {"Authorization": f"Bearer {made['api_key']}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            for pair in PAIRS:
                method, path, body = filled(pair["request"], known)
                async with session.request(
                    method, f"{made['base_url']}{path}", json=body
                ) as answer:
                    text = await answer.text()
                assert answer.status == pair["status"], (pair["name"], text)
                assert answer.content_type == "application/json"
                if "bytes" in pair:
                    assert text == filled(pair["bytes"], known), pair["name"]
                    continue
                data = json.loads(text)
                same(data, filled(pair["response"], known), pair["name"])
                known |= dict.fromkeys(
                    pair.get("keep", ()), data.get("data", {}).get("campaign_id")
                )
