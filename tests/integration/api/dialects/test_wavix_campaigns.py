"""Wavix's voice campaigns as its documents have them: one POST is one call; errors to the byte."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.db import spend
from shared.db.spend import SpendDay
from shared.db.types import Pool
from shared.domain.outcomes import Outcome
from shared.domain.spend import day_of
from tests.support.wavix import CALLER_ID, CONTACT, FLOW, Wavix, serving_wavix

PATH = "/v1/voice-campaigns"
NOW = datetime(2031, 1, 6, 15, 0, tzinfo=UTC)
FORBIDDEN = b'{"success":false,"message":"The service is not provisioned for your account."}'
NOT_FOUND = b'{"success":false,"message":"Record not found"}'
UNAUTHORIZED = b'{"success":false,"error":true,"message":"Unauthorized"}'
NO_FUNDS = b'{"success":false,"message":"Insufficient funds"}'


def missing(parameter: str) -> bytes:
    text = f'{{"success":false,"message":"Missing or invalid parameter {parameter}"}}'
    return text.encode()


async def rows(pool: Pool) -> tuple[int, int]:
    """The number of campaigns and of contacts."""
    campaigns = await pool.fetchval("SELECT count(*) FROM campaigns")
    return campaigns, await pool.fetchval("SELECT count(*) FROM contacts")


async def finish(wavix: Wavix, contact_id: int, outcome: Outcome) -> None:
    await wavix.native.pool.execute(
        "UPDATE contacts SET state = 'finished', outcome = $2 WHERE id = $1", contact_id, outcome
    )


async def test_a_call_is_answered_as_the_document_shows(pool: Pool) -> None:
    async with serving_wavix(pool, now=NOW) as wavix:
        answer = await wavix.ask("POST", PATH, json=wavix.body())
        placed = answer.json()["voice_campaign"]

        assert answer.status_code == 201
        assert answer.content.decode() == (
            f'{{"voice_campaign":{{"id":{placed["id"]},"caller_id":"{CALLER_ID}",'
            f'"contact":"{CONTACT}","status":"in_progress","timestamp":"2031-01-06T15:00:00Z"}}}}'
        )
        read = await wavix.ask("GET", f"{PATH}/{placed['id']}")
        assert (read.status_code, read.content) == (200, answer.content)


async def test_the_call_is_a_contact_of_a_campaign_with_flow_caller_id_and_terms(
    wavix: Wavix,
) -> None:
    before = datetime.now(UTC)

    placed = await wavix.call(contact=f"+{CONTACT}", caller_id=f"+{CALLER_ID}")

    contact = await wavix.native.get(f"/v1/contacts/{placed['id']}")
    campaign = await wavix.native.get(f"/v1/campaigns/{contact['campaign_id']}")
    definition = campaign["definition"]
    assert (placed["caller_id"], placed["contact"]) == (CALLER_ID, CONTACT)
    assert (contact["number"], contact["state"]) == (f"+{CONTACT}", "pending")
    # It is called now or not at all.
    expires_at = datetime.fromisoformat(contact["expires_at"])
    assert timedelta(minutes=1) <= expires_at - before < timedelta(minutes=2)
    assert definition["caller_id"] == f"+{CALLER_ID}"
    assert definition["call_flow"] == {"name": "reminder", "version": 1}
    assert (definition["kind"], definition["automated"]) == ("informational", False)
    assert definition["attempts"]["max_total"] == 1
    assert campaign["wanted_state"] == "running"


async def test_a_machine_hears_what_the_flow_has_for_it(wavix: Wavix) -> None:
    steps = {
        "bye": {"type": "hang_up"},
        "voicemail": {"type": "leave_message", "text": "Hello.", "next": "bye"},
    }
    flow = {"start": "bye", "on_machine": "voicemail", "steps": steps}
    made = await wavix.native.post("/v1/call-flows", {"name": "both", "flow": flow}, status=201)

    placed = await wavix.call(callflow_id=made["id"])

    contact = await wavix.native.get(f"/v1/contacts/{placed['id']}")
    campaign = await wavix.native.get(f"/v1/campaigns/{contact['campaign_id']}")
    assert campaign["definition"]["machine"]["action"] == "leave_message"


async def test_the_second_call_to_one_person_is_another_call_of_the_same_campaign(
    wavix: Wavix,
) -> None:
    calls = [await wavix.call(contact=f"1202555012{n}") for n in (3, 4)]
    await wavix.native.pool.execute("DELETE FROM idempotency_keys")
    calls.append(await wavix.call(contact="12025550123"))

    assert len({call["id"] for call in calls}) == 3
    assert await rows(wavix.native.pool) == (1, 3)


async def test_the_same_body_by_the_same_key_is_the_same_call(wavix: Wavix) -> None:
    first, second = [await wavix.ask("POST", PATH, json=wavix.body()) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert await rows(wavix.native.pool) == (1, 1)


async def test_a_client_that_waits_a_minute_before_it_repeats_calls_nobody_twice(
    pool: Pool,
) -> None:
    async with serving_wavix(pool, now=NOW) as wavix:
        first = await wavix.ask("POST", PATH, json=wavix.body())
        await pool.execute(
            "UPDATE idempotency_keys SET created_at = created_at - interval '61 seconds'"
        )
        second = await wavix.ask("POST", PATH, json=wavix.body())

    assert (second.status_code, second.content) == (201, first.content)
    assert await rows(pool) == (1, 1)


async def test_an_idempotency_key_makes_calls_the_same_or_different(wavix: Wavix) -> None:
    answers = [
        await wavix.ask("POST", PATH, json=wavix.body(), headers={"Idempotency-Key": word})
        for word in ("a", "b", "a")
    ]

    ids = [answer.json()["voice_campaign"]["id"] for answer in answers]
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize("path", [PATH, "/v1/voice_campaigns"])
@pytest.mark.parametrize("carrier", ["appid", "bearer"])
async def test_both_spellings_of_the_path_and_both_carriers_of_the_key(
    wavix: Wavix, path: str, carrier: str
) -> None:
    by_query = carrier == "appid"
    given: dict[str, Any] = (
        {"params": {"appid": wavix.key}}
        if by_query
        else {"headers": {"Authorization": f"Bearer {wavix.key}"}}
    )
    http = wavix.native.http

    placed = await http.post(f"/wavix{path}", json=wavix.body(), **given)
    read = await http.get(f"/wavix{path}/{placed.json()['voice_campaign']['id']}", **given)

    assert (placed.status_code, read.status_code) == (201, 200)
    assert read.json() == placed.json()


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.ANSWERED_HUMAN, "completed"),
        (Outcome.MACHINE_MESSAGE_LEFT, "completed"),
        (Outcome.NO_ANSWER, "completed"),
        (Outcome.DECLINED, "completed"),
        (Outcome.BUSY, "completed"),
        (Outcome.UNOBTAINABLE, "failed"),
        (Outcome.NETWORK_ERROR, "failed"),
        (Outcome.OUT_OF_TIME, "failed"),
        (Outcome.CANCELLED, "failed"),
        (Outcome.UNKNOWN, "failed"),
    ],
)
async def test_a_call_that_ended_is_completed_or_failed(
    wavix: Wavix, outcome: Outcome, status: str
) -> None:
    placed = await wavix.call()
    await finish(wavix, placed["id"], outcome)

    read = (await wavix.ask("GET", f"{PATH}/{placed['id']}")).json()["voice_campaign"]

    assert read == placed | {"status": status}


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"callflow_id": None}, "callflow_id"),
        ({"callflow_id": "12"}, "callflow_id"),
        ({"callflow_id": True}, "callflow_id"),
        ({"callflow_id": 2**31}, "callflow_id"),
        ({"callflow_id": 2**31 - 1}, "callflow_id"),
        ({"contact": None}, "contact"),
        ({"contact": "call me"}, "contact"),
        ({"contact": 12025550123}, "contact"),
        ({"contact": "1"}, "contact"),
        ({"contact": "19995550123"}, "contact"),
        ({"caller_id": None}, "caller_id"),
        ({"caller_id": "12125550100"}, "caller_id"),
        ({"caller_id": ""}, "caller_id"),
        ({"callback_url": "ftp://example.com"}, "callback_url"),
        ({"callback_url": "example.com"}, "callback_url"),
        ({"callback_url": 1}, "callback_url"),
        ({"priority": 1}, "priority"),
    ],
)
async def test_a_faulty_parameter_is_named_and_leaves_no_row(
    wavix: Wavix, changes: dict[str, Any], parameter: str
) -> None:
    answer = await wavix.ask("POST", PATH, json=wavix.body(**changes))

    assert (answer.status_code, answer.content) == (400, missing(parameter))
    assert await rows(wavix.native.pool) == (0, 0)


@pytest.mark.parametrize("field", ["callflow_id", "contact", "caller_id"])
async def test_a_missing_parameter_is_named(wavix: Wavix, field: str) -> None:
    body = wavix.body()
    del body["voice_campaign"][field]

    answer = await wavix.ask("POST", PATH, json=body)

    assert (answer.status_code, answer.content) == (400, missing(field))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"voice_campaign":1}', b'{"campaign":{}}']
)
async def test_a_wrong_wrapper_is_a_missing_voice_campaign(wavix: Wavix, body: bytes) -> None:
    answer = await wavix.ask(
        "POST", PATH, content=body, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.content) == (400, missing("voice_campaign"))


async def test_a_deleted_flow_and_an_inactive_caller_id_are_refused(wavix: Wavix) -> None:
    other = await wavix.native.post("/v1/call-flows", {"name": "old", "flow": FLOW}, status=201)
    await wavix.native.ask("DELETE", f"/v1/call-flows/{other['id']}")
    deleted = await wavix.ask("POST", PATH, json=wavix.body(callflow_id=other["id"]))
    # The first call has made the campaign; the next one is judged by the state of its number.
    await wavix.call()
    await wavix.native.ask("PATCH", f"/v1/caller-ids/{CALLER_ID}", json={"state": "inactive"})

    inactive = await wavix.ask("POST", PATH, json=wavix.body(contact="12025550124"))

    assert (deleted.status_code, deleted.content) == (400, missing("callflow_id"))
    assert (inactive.status_code, inactive.content) == (400, missing("caller_id"))
    assert await rows(wavix.native.pool) == (1, 1)


async def test_a_number_that_may_not_be_called_is_an_invalid_contact(wavix: Wavix) -> None:
    number = {"number": f"+{CONTACT}", "reason": "asked not to be called"}
    await wavix.native.post("/v1/suppressions", number, status=201)

    answer = await wavix.ask("POST", PATH, json=wavix.body())

    assert (answer.status_code, answer.content) == (400, missing("contact"))
    assert await rows(wavix.native.pool) == (0, 0)


async def test_the_law_holds_for_the_calls_of_a_key_without_terms(pool: Pool) -> None:
    night = datetime(2031, 1, 6, 3, 0, tzinfo=UTC)
    async with serving_wavix(pool, now=night) as wavix:
        asked = {"dialect": "wavix"}
        strict = await wavix.native.post("/v1/dialect-credentials", asked, status=201)
        wavix.key = strict["api_key"]

        answer = await wavix.ask("POST", PATH, json=wavix.body())

    assert (answer.status_code, answer.content) == (400, missing("contact"))


async def test_a_ceiling_that_is_reached_is_a_lack_of_funds(wavix: Wavix) -> None:
    who = {"person": "Dana Reyes, finance", "reason": "Budget of 2031."}
    ceiling = who | {"currency": "USD", "per_day": "1", "call_most": "1"}
    answer = await wavix.native.ask("PUT", "/v1/spend-ceiling", json=ceiling)
    assert answer.status_code == 200, answer.text
    campaign_id = await wavix.native.campaign()
    async with wavix.native.pool.acquire() as conn:
        day = SpendDay(wavix.native.tenant_id, campaign_id, day_of(datetime.now(UTC)), "USD")
        await spend.add(conn, {day: Decimal(1)})

    refused = await wavix.ask("POST", PATH, json=wavix.body())

    assert (refused.status_code, refused.content) == (422, NO_FUNDS)


async def test_without_a_valid_key_nobody_is_served(wavix: Wavix) -> None:
    http = wavix.native.http
    carriers: list[dict[str, Any]] = [
        {},
        {"params": {"appid": "guessed"}},
        {"headers": {"Authorization": "Basic x"}},
    ]
    for given in carriers:
        for method, path in (("POST", PATH), ("GET", f"{PATH}/1")):
            answer = await http.request(method, f"/wavix{path}", json={}, **given)
            assert (answer.status_code, answer.content) == (401, UNAUTHORIZED)


async def test_a_key_without_the_product_is_forbidden(wavix: Wavix) -> None:
    key = {"name": "CRM", "scopes": ["contacts", "campaigns"]}
    wavix.key = (await wavix.native.post("/v1/api-keys", key, status=201))["api_key"]

    for method, path in (("POST", PATH), ("GET", f"{PATH}/1")):
        answer = await wavix.ask(method, path, json=wavix.body())
        assert (answer.status_code, answer.content) == (403, FORBIDDEN)


async def test_ids_of_others_are_as_ids_that_do_not_exist(wavix: Wavix) -> None:
    placed = await wavix.call()
    listed = await wavix.native.campaign()
    csv = b"number\n+12025550177\n"
    await wavix.native.import_csv(listed, csv)
    of_a_list = await wavix.native.pool.fetchval("SELECT max(id) FROM contacts")
    stranger = await wavix.native.another()
    key = await stranger.post("/v1/dialect-credentials", {"dialect": "wavix"}, status=201)
    theirs = Wavix(native=stranger, key=key["api_key"], callflow_id=wavix.callflow_id)

    foreign = await theirs.ask("GET", f"{PATH}/{placed['id']}")
    unknown = await wavix.ask("GET", f"{PATH}/{10**9}")
    no_call = await wavix.ask("GET", f"{PATH}/{of_a_list}")
    flow = await theirs.ask("POST", PATH, json=theirs.body())

    for answer in (foreign, unknown, no_call):
        assert (answer.status_code, answer.content) == (404, NOT_FOUND)
    assert (flow.status_code, flow.content) == (400, missing("callflow_id"))


async def test_paths_and_methods_that_it_does_not_have(wavix: Wavix) -> None:
    unknown, wrong = await wavix.ask("GET", "/v1/sms"), await wavix.ask("PUT", PATH)

    assert (unknown.status_code, unknown.content) == (404, NOT_FOUND)
    assert wrong.status_code == 405
    assert wrong.json()["success"] is False


async def test_the_audit_log_names_the_call_and_not_the_number(wavix: Wavix) -> None:
    placed = await wavix.call()

    entries = (await wavix.native.get("/v1/audit-log"))["audit_log"]

    entry = next(each for each in entries if each["operation"] == "wavix_place_call")
    assert (entry["kind"], entry["resource_id"]) == ("voice-campaigns", str(placed["id"]))
    assert not re.search(CONTACT, str(entry))
