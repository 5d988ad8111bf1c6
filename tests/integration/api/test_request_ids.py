"""Each answer has the id of its request, which its logs and its errors repeat."""

import logging

import pytest
from structlog.contextvars import get_contextvars
from typing_extensions import override

from tests.support.api import Api


async def test_an_answer_has_the_id_that_the_client_sent(api: Api) -> None:
    answer = await api.ask("GET", "/v1/tenant", headers={"X-Request-Id": "order-17.retry:2"})

    assert answer.headers["x-request-id"] == "order-17.retry:2"


@pytest.mark.parametrize("sent", ["", "a b", "é", "{{7*7}}", "x" * 129, "+12025550123", "-r"])
async def test_an_id_that_is_no_plain_word_is_replaced(api: Api, sent: str) -> None:
    headers = {"X-Request-Id": sent.encode()}
    first = await api.ask("GET", "/v1/tenant", headers=headers)
    second = await api.ask("GET", "/v1/tenant", headers=headers)

    ids = {answer.headers["x-request-id"] for answer in (first, second)}
    assert len(ids) == 2
    assert sent not in ids


async def test_an_error_repeats_the_id_in_its_problem(api: Api) -> None:
    for path, status in (("/v1/agents/1", 404), ("/v1/nothing", 404), ("/v1/agents/x", 422)):
        answer = await api.ask("GET", path)

        assert answer.status_code == status
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_request_without_a_key_has_an_id_too(api: Api) -> None:
    answer = await api.http.get("/v1/tenant")

    assert answer.status_code == 401
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_the_logs_of_a_request_have_its_id(api: Api) -> None:
    """The handlers of logs merge the context of the request into each line."""
    seen: list[tuple[str, object]] = []

    class Noted(logging.Handler):
        @override
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((record.getMessage(), get_contextvars().get("request_id")))

    campaign_id = await api.campaign()
    logger = logging.getLogger("services.api.campaigns")
    handler = Noted()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        headers = {"X-Request-Id": "r-1"}
        await api.ask("DELETE", f"/v1/campaigns/{campaign_id}", headers=headers)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)

    assert seen == [("draft deleted", "r-1")]
    assert "request_id" not in get_contextvars()
