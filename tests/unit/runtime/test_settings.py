"""A setting that is missing or wrong is one line that names it, with an example and no secret."""

import pytest

from shared.runtime.settings import Settings, read_settings, setting

SERVERS = {
    "OUTDIAL_POSTGRES_URL": "postgresql://dialer:hidden@db.example.com/outdial",
    "OUTDIAL_REDIS_URL": "redis://cache.example.com:6379/0",
    "OUTDIAL_KAFKA_URL": "a.example.com:9092,[2001:db8::1]:9092,b.example.com",
}


@pytest.fixture(autouse=True)
def _only_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"OUTDIAL_{name.upper()}", raising=False)
    for variable, address in SERVERS.items():
        monkeypatch.setenv(variable, address)


def refusal() -> str:
    with pytest.raises(SystemExit) as ended:
        read_settings()
    return str(ended.value)


def test_the_servers_are_enough() -> None:
    assert read_settings().kafka_url == SERVERS["OUTDIAL_KAFKA_URL"]


def test_each_missing_setting_is_a_line_with_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in SERVERS:
        monkeypatch.delenv(variable)

    assert refusal().splitlines() == [
        "OUTDIAL_POSTGRES_URL is not set, for example "
        "OUTDIAL_POSTGRES_URL=postgresql://user:password@127.0.0.1:5432/outdial",
        "OUTDIAL_REDIS_URL is not set, for example OUTDIAL_REDIS_URL=redis://127.0.0.1:6379/0",
        "OUTDIAL_KAFKA_URL is not set, for example OUTDIAL_KAFKA_URL=127.0.0.1:9092",
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("POSTGRES_URL", "db hidden", "for example postgresql://"),
        ("POSTGRES_URL", "mysql://dialer:hidden@db/outdial", "'postgresql'"),
        ("REDIS_URL", "redis://:hidden@/0", "for example redis://"),
        ("KAFKA_URL", "kafka://hidden:9092", "must be host:port"),
        ("KAFKA_URL", "a:9092, hidden:9092", "without spaces"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("LOG_LEVEL", "loud", "must be one of"),
        ("MAX_CONCURRENT", "many", "valid integer"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,hidden", "must be addresses or networks"),
        ("EVENTS_URL", "hidden:8002", "must begin with http:// or https://"),
        ("EVENTS_SECRET", "hidden", "16 or more letters"),
        ("UPLOAD_DIRECTORY", "/nowhere/hidden", "does not point to a directory"),
    ],
)
def test_a_wrong_setting_is_a_line_that_does_not_repeat_it(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, said: str
) -> None:
    monkeypatch.setenv(f"OUTDIAL_{name}", text)

    line = refusal()

    assert line.startswith(f"OUTDIAL_{name} is wrong: ")
    assert said in line
    assert "hidden" not in line
    assert "\n" not in line


def test_a_log_level_may_be_written_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTDIAL_LOG_LEVEL", "debug")

    assert read_settings().log_level == "DEBUG"


def test_a_program_with_one_setting_says_that_it_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OUTDIAL_KAFKA_URL", "")

    with pytest.raises(SystemExit, match=r"OUTDIAL_KAFKA_URL is not set, for example .*:9092"):
        setting("kafka_url")
    assert setting("redis_url") == SERVERS["OUTDIAL_REDIS_URL"]
