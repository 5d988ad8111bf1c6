"""`outdial calls` on the api: lists by filters, shows one, exports to a file."""

import csv
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from outdial import calls
from outdial.client import ApiError, Client
from outdial.errors import OutdialError
from tests.integration.api.test_calls import FACTS, a_call
from tests.support.api import Api

Captured = pytest.CaptureFixture[str]


@pytest.fixture
async def two_calls(api: Api) -> tuple[UUID, UUID]:
    busy = await a_call(api, 1)
    talked = await a_call(
        api, 2, number="+4930123456", outcome="answered_human", facts=json.dumps(FACTS)
    )
    return busy, talked


async def test_calls_are_listed_by_filters(
    client: Client, two_calls: tuple[UUID, UUID], capsys: Captured
) -> None:
    await calls.show_all(client, number="+4930123456", since="2026-11-18T00:00Z")
    head, line = capsys.readouterr().out.splitlines()
    await calls.show_all(client, outcome="busy", as_json=True)
    (busy,) = json.loads(capsys.readouterr().out)
    await calls.show_all(client, campaign=99)

    assert head.split() == [
        *("attempt", "id", "campaign", "id", "contact", "id", "number", "outcome", "dialing"),
        *("talk", "seconds", "price"),
    ]
    assert line.split()[0] == str(two_calls[1])
    assert line.endswith("31.5           0.0130 USD")
    assert busy["attempt_id"] == str(two_calls[0])
    assert capsys.readouterr().err == "no such calls\n"


async def test_a_call_is_shown_with_its_reports(
    client: Client, two_calls: tuple[UUID, UUID], capsys: Captured
) -> None:
    await calls.show(client, two_calls[1])
    text = capsys.readouterr().out
    await calls.show(client, two_calls[1], as_json=True)

    assert "price               0.0130 USD" in text
    assert "answered_by human" in text.splitlines()[-1]
    assert json.loads(capsys.readouterr().out)["facts"]["digits"] == "41"


@pytest.mark.usefixtures("two_calls")
async def test_calls_are_exported_to_a_file_and_to_standard_output(
    client: Client, tmp_path: Path, capfdbinary: Any
) -> None:
    file = tmp_path / "calls.csv"

    await calls.export(client, output=file)
    await calls.export(client, as_json=True, campaign=7)

    with file.open(newline="") as rows:
        read = list(csv.DictReader(rows))
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [row["number"] for row in read] == ["+12025550123", "+4930123456"]
    assert [line["price_amount"] for line in lines] == [None, "0.0130"]
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"since": "yesterday"}, "--since"),
        ({"until": "2026-11-18T00:00"}, "--until"),
        ({"outcome": "gone"}, "outcome"),
        ({"number": "0301234"}, "number"),
    ],
)
async def test_a_wrong_filter_is_named_and_leaves_no_file(
    client: Client, tmp_path: Path, options: dict[str, str], names: str
) -> None:
    with pytest.raises((OutdialError, ApiError), match=names):
        await calls.export(client, output=tmp_path / "calls.csv", **options)  # type: ignore[arg-type]

    assert not list(tmp_path.iterdir())


async def test_a_folder_that_is_not_there_is_named(client: Client, tmp_path: Path) -> None:
    with pytest.raises(OutdialError, match="missing"):
        await calls.export(client, output=tmp_path / "missing" / "calls.csv")
