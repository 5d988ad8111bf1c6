"""One bad number never brings down a request, in a file, a list or a suppression."""

import pytest

from tests.support.api import Api

# Cells that were once read as another number, or as one that no table takes.
DAMAGED = {
    "491701234568.0": "decimal",
    "1.701234567E9": "scientific_notation",
    "0301234567/68": "several_numbers",
    "030-123456 / 123457": "several_numbers",
    "+49 1234567890123456": "too_long",
    "030123456 123457123": "too_long",
    "0301234567 x11": "extension",
    "+44 7712 OOO 131": "letters",
    "491701234567": "ambiguous",
    "112": "short_number",
}
GOOD = ("+493012345678", "+493012345679")


async def test_a_file_loses_its_bad_rows_only(api: Api) -> None:
    campaign_id = await api.campaign(default_region="DE")
    file = "\n".join(["number", GOOD[0], *DAMAGED, GOOD[1]])

    report = await api.import_csv(campaign_id, file.encode())

    assert (report["imported"], report["rejected"]) == (2, len(DAMAGED))
    assert [(error["line"], error["reason"]) for error in report["errors"]] == [
        (line, reason) for line, reason in enumerate(DAMAGED.values(), start=3)
    ]


async def test_a_list_loses_its_bad_entries_only(api: Api) -> None:
    campaign_id = await api.campaign(default_region="DE")
    entries = [{"number": number} for number in (GOOD[0], *DAMAGED, GOOD[1])]

    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", entries, status=200)

    assert (added["imported"], added["rejected"]) == (2, len(DAMAGED))
    reasons = [result["reason"] for result in added["results"]]
    assert reasons == [None, *DAMAGED.values(), None]


@pytest.mark.parametrize(
    ("numbers", "expected"), [("national", "+4915123456789"), ("international", "+15123456789")]
)
async def test_the_owner_of_a_list_says_how_its_numbers_are_read(
    api: Api, numbers: str, expected: str
) -> None:
    campaign_id = await api.campaign(default_region="DE")
    path = f"/v1/campaigns/{campaign_id}/contacts"
    entries = [{"number": "15123456789"}]

    unsaid = await api.post(path, entries, status=200)
    said = await api.post(f"{path}?numbers={numbers}", entries, status=200)

    assert unsaid["results"][0]["reason"] == "ambiguous"
    assert said["imported"] == 1
    assert await api.pool.fetchval("SELECT number FROM contacts") == expected


async def test_the_country_of_an_entry_reads_its_number(api: Api) -> None:
    campaign_id = await api.campaign(default_region="US")
    entries = [
        {"number": "9845551234", "country": "IN"},
        {"number": "2079460018", "country": "GB"},
        {"number": "2079460018"},
    ]

    added = await api.post(f"/v1/campaigns/{campaign_id}/contacts", entries, status=200)

    assert added["imported"] == 3
    numbers = await api.pool.fetch("SELECT number FROM contacts ORDER BY id")
    assert [row["number"] for row in numbers] == ["+919845551234", "+442079460018", "+12079460018"]


@pytest.mark.parametrize(
    "number", ["+49 1234567890123456", "+4930123456 / 123457", "+49301234567.0"]
)
async def test_a_suppression_of_a_bad_number_is_refused_with_its_field(
    api: Api, number: str
) -> None:
    body = {"number": number, "reason": "opt_out"}

    answer = await api.ask("POST", "/v1/suppressions", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/number"
    assert number not in answer.text
    assert await api.pool.fetchval("SELECT count(*) FROM suppressions") == 0


async def test_a_suppression_file_loses_its_bad_rows_only(api: Api) -> None:
    rows = ["number", GOOD[0], "+49 1234567890123456", "+4930123456 / 123457", "+49301234567.0"]
    file = "\n".join([*rows, "+49 30 1234567 x5", GOOD[1]]).encode()

    answer = await api.ask(
        "POST", "/v1/suppressions/import", content=file, headers={"Content-Type": "text/csv"}
    )

    assert answer.status_code == 200
    report = answer.json()
    assert (report["imported"], report["rejected"]) == (2, 4)
    reasons = [error["reason"] for error in report["errors"]]
    assert reasons == ["too_long", "several_numbers", "decimal", "extension"]
