"""The carrier as a process: verdicts, caps, look-up, hang-up, faults, events and a clean stop."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from tests.support.carrier import listening, running_carrier
from tests.support.waiting import until

BUSY = {"outcomes": {"busy": 1}}
FAULTY = "+14155550199"
HUMAN = {"outcomes": {"answered_human": 1}}
FAST = ("--time-scale", "0.001")


async def test_an_originate_is_logged_before_it_is_answered(tmp_path: Path) -> None:
    async with running_carrier(tmp_path / "log") as carrier:
        reference = uuid4()
        status, body = await carrier.originate("+14155550101", reference=reference)

        (line,) = carrier.lines("originate")

    assert (status, line["call_id"]) == (201, body["call_id"])
    assert (line["reference"], line["to"], line["from"]) == (str(reference), "+14155550101", None)
    assert (line["verdict"], line["code"], line["live"]) == ("accepted", None, 1)


async def test_the_arrival_is_the_first_byte_not_the_last(tmp_path: Path) -> None:
    body = b'{"reference": "%b", "to": "+14155550101", "events_url": "http://127.0.0.1:9"}'
    body %= str(uuid4()).encode()
    async with running_carrier(tmp_path / "log") as carrier:
        port = int(carrier.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /calls HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n" % len(body))
        await carrier.stats()
        between = time.time()
        writer.write(b"\r\n" + body)
        answer = await reader.readline()
        writer.close()

        assert b" 201 " in answer
        assert carrier.lines("originate")[0]["at"] < between


async def test_a_reference_seen_before_is_a_duplicate_and_no_second_call(tmp_path: Path) -> None:
    async with running_carrier(tmp_path / "log") as carrier:
        reference = uuid4()
        _, first = await carrier.originate(reference=reference)
        status, second = await carrier.originate(reference=reference)
        stats = await carrier.stats()

        assert (status, second["call_id"]) == (409, first["call_id"])
        assert (stats["originates"], stats["accepted"], stats["duplicates"]) == (2, 1, 1)
        assert [line["verdict"] for line in carrier.lines("originate")] == ["accepted", "duplicate"]


async def test_duplicates_that_come_together_make_one_call(tmp_path: Path) -> None:
    async with running_carrier(tmp_path / "log") as carrier:
        reference = uuid4()

        answers = await asyncio.gather(*[carrier.originate(reference=reference) for _ in range(20)])

    assert sorted(status for status, _ in answers) == [201] + [409] * 19
    assert len({body["call_id"] for _, body in answers}) == 1


async def test_the_cap_on_calls_at_once_is_exact(tmp_path: Path) -> None:
    async with running_carrier(tmp_path / "log", "--max-concurrent", "5") as carrier:
        references = [uuid4() for _ in range(12)]
        answers = await asyncio.gather(*[carrier.originate(reference=r) for r in references])
        placed = [r for r, (status, _) in zip(references, answers, strict=True) if status == 201]
        refused = [body["code"] for status, body in answers if status == 429]

        assert (len(placed), refused) == (5, ["concurrency_exceeded"] * 7)
        assert await carrier.hang_up(placed[0]) == 204
        assert (await carrier.originate())[0] == 201
        assert (await carrier.originate())[0] == 429
        assert (await carrier.stats())["peak_concurrent"] == 5


async def test_the_cap_on_any_rolling_second_is_exact(tmp_path: Path) -> None:
    async with running_carrier(tmp_path / "log", "--calls-per-second", "10") as carrier:
        answers = await asyncio.gather(*[carrier.originate() for _ in range(25)])
        codes = [body["code"] for status, body in answers if status == 429]

        async def accepted_again() -> bool:
            return (await carrier.originate())[0] == 201

        await until(accepted_again)
        lines = carrier.lines("originate")

    assert codes == ["rate_exceeded"] * 15
    accepted = sorted(line["monotonic"] for line in lines if line["verdict"] == "accepted")
    assert accepted[10] - accepted[0] >= 1.0


async def test_an_invalid_number_is_refused_and_logged(tmp_path: Path) -> None:
    numbers = ["14155550100", "+0123456789", "+1415", "+1415555010x", ""]
    async with running_carrier(tmp_path / "log") as carrier:
        answers = [await carrier.originate(number) for number in numbers]
        lines = carrier.lines("originate")

    assert answers == [(422, {"code": "invalid_number"})] * len(numbers)
    assert [line["to"] for line in lines] == numbers
    assert {(line["verdict"], line["code"]) for line in lines} == {("refused", "invalid_number")}


async def test_an_invalid_originate_is_refused_and_not_logged(tmp_path: Path) -> None:
    async with running_carrier(tmp_path / "log") as carrier:
        for body in (b"{", b"[]", b'{"to": "+14155550100"}', b"\xff\xfe"):
            async with carrier.client.post(f"{carrier.url}/calls", data=body) as response:
                assert response.status == 400
                assert (await response.json())["code"] == "bad_request"

        assert carrier.lines("originate") == []


async def test_a_call_can_be_looked_up_until_its_end(tmp_path: Path) -> None:
    seconds = {"ring": [0, 0], "talk": [600, 600]}
    async with running_carrier(
        tmp_path / "log", behaviour={**HUMAN, "seconds": seconds}
    ) as carrier:
        reference = uuid4()
        assert await carrier.lookup(reference) is None
        _, body = await carrier.originate(reference=reference)

        async def answered() -> bool:
            report = await carrier.lookup(reference)
            return report is not None and report["state"] == "answered"

        await until(answered)
        assert await carrier.hang_up(reference) == 204
        report = await carrier.lookup(reference)

        assert report is not None
        assert (report["state"], report["outcome"]) == ("ended", "answered_human")
        assert report["call_id"] == body["call_id"]
        assert report["ended_at"] == carrier.lines("ended")[0]["at"]
        assert await carrier.hang_up(reference) == 404
        assert await carrier.hang_up(uuid4()) == 404


async def test_events_come_in_order_and_are_retried(tmp_path: Path) -> None:
    async with (
        listening(refusals=3) as listener,
        running_carrier(tmp_path / "log", *FAST, behaviour=HUMAN) as carrier,
    ):
        reference = uuid4()
        _, body = await carrier.originate(reference=reference, events_url=listener.url)
        await listener.until_ended(reference)
        (line,) = carrier.lines("ended")

    assert listener.kinds(reference) == ["ringing", "answered", "ended"]
    assert {event["call_id"] for event in listener.events} == {body["call_id"]}
    assert len({event["event_id"] for event in listener.events}) == 3
    ended = listener.events[-1]
    assert (ended["outcome"], ended["at"]) == (line["outcome"], line["at"])
    assert ended["ring_seconds"] >= 3
    assert ended["talk_seconds"] >= 5
    assert "outcome" not in listener.events[0]


async def test_progress_is_told_only_if_it_is_wanted_or_out_of_order(tmp_path: Path) -> None:
    faulty = {"numbers": {FAULTY: {"outcomes": ["answered_human"], "faults": ["out_of_order"]}}}
    async with (
        listening() as listener,
        running_carrier(tmp_path / "log", *FAST, behaviour=HUMAN | faulty) as carrier,
    ):
        calm, hasty = uuid4(), uuid4()
        for reference, number in ((calm, "+14155550100"), (hasty, FAULTY)):
            await carrier.originate(
                number, reference=reference, events_url=listener.url, progress=False
            )
        await until(lambda: len(listener.events) == 4)

    assert listener.kinds(calm) == ["ended"]
    assert listener.kinds(hasty) == ["ended", "ringing", "answered"]


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("duplicate_event", ["ringing", "ringing", "answered", "answered", "ended", "ended"]),
        ("out_of_order", ["ended", "ringing", "answered"]),
        ("late_event", ["ringing", "answered", "ended"]),
    ],
)
async def test_faulty_events(tmp_path: Path, fault: str, kinds: list[str]) -> None:
    behaviour = {**HUMAN, "faults": {fault: 1}}
    async with (
        listening() as listener,
        running_carrier(tmp_path / "log", *FAST, behaviour=behaviour) as carrier,
    ):
        reference = uuid4()
        await carrier.originate(reference=reference, events_url=listener.url)
        await until(lambda: len(listener.events) == len(kinds))

    assert listener.kinds(reference) == kinds
    assert len({event["event_id"] for event in listener.events}) == 3


async def test_the_end_tells_what_is_known_and_a_late_price_follows(tmp_path: Path) -> None:
    behaviour = {**HUMAN, "tariff": {"per_minute": "0.6", "currency": "EUR", "late": [1, 2]}}
    async with (
        listening() as listener,
        running_carrier(tmp_path / "log", *FAST, behaviour=behaviour) as carrier,
    ):
        reference = uuid4()
        await carrier.originate(reference=reference, events_url=listener.url)
        await until(lambda: len(listener.events) == 4)
        (line,) = carrier.lines("ended")

    ended, settled = listener.events[2:]
    assert (ended["kind"], settled["kind"]) == ("ended", "settled")
    assert ended["facts"] | settled["facts"] == line["facts"]
    assert set(settled["facts"]) == {"price"}
    assert (ended["facts"]["answered_by"], ended["facts"]["sip_code"]) == ("human", 200)
    price = line["facts"]["price"]
    assert price["currency"] == "EUR"
    assert float(price["amount"]) == pytest.approx(ended["facts"]["talk_seconds"] / 100, abs=1e-4)


async def test_a_lost_end_is_known_by_look_up_only(tmp_path: Path) -> None:
    behaviour = {**HUMAN, "faults": {"lost_events": 1}}
    async with (
        listening() as listener,
        running_carrier(tmp_path / "log", *FAST, behaviour=behaviour) as carrier,
    ):
        reference = uuid4()
        await carrier.originate(reference=reference, events_url=listener.url)

        async def ended() -> bool:
            report = await carrier.lookup(reference)
            return report is not None and report["state"] == "ended"

        await until(ended)
        await until(lambda: len(listener.events) == 2)

    assert listener.kinds(reference) == ["ringing", "answered"]


async def test_a_lost_reply_is_a_placed_call(tmp_path: Path) -> None:
    behaviour = {**BUSY, "faults": {"lose_reply": 1}}
    async with running_carrier(tmp_path / "log", behaviour=behaviour) as carrier:
        reference = uuid4()
        with pytest.raises(aiohttp.ClientError):
            await carrier.originate(reference=reference)

        assert await carrier.lookup(reference) is not None
        assert [line["verdict"] for line in carrier.lines("originate")] == ["accepted"]


async def test_a_refused_call_is_surely_not_placed(tmp_path: Path) -> None:
    behaviour = {**BUSY, "faults": {"refuse": 1}}
    async with running_carrier(tmp_path / "log", behaviour=behaviour) as carrier:
        reference = uuid4()
        status, body = await carrier.originate(reference=reference)

        assert (status, body) == (503, {"code": "unavailable"})
        assert await carrier.lookup(reference) is None
        assert (await carrier.stats())["live"] == 0


async def test_a_slow_reply_is_logged_at_once(tmp_path: Path) -> None:
    behaviour = {**HUMAN, "faults": {"slow_reply": 1}, "seconds": {"slow_reply": [600, 600]}}
    async with running_carrier(tmp_path / "log", behaviour=behaviour) as carrier:
        waiting = asyncio.create_task(carrier.originate())
        await until(lambda: len(carrier.lines("originate")) == 1)

        assert not waiting.done()
        waiting.cancel()


async def test_a_stop_under_load_is_clean_and_loses_nothing(tmp_path: Path) -> None:
    async with (
        listening() as listener,
        running_carrier(tmp_path / "log", *FAST) as carrier,
    ):
        waiting = [carrier.originate(events_url=listener.url) for _ in range(200)]
        load = asyncio.gather(*waiting, return_exceptions=True)
        await until(lambda: len(carrier.lines("originate")) > 50)
        code = await carrier.stop()
        answers = await load

    assert code == 0
    assert carrier.process.said().count("\n") == 1
    answered = [answer for answer in answers if isinstance(answer, tuple)]
    placed = {body["call_id"] for status, body in answered if status == 201}
    assert placed <= {line["call_id"] for line in carrier.lines("originate")}
    assert len(carrier.lines("ended")) == len(carrier.lines("originate"))


async def test_sigterm_ends_the_calls_that_are_up_and_leaves_with_zero(tmp_path: Path) -> None:
    async with running_carrier(tmp_path / "log") as carrier:
        await carrier.originate()
        code = await carrier.stop()

    assert code == 0
    assert [line["outcome"] for line in carrier.lines("ended")] == ["network_error"]
