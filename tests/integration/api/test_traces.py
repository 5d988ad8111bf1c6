"""A request is a step of the trace that it names, or of a new one, and so is what it leads to."""

import json
import logging

import pytest
from structlog.contextvars import get_contextvars
from typing_extensions import override

from shared.kafka.messages.commands import CampaignCommand
from tests.support.api import Api

SENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACED = {"traceparent": SENT}


async def test_an_answer_has_the_trace_that_was_sent(api: Api) -> None:
    for path in ("/v1/tenant", "/v1/agents/1", "/v1/nothing"):
        answer = await api.ask("GET", path, headers=TRACED)

        assert answer.headers["traceparent"] == SENT


@pytest.mark.parametrize("sent", [[], ["x"], [SENT, SENT], [SENT.replace("00f067", "+12025")]])
async def test_a_request_without_a_valid_trace_begins_one(api: Api, sent: list[str]) -> None:
    headers = [("authorization", f"Bearer {api.key}"), *(("traceparent", each) for each in sent)]
    answers = [await api.http.get("/v1/tenant", headers=headers) for _ in range(2)]

    begun = [answer.headers["traceparent"] for answer in answers]
    assert all(len(each) == len(SENT) for each in begun)
    assert SENT not in begun
    assert begun[0] != begun[1]


async def test_a_probe_begins_no_trace(api: Api) -> None:
    answer = await api.http.get("/healthz", headers=TRACED)

    assert "traceparent" not in answer.headers


async def test_a_command_and_its_campaign_keep_the_trace(api: Api) -> None:
    campaign_id = await api.campaign(keep_open=True)

    await api.ask("POST", f"/v1/campaigns/{campaign_id}/start", headers=TRACED)

    [command] = [each for each in api.published if isinstance(each, CampaignCommand)]
    kept = await api.pool.fetchval("SELECT traceparent FROM campaigns WHERE id = $1", campaign_id)
    assert (command.traceparent, kept) == (SENT, SENT)


async def test_the_event_of_a_reopened_campaign_has_the_trace(api: Api) -> None:
    campaign_id = await api.campaign()
    await api.pool.execute(
        "UPDATE campaigns SET state = 'completed', wanted_state = 'running',"
        " started_at = now(), ended_at = now()"
    )

    answer = await api.ask("POST", f"/v1/campaigns/{campaign_id}/reopen", headers=TRACED)

    assert answer.status_code == 200, answer.text
    payload = await api.pool.fetchval("SELECT payload FROM public_events")
    assert json.loads(payload)["traceparent"] == SENT


async def test_the_logs_of_a_request_have_the_id_of_its_trace(api: Api) -> None:
    seen: list[object] = []

    class Noted(logging.Handler):
        @override
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(get_contextvars().get("trace_id"))

    campaign_id = await api.campaign()
    logger = logging.getLogger("services.api.campaigns")
    handler = Noted()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        await api.ask("DELETE", f"/v1/campaigns/{campaign_id}", headers=TRACED)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)

    assert seen == [SENT.split("-")[1]]
