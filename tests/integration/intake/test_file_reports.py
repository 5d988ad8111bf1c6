"""Imports of files: dry runs, maps of columns, and the fate of each row by its line."""

import csv
import io
from typing import Any

import pytest

from tests.support.api import Api

A, B = "+12125550133", "+12125550134"
FILE = (
    f"sep=;\nWho;Mobile;TZ;Home zone\n"
    f"Zoë;{A};America/Denver;x\n"
    "Bo;+1 (212) 555-0133;;\n"
    "Cy;hello;;\n"
    f"Di;{B};Nowhere\n"
    "Ed;+12125550135\n"
    "Flo;+12125550136\n"
)


async def sent(api: Api, path: str, file: str | bytes) -> Any:
    content = file if isinstance(file, bytes) else file.encode()
    return await api.ask("POST", path, content=content, headers={"Content-Type": "text/csv"})


async def rows_of(api: Api, path: str, file: str | bytes) -> list[tuple[str, ...]]:
    """Line, result, field, reason and first line of each row that was not taken as it was."""
    answer = await sent(api, f"{path}format=csv", file)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header == ["line", "result", "field", "reason", "first_line", "remedy"]
    assert all(row[5] for row in rows)
    return [tuple(row[:5]) for row in rows]


async def test_a_dry_run_answers_as_the_import_and_stores_nothing(api: Api) -> None:
    campaign_id = await api.campaign()

    dry = await api.import_csv(campaign_id, FILE.encode(), "?dry_run=true")

    for table in ("contacts", "calling_groups", "campaign_counters", "waiting_contacts"):
        assert await api.pool.fetchval(f"SELECT count(*) FROM {table}") == 0
    real = await api.import_csv(campaign_id, FILE.encode())
    assert (dry.pop("dry_run"), real.pop("dry_run")) == (True, False)
    assert dry == real
    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == real["imported"] == 3


async def test_the_answer_says_what_each_column_is_taken_for(api: Api) -> None:
    report = await api.import_csv(await api.campaign(), FILE.encode(), "?dry_run=true")

    assert {column["name"]: column["taken_for"] for column in report["columns"]} == {
        "Who": "attribute",
        "Mobile": "number",
        "TZ": "zone",
        "Home zone": "attribute",
    }
    (warning,) = report["warnings"]
    assert (warning["line"], warning["field"], warning["reason"]) == (
        2,
        "Home zone",
        "resembles_zone",
    )


async def test_every_row_that_was_not_taken_is_in_a_file_by_its_line(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, b"number\n+12125550135\n")
    await api.post("/v1/suppressions", {"number": "+12125550136", "reason": "x"}, status=201)

    rows = await rows_of(api, f"/v1/campaigns/{campaign_id}/contacts/import?", FILE)

    assert rows == [
        ("2", "warning", "Home zone", "resembles_zone", ""),
        ("5", "refused", "Mobile", "not_a_number", ""),
        ("6", "refused", "TZ", "unknown_zone", ""),
        ("4", "duplicate", "", "in_file", "3"),
        ("7", "duplicate", "", "in_campaign", ""),
        ("8", "suppressed", "", "suppressed", ""),
    ]


async def test_the_file_has_all_rows_where_the_answer_has_the_first(api: Api) -> None:
    campaign_id = await api.campaign()
    file = "number\n" + f"{A}\n" * 1500 + "12\n" * 1500

    rows = await rows_of(api, f"/v1/campaigns/{campaign_id}/contacts/import?dry_run=true&", file)
    report = await api.import_csv(campaign_id, file.encode())

    assert len(rows) == 1499 + 1500
    assert (report["duplicates"], len(report["duplicate_rows"])) == (1499, 1000)
    assert report["duplicate_rows_truncated"] is True
    assert report["duplicate_rows"][0] == {"line": 3, "first_line": 2}
    assert A.removeprefix("+") not in str(rows)


async def test_the_map_of_a_request_chooses_the_columns(api: Api) -> None:
    campaign_id = await api.campaign()
    file = f"Number,Mobile,Home Phone\n99,{A},{B}\n".encode()

    problem = await api.import_csv(campaign_id, file, status=422)
    report = await api.import_csv(campaign_id, file, "?column=number:Home%20Phone")

    (error,) = problem["errors"]
    assert error["reason"] == "duplicate_column"
    assert "`Number`, `Mobile`" in error["detail"]
    assert report["imported"] == 1
    assert await api.pool.fetchval("SELECT number FROM contacts") == B


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?column=phone:Mobile", "column"),
        ("?columns=number:Mobile", "columns"),
        ("?dryrun=true", "dryrun"),
        ("?default_region=US", "default_region"),
        ("?delimiter=x", "delimiter"),
    ],
)
async def test_a_parameter_that_is_unknown_or_wrong_is_refused(
    api: Api, query: str, field: str
) -> None:
    problem = await api.import_csv(await api.campaign(), FILE.encode(), query, status=422)

    assert [error["field"] for error in problem["errors"]] == [field]
    assert await api.pool.fetchval("SELECT count(*) FROM contacts") == 0


@pytest.mark.parametrize(
    "file",
    [
        "2125550120\n(212) 555-0121\n12125550122\n\n+1 212 555 0123\n",
        "Phone Number\n2125550120\n(212) 555-0121\n12125550122\n+1 212 555 0123\n",
        "sep=;\n2125550120;left on Monday\n(212) 555-0121\n12125550122;;;\n+1 212 555 0123; x;y\n",
        "name, Tel.\nA, 2125550120\nB, (212) 555-0121\nC, 12125550122\nD, +1 212 555 0123\n",
        "2125550120,2024-01-31\n(212) 555-0121,31.01.2024 10:00\n12125550122,\n+1 212 555 0123,x\n",
        "phone,country\n2125550120,N/A\n(212) 555-0121,-\n12125550122,U.S.\n+12125550123,Canada\n",
    ],
    ids=["no header", "header", "no header, notes", "names", "no header, dates", "countries"],
)
async def test_a_list_of_numbers_is_suppressed_in_every_form(api: Api, file: str) -> None:
    answer = await sent(api, "/v1/suppressions/import?default_region=US", file)

    report = answer.json()
    assert (report["imported"], report["rejected"]) == (4, 0)
    rows = await api.pool.fetch("SELECT number, expires_at::text FROM suppressions ORDER BY number")
    assert [tuple(row) for row in rows] == [(f"+1212555012{end}", "infinity") for end in range(4)]


async def test_national_numbers_of_a_campaigns_list_are_of_its_region(api: Api) -> None:
    campaign_id = await api.campaign(default_region="US")

    answer = await sent(api, f"/v1/suppressions/import?campaign_id={campaign_id}", "2125550120\n")

    assert answer.json()["imported"] == 1


async def test_the_country_of_a_row_comes_before_the_region_of_its_list(api: Api) -> None:
    file = (
        "number,country\n2079460123,GB\n2125550120,\n2125550121,Atlantis\n+12125550122,Atlantis\n"
    )

    answer = await sent(api, "/v1/suppressions/import?default_region=us", file)

    report = answer.json()
    rows = await api.pool.fetch("SELECT number FROM suppressions ORDER BY number")
    assert [row["number"] for row in rows] == ["+12125550120", "+12125550122", "+442079460123"]
    assert [(each["line"], each["field"], each["reason"]) for each in report["errors"]] == [
        (4, "country", "unknown_country")
    ]


async def test_a_number_that_may_be_two_is_suppressed_as_both(api: Api) -> None:
    path = "/v1/suppressions/import?default_region=DE"
    file = "number,expires_at\n491701234567,\n030 1234567,-\n"

    report = (await sent(api, path, file)).json()
    national = (await sent(api, f"{path}&numbers=national", "4917012345678\n")).json()

    assert (report["imported"], report["updated"], report["rejected"]) == (3, 0, 0)
    assert [(each["line"], each["field"], each["reason"]) for each in report["warnings"]] == [
        (2, "number", "both_suppressed")
    ]
    assert (national["imported"], national["warnings"]) == (1, [])
    rows = await api.pool.fetch("SELECT number FROM suppressions ORDER BY number")
    assert [row["number"] for row in rows] == [
        "+491701234567",
        "+49301234567",
        "+49491701234567",
        "+494917012345678",
    ]


async def test_suppressions_of_an_unknown_region_or_parameter_are_refused(api: Api) -> None:
    for query, field in (("default_region=Atlantis", "default_region"), ("region=US", "region")):
        answer = await sent(api, f"/v1/suppressions/import?{query}", "2125550120\n")
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_dry_run_of_suppressions_stops_nobody(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.import_csv(campaign_id, f"number\n{A}\n".encode())

    answer = await sent(api, "/v1/suppressions/import?dry_run=true", f"{A}\n{B}\n12\n")

    report = answer.json()
    assert (report["dry_run"], report["imported"], report["rejected"]) == (True, 2, 1)
    assert await api.pool.fetchval("SELECT count(*) FROM suppressions") == 0
    assert await api.pool.fetchval("SELECT state FROM contacts") == "pending"


async def test_each_refused_suppression_is_in_a_file_by_its_line(api: Api) -> None:
    file = f"Phone,Until,Expires\n{A},,soon\n" + "2125550120,,\n" * 1200

    rows = await rows_of(api, "/v1/suppressions/import?", file)

    assert ("2", "warning", "Expires", "not_an_instant", "") in rows
    assert rows[-1] == ("1202", "refused", "Phone", "no_country", "")
    assert sum(row[1] == "refused" for row in rows) == 1200


@pytest.mark.parametrize("file", ["name\nZoë\n", "number\n12\n"], ids=["unreadable", "refused"])
async def test_a_refused_file_is_a_problem_in_either_format(api: Api, file: str) -> None:
    path = f"/v1/campaigns/{await api.campaign()}/contacts/import?on_error=refuse&format=csv"

    answer = await sent(api, path, file)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "number"


async def test_the_owner_says_that_numbers_are_national(api: Api) -> None:
    campaign_id = await api.campaign(default_region="DE")
    file = b"Telefon\n4915112345678\n"

    doubted = await api.import_csv(campaign_id, file, "?dry_run=true")
    said = await api.import_csv(campaign_id, file, "?dry_run=true&numbers=international")

    assert [error["reason"] for error in doubted["errors"]] == ["ambiguous"]
    assert said["imported"] == 1
