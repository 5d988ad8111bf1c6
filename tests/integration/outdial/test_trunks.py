"""`outdial trunk` on a database: adds, lists, shows and removes, and never shows a secret."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.db import trunk_outages, trunks
from shared.db.types import Pool
from tests.support import forked
from tests.support.campaigns import a_definition, a_running_campaign
from tests.support.twilio_carrier.calls import ACCOUNT

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
TWILIO = ("--provider", "twilio", "--account-sid", ACCOUNT)


@pytest.fixture
def outdial(dsn: str) -> Any:
    async def run(*arguments: str, **environment: str) -> tuple[int, str]:
        variables = {"OUTDIAL_POSTGRES_URL": dsn} | environment
        return await forked.outdial("trunk", *arguments, **variables)

    return run


async def test_a_trunk_is_added_shown_and_removed(pool: Pool, outdial: Any, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("token-of-the-account\n")
    options = ("--from", "+14155550100", "--from", "+14155550101", "--max-concurrent", "20")

    code, text = await outdial("add", "us", *TWILIO, *options, "--secret-file", str(secret))
    assert code == 0, text
    code, text = await outdial("show", "us", "--json")
    shown = json.loads(text)

    assert shown["settings"]["from_numbers"] == ["+14155550100", "+14155550101"]
    assert (shown["has_secret"], shown["tenants"]) == (True, "all")
    assert (shown["max_concurrent"], shown["calls_per_second"]) == (20, 1)
    trunk = await trunks.find(pool, shown["id"])
    assert trunk is not None
    assert trunk.secret.get_secret_value() == "token-of-the-account"

    await trunk_outages.begin(pool, trunk.id, since=NOW, cause="error_20003", now=NOW)
    code, text = await outdial("list")
    assert (code, "error_20003" in text, "token-of" in text) == (0, True, False)
    code, text = await outdial("remove", "us")
    assert (code, await trunks.find(pool, shown["id"])) == (0, None)


async def test_a_trunk_is_changed_only_when_that_is_said(pool: Pool, outdial: Any) -> None:
    command = ("add", "us", *TWILIO, "--secret-env", "TOKEN")

    assert (await outdial(*command, TOKEN="one"))[0] == 0
    code, text = await outdial(*command, TOKEN="two")
    assert (code, "--replace" in text) == (1, True)
    code, _ = await outdial(*command, "--replace", "--calls-per-second", "5", TOKEN="two")

    [trunk] = [row for row in await trunks.every(pool) if row.name == "us"]
    found = await trunks.find(pool, trunk.id)
    assert code == 0
    assert trunk.calls_per_second == 5
    assert found is not None
    assert found.secret.get_secret_value() == "two"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--account-sid", "AC1", "--secret-env", "TOKEN"), "--account-sid"),
        (("--account-sid", ACCOUNT), "--secret-file FILE or --secret-env VARIABLE"),
        (("--account-sid", ACCOUNT, "--secret-env", "MISSING"), "variable MISSING has no secret"),
        (
            ("--account-sid", ACCOUNT, "--secret-env", "TOKEN", "--base-url", "http://a.example"),
            "--base-url: needs https://",
        ),
        (("--account-sid", ACCOUNT, "--secret-env", "TOKEN", "--from", "0171"), "--from"),
        (("--account-sid", ACCOUNT, "--secret-env", "TOKEN", "--tenant", "99999"), "--tenant"),
        (("--account-sid", ACCOUNT, "--secret-env", "TOKEN", "--setting", "a=b"), "--a"),
    ],
)
async def test_a_faulty_option_is_named_with_its_remedy(
    pool: Pool, outdial: Any, options: tuple[str, ...], text: str
) -> None:
    code, output = await outdial("add", "us", "--provider", "twilio", *options, TOKEN="never-shown")

    assert code == 1
    assert text in output
    assert "never-shown" not in output
    assert [trunk.name for trunk in await trunks.every(pool) if trunk.name == "us"] == []


async def test_a_trunk_of_campaigns_stays(pool: Pool, outdial: Any) -> None:
    await a_running_campaign(pool, a_definition(), now=datetime.now(UTC))
    [trunk] = await trunks.every(pool)

    code, output = await outdial("remove", trunk.name)

    assert (code, trunk.campaigns) == (1, 1)
    assert "1 campaigns name the trunk" in output
    assert len(await trunks.every(pool)) == 1


async def test_the_rates_of_a_trunk_are_replaced_and_shown(
    pool: Pool, outdial: Any, tmp_path: Path
) -> None:
    await a_running_campaign(pool, a_definition(), now=datetime.now(UTC))
    [trunk] = await trunks.every(pool)
    file = tmp_path / "rates.csv"
    file.write_text("prefix,price_per_minute,zone\n1,0.0125,USA\n44,0.02,UK\n")

    command = ("rates", trunk.name, str(file), "--currency")
    code, text = await outdial(*command, "USD", "--from", "2026-11-01T00:00Z", "--json")
    _, shown = await outdial("show", trunk.name, "--json")

    assert code == 0, text
    assert "the column 'zone' is passed over" in text
    assert json.loads(shown)["rates"] == {
        "currency": "USD",
        "effective_from": "2026-11-01T00:00:00+00:00",
        "prefixes": 2,
    }

    file.write_text("prefix,price_per_minute\n1,0.01\n44,0,02\nUK,0.02\n")
    code, text = await outdial(*command, "USD")
    assert (code, text.count("line ")) == (1, 2)
    assert "line 3: has more cells" in text
    assert "line 4, prefix: must be the first digits" in text
    assert (await outdial(*command, "usd"))[1].startswith("outdial: --currency: 'usd'")
    file.write_text("prefix,price_per_minute\n1,0.01\n")
    assert "no trunk eu" in (await outdial("rates", "eu", str(file), "--currency", "USD"))[1]
