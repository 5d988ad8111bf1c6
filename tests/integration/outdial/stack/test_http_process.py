"""A process with an HTTP port: waits until ready, restarts in place, reports a failed start."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from outdial.stack.errors import ProcessStartError
from outdial.stack.http_process import HttpProcess
from outdial.stack.processes import Launch
from outdial.stack.services import carrier_process

SERVER = """
import http.server, os, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
print(os.environ.get("NOTE"), flush=True)
try:
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
except OSError as error:
    sys.exit(f"address already in use: {error}")
"""


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[HttpProcess]:
    process = carrier_process(tmp_path, (), tie=None, on_start=lambda _process: None)
    yield process
    await process.stop(kill=True)


def a_process(tmp_path: Path, command: str, ports: list[int]) -> HttpProcess:
    def launch(port: int) -> Launch:
        ports.append(port)
        return Launch(command=(sys.executable, "-c", command, str(port)), log=tmp_path / "log")

    return HttpProcess("page", launch, on_start=lambda _process: None)


async def test_a_killed_process_comes_back_at_its_address(carrier: HttpProcess) -> None:
    await carrier.start()
    url, first = carrier.url, carrier.child

    await carrier.restart(kill=True)

    assert carrier.is_running
    assert carrier.url == url
    assert carrier.child is not first


async def test_starting_twice_is_starting_once(carrier: HttpProcess) -> None:
    await carrier.start()
    first = carrier.child

    await carrier.start()

    assert carrier.child is first


async def test_a_process_that_dies_shows_its_last_lines(tmp_path: Path) -> None:
    process = a_process(tmp_path, "raise SystemExit('OUTDIAL_KAFKA_URL is not set')", [])

    with pytest.raises(ProcessStartError, match="OUTDIAL_KAFKA_URL is not set"):
        await process.start()


async def test_a_taken_port_is_given_up_for_another(tmp_path: Path) -> None:
    ports: list[int] = []
    taken_at_first = (
        f"import pathlib, sys\nfirst = pathlib.Path({str(tmp_path / 'first')!r})\n"
        "if not first.exists():\n"
        "    first.touch()\n"
        "    sys.exit('[Errno 98] address already in use')\n"
        f"exec({SERVER!r})"
    )
    process = a_process(tmp_path, taken_at_first, ports)

    await process.start()
    try:
        assert len(set(ports)) == 2
        assert process.url.endswith(f":{ports[1]}")
    finally:
        await process.stop()


async def test_more_environment_holds_from_the_next_start(tmp_path: Path) -> None:
    process = a_process(tmp_path, SERVER, [])
    await process.start()
    try:
        process.environment["NOTE"] = "die after the claim"
        assert process.child is not None
        assert "die after the claim" not in process.child.said()

        await process.restart()

        assert "die after the claim" in process.child.said()
    finally:
        await process.stop()
