"""The settings of an operator, read from `OUTDIAL_*` in the environment only."""

import logging
import os
import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import (
    DirectoryPath,
    Field,
    PostgresDsn,
    RedisDsn,
    SecretStr,
    UrlConstraints,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "OUTDIAL_"
EXAMPLES = {
    "postgres_url": "postgresql://user:password@127.0.0.1:5432/outdial",
    "redis_url": "redis://127.0.0.1:6379/0",
    "kafka_url": "127.0.0.1:9092",
    "trusted_proxies": "10.0.0.0/8,192.0.2.17",
    "events_url": "https://dialers.example.com",
}
BROKER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+)(:\d{1,5})?")

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Read once, in `main` of a process, which hands on the single values."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    postgres_url: PostgresDsn
    redis_url: Annotated[RedisDsn, UrlConstraints(host_required=True)]
    kafka_url: str = Field(min_length=1, description="host:port, several separated by commas")

    host: str = "127.0.0.1"
    port: Port | None = Field(default=None, description="the service's own default when unset")
    log_level: str = "INFO"
    trusted_proxies: str | None = Field(
        default=None,
        description="reverse proxies whose X-Forwarded-For names the client: addresses and CIDR",
    )

    max_concurrent: int = Field(default=10_000, gt=0, description="calls at once, everything")
    calls_per_second: int = Field(default=5_000, gt=0, description="in any second, everything")

    max_running_campaigns: int = Field(default=200, gt=0, description="of each tenant")
    max_calling_groups: int = Field(default=5_000, gt=0, description="of each campaign")
    max_contacts: int = Field(default=20_000_000, gt=0, description="of each campaign")
    max_imports: int = Field(default=20, gt=0, description="operations of a tenant at once")
    requests_per_minute: int = Field(
        default=30_000, gt=0, description="that each API key may send, if it has no rate of its own"
    )
    requests_at_once: int = Field(
        default=200, gt=0, description="that each tenant may have under way in a process of the api"
    )

    events_url: str | None = Field(
        default=None,
        description="where carriers reach the dialers; http://HOST:PORT when unset",
    )
    events_secret: SecretStr | None = Field(
        default=None,
        description="key of the words in carriers' addresses, the same for all dialers",
    )
    claim_lease_seconds: float = Field(
        default=15, gt=0, description="after which a claimed attempt is published again"
    )
    reconcile_seconds: float = Field(
        default=10, gt=0, description="after which the provider is asked about a silent call"
    )
    max_call_seconds: float = Field(
        default=7200, gt=0, description="after which a call without an ending is given up"
    )
    webhooks_allow_private: bool = Field(
        default=False, description="let webhooks reach loopback and private addresses (development)"
    )
    keep_events_days: int = Field(
        default=7, ge=4, description="public events; a webhook may be tried for three days"
    )
    keep_deliveries_days: int = Field(default=30, ge=4, description="webhook deliveries that ended")
    keep_attempts_days: int = Field(
        default=1830, ge=8, description="attempts that ended; Kafka may bring a report for a week"
    )
    keep_calls_days: int = Field(
        default=1830, ge=31, description="records of calls; they are dropped by whole months"
    )
    keep_person_calls_days: int = Field(
        default=400, ge=370, description="calls per person; a frequency cap looks back 366 days"
    )
    keep_inbox_days: int = Field(
        default=8, ge=8, description="which opt-outs were folded; Kafka keeps them for a week"
    )
    keep_audit_days: int = Field(
        default=1830, ge=1, description="the audit log of changes over the API"
    )
    keep_operations_days: int = Field(
        default=30, ge=1, description="operations that ended, with the rows that they did not take"
    )
    upload_directory: DirectoryPath | None = Field(
        default=None, description="for files of contacts until they are read; not in memory"
    )
    upload_max_bytes: int = Field(default=1 << 30, gt=0, description="the largest such file")
    rulepacks: Path | None = Field(
        default=None, description="a directory of rule packs beside those that come with Outdial"
    )

    @field_validator("kafka_url")
    @classmethod
    def _names_brokers(cls, brokers: str) -> str:
        if not all(map(BROKER.fullmatch, brokers.split(","))):
            raise ValueError("must be host:port, several separated by commas without spaces")
        return brokers

    @field_validator("log_level")
    @classmethod
    def _is_a_level(cls, level: str) -> str:
        levels = logging.getLevelNamesMapping()
        if level.upper() not in levels:
            raise ValueError(f"must be one of {', '.join(levels)}")
        return level.upper()

    @field_validator("trusted_proxies")
    @classmethod
    def _names_networks(cls, proxies: str | None) -> str | None:
        try:
            networks = [ip_network(text.strip()) for text in (proxies or "").split(",") if text]
        except ValueError:
            raise ValueError("must be addresses or networks, separated by commas") from None
        return ",".join(map(str, networks)) or None

    @field_validator("events_url")
    @classmethod
    def _is_an_address(cls, address: str | None) -> str | None:
        if address and not address.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return address

    @field_validator("events_secret")
    @classmethod
    def _fits_into_an_address(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and not re.fullmatch(r"[0-9A-Za-z_-]{16,}", secret.get_secret_value()):
            raise ValueError("must be 16 or more letters, digits, - and _")
        return secret

    @property
    def dsn(self) -> str:
        """The PostgreSQL address in the form of asyncpg."""
        return str(self.postgres_url)


def read_settings() -> Settings:
    """Ends the program with one line for each setting that is missing or wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise SystemExit("\n".join(_faults(error))) from None


def setting(name: str) -> str:
    """One required setting, for a program that needs no other; ends the program without it."""
    text = os.environ.get(variable(name))
    if not text:
        raise SystemExit(_missing(name))
    return text


def variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        name = str(fault["loc"][0]).lower().removeprefix(PREFIX.lower())
        if fault["type"] == "missing":
            yield _missing(name)
            continue
        example = f", for example {EXAMPLES[name]}" if name in EXAMPLES else ""
        yield f"{variable(name)} is wrong: {fault['msg'].removeprefix('Value error, ')}{example}"


def _missing(name: str) -> str:
    return f"{variable(name)} is not set, for example {variable(name)}={EXAMPLES[name]}"
