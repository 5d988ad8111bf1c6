"""The rate of an API key, counted in Redis, and the requests that a tenant has under way."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from services.api.http.request_limits import RequestRates, RequestsAtOnce
from tests.support.api import DEFINITION, Api, serving

# Eighteen seconds before the end of a minute of the clock.
NOW = datetime(2026, 9, 1, 12, 0, 42, tzinfo=UTC)
UNREACHABLE = "redis://127.0.0.1:9"


async def publish(_messages: object) -> None:
    return


@pytest_asyncio.fixture(loop_scope="session")
async def limited(api: Api, redis: Redis) -> AsyncIterator[Api]:
    """The same API, whose keys may send three requests in a minute."""
    rates = RequestRates(redis, per_minute=3)
    async with serving(api.pool, publish, now=NOW, rates=rates) as http:
        yield replace(api, http=http)


async def a_key(api: Api, requests_per_minute: int | None) -> httpx2.Response:
    new = {"name": "slow", "scopes": ["read"], "requests_per_minute": requests_per_minute}
    return await api.ask("POST", "/v1/api-keys", json=new)


async def test_each_answer_says_what_is_left_and_one_too_many_is_refused(limited: Api) -> None:
    answers = [await limited.ask("GET", "/v1/tenant") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit"] for answer in answers] == [
        f'"default";r={left};t=18' for left in (2, 1, 0, 0)
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"default";q=3;w=60'}
    assert answers[-1].headers["Retry-After"] == "18"
    problem = answers[-1].json()
    assert problem["code"] == "rate_limited"
    assert "3 requests in a minute" in problem["detail"]


async def test_a_refusal_counts_and_says_what_is_left(limited: Api) -> None:
    refused = await limited.ask("POST", "/v1/campaigns", json={})
    absent = await limited.ask("GET", "/v1/campaigns/1")

    assert (refused.status_code, refused.headers["RateLimit"]) == (422, '"default";r=2;t=18')
    assert (absent.status_code, absent.headers["RateLimit"]) == (404, '"default";r=1;t=18')


async def test_a_stranger_counts_for_nobody(limited: Api) -> None:
    wrong = {"Authorization": f"Bearer od_{limited.tenant_id}_wrong"}
    for _ in range(5):
        answer = await limited.http.get("/v1/tenant", headers=wrong)
        assert (answer.status_code, answer.headers.get("RateLimit")) == (401, None)

    assert (await limited.ask("GET", "/v1/tenant")).headers["RateLimit"] == '"default";r=2;t=18'


async def test_keys_are_counted_apart_and_a_minute_is_like_the_one_before(
    api: Api, limited: Api, redis: Redis
) -> None:
    for _ in range(4):
        await limited.ask("GET", "/v1/tenant")

    other = await limited.another()
    rates = RequestRates(redis, per_minute=3)
    later = NOW + timedelta(seconds=18)
    async with serving(api.pool, publish, now=later, rates=rates) as http:
        next_minute = await replace(api, http=http).ask("GET", "/v1/tenant")

    assert (await other.ask("GET", "/v1/tenant")).status_code == 200
    assert next_minute.headers["RateLimit"] == '"default";r=2;t=60'


async def test_a_key_has_a_rate_of_its_own(limited: Api) -> None:
    made = await a_key(limited, 1)
    slow = replace(limited, key=made.json()["api_key"])

    answers = [await slow.ask("GET", "/v1/tenant") for _ in range(2)]

    assert (made.status_code, made.json()["requests_per_minute"]) == (201, 1)
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"default";q=1;w=60'


@pytest.mark.parametrize("rate", [0, 4])
async def test_a_rate_above_that_of_the_installation_is_refused(limited: Api, rate: int) -> None:
    refused = await a_key(limited, rate)

    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"]) == (422, "/requests_per_minute")
    assert re.fullmatch("must be (at most 3|1 or more)", error["detail"])


async def test_a_count_is_forgotten_by_itself(limited: Api, redis: Redis) -> None:
    await limited.ask("GET", "/v1/tenant")

    (key,) = await redis.keys("outdial:requests:*")
    assert 0 < await redis.ttl(key) <= 60


async def test_without_redis_every_request_passes(api: Api) -> None:
    away = Redis.from_url(UNREACHABLE)
    async with serving(api.pool, publish, rates=RequestRates(away, per_minute=1)) as http:
        answers = [await replace(api, http=http).ask("GET", "/v1/tenant") for _ in range(3)]
    await away.aclose()

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert all("RateLimit" not in answer.headers for answer in answers)


async def test_a_request_too_many_at_once_is_refused_and_other_tenants_go_on(api: Api) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        begun.set()
        await ended.wait()
        yield b"{}"

    def post(content: Any) -> Any:
        return one.ask("POST", "/v1/campaigns", content=content)

    async with serving(api.pool, publish, at_once=RequestsAtOnce(1)) as http:
        one = replace(api, http=http)
        under_way = asyncio.create_task(post(slow()))
        await begun.wait()
        refused = await one.ask("POST", "/v1/campaigns", json=DEFINITION)
        neighbour = await (await one.another()).ask("POST", "/v1/campaigns", json=DEFINITION)
        ended.set()
        await under_way
        again = await one.ask("POST", "/v1/campaigns", json=DEFINITION)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests_at_once")
    assert refused.headers["Retry-After"] == "1"
    assert neighbour.status_code == 201
    assert again.status_code == 201
