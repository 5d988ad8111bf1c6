"""Which API and which key a command uses, and where `outdial login` keeps a key."""

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner
from typing_extensions import override

from outdial import access
from outdial.__main__ import app
from outdial.errors import OutdialError
from outdial.stack.state import State

LOCAL = "http://127.0.0.1:8123"
FAR = "https://dialer.example"


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OUTDIAL_API_KEY", "OUTDIAL_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """The directory of a stack that seems to run: its supervisor is this process."""
    directory = tmp_path / "stack"
    directory.mkdir()
    state = State.new(directory, detached=False)
    state.addresses["api"] = LOCAL
    state.save()
    return directory


def stored(directory: Path, url: str, key: str) -> Path:
    file = access.login_file(directory, url)
    assert file is not None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(key)
    return file


class OneTenant(BaseHTTPRequestHandler):
    """An API that takes every key."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(
            b'{"id": 3, "name": "acme", "api_key_id": 5, "api_key_name": "CRM", "scopes": ["read"],'
            b' "expires_at": null}'
        )

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""


@pytest.fixture
def api() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OneTenant) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


async def test_a_given_key_is_used_before_a_stored_one(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stored(stack, LOCAL, "od_5_stored\n")

    from_login = await access.find(stack, None, None)
    from_option = await access.find(stack, None, "od_6_given")
    monkeypatch.setenv("OUTDIAL_API_KEY", "od_6_given")
    from_environment = await access.find(stack, None, "od_6_given")

    assert (from_login.url, from_login.key) == (LOCAL, "od_5_stored")
    assert from_login.whose == f"tenant 5, by the key from {file}"
    assert from_option.whose == "tenant 6, by the key from --key"
    assert from_environment.whose == "tenant 6, by the key from OUTDIAL_API_KEY"


async def test_the_key_of_a_stack_is_kept_beside_it_and_others_by_address(
    stack: Path, configuration: Path
) -> None:
    stored(stack, FAR, "od_7_far")

    found = await access.find(stack, f"{FAR}/", None)

    assert (found.url, found.key) == (FAR, "od_7_far")
    assert access.login_file(stack, LOCAL) == stack / "login"
    far = access.login_file(stack, FAR)
    assert far is not None
    assert far.is_relative_to(configuration)


async def test_a_stored_login_never_chooses_the_address(tmp_path: Path) -> None:
    stored(tmp_path, FAR, "od_7_far")

    with pytest.raises(OutdialError, match="no stack runs"):
        await access.find(tmp_path, None, None)


async def test_the_key_of_the_stack_is_not_sent_to_another_address(stack: Path) -> None:
    (stack / "api-key").write_text("od_1_own")

    with pytest.raises(OutdialError, match=f"no key for {FAR}: .*outdial login --api {FAR}"):
        await access.find(stack, FAR, None)


@pytest.mark.parametrize(
    "api",
    [
        *("nonsense", "localhost:8000", "ftp://a", "http://", "http://a:99999", "http://a/v1"),
        *("http://a:b@c", "http://a?b=1", "http://a..b", "http://[::1", "http://\\:1"),
    ],
)
def test_an_address_that_is_none_is_named(tmp_path: Path, api: str) -> None:
    with pytest.raises(OutdialError, match=r"not the address of an API, like http://127\.0\.0\.1"):
        access.address(tmp_path, api)


@pytest.mark.parametrize("key", ["", "secret", "od__a", "od_x_a", "Bearer od_1_a", "od_1_a\nb"])
def test_a_text_that_is_no_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(OutdialError, match=r"^this is not an API key: a key is like od_17_…"):
        access.tenant_of(key)


def test_a_login_without_an_api_stores_nothing(tmp_path: Path, configuration: Path) -> None:
    command = ["login", "--dir", str(tmp_path), "--api", "http://127.0.0.1:9"]

    result = CliRunner().invoke(app, command, input="od_3_piped\n")

    assert result.exit_code == 1
    assert "Connection refused" in str(result.exception)
    assert not configuration.exists()


def test_without_a_home_directory_no_key_is_stored_and_none_is_found(
    api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "")
    # A user without an entry in the password file.
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    monkeypatch.chdir(tmp_path)
    command = ["--dir", str(tmp_path), "--api", api]

    stored = CliRunner().invoke(app, ["login", *command], input="od_3_piped\n")
    found = CliRunner().invoke(app, ["whoami", *command])

    assert "no home directory" in str(stored.exception)
    assert "no key for" in str(found.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_cannot_be_read_is_named(stack: Path) -> None:
    (stack / "login").mkdir()

    result = CliRunner().invoke(app, ["whoami", "--dir", str(stack)])

    assert str(result.exception) == f"{stack / 'login'} cannot be read: Is a directory"


def test_a_login_and_a_logout_answer_in_json(api: str, tmp_path: Path) -> None:
    command = ["--dir", str(tmp_path), "--api", api, "--json"]

    stored = json.loads(CliRunner().invoke(app, ["login", *command], input="od_3_k\n").stdout)
    deleted = json.loads(CliRunner().invoke(app, ["logout", *command]).stdout)

    assert (stored["api"], stored["tenant_id"]) == (api, 3)
    assert deleted["deleted"] == stored["stored_in"]


def test_who_asks_is_said_with_the_name_of_the_tenant_and_the_key(api: str, tmp_path: Path) -> None:
    command = ["whoami", "--dir", str(tmp_path), "--api", api, "--key", "od_3_k"]

    said = CliRunner().invoke(app, command).stdout
    parts = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)

    assert said == (
        f"tenant 3 (acme), by its key 5 (CRM) from --key, at {api}\nscopes: read; expires: never\n"
    )
    assert (parts["tenant_id"], parts["tenant"], parts["key_id"]) == (3, "acme", 5)
    assert (parts["scopes"], parts["expires_at"]) == (["read"], None)


def test_a_logout_without_a_login_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["logout", "--dir", str(tmp_path), "--api", FAR])

    assert result.exit_code == 1
    assert str(result.exception) == f"no key is stored for {FAR}"


def test_a_logout_deletes_the_key_of_its_address_only(tmp_path: Path) -> None:
    file, other = stored(tmp_path, FAR, "od_7_far"), stored(tmp_path, LOCAL, "od_8_near")

    result = CliRunner().invoke(app, ["logout", "--dir", str(tmp_path), "--api", FAR])

    assert result.exit_code == 0
    assert (file.exists(), other.exists()) == (False, True)
