"""The settings of an operator, read from `OUTDIAL_*` in the environment only."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, PostgresDsn, RedisDsn, SecretStr, UrlConstraints, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Built once, in `main` of a process, which hands on the single values."""

    model_config = SettingsConfigDict(
        env_prefix="OUTDIAL_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    postgres_url: PostgresDsn
    redis_url: Annotated[RedisDsn, UrlConstraints(host_required=True)]
    kafka_url: str = Field(min_length=1, description="host:port, several separated by commas")

    host: str = "127.0.0.1"
    port: Port | None = Field(default=None, description="the service's own default when unset")
    log_level: str = "INFO"

    max_concurrent: int = Field(default=10_000, gt=0, description="calls at once, everything")
    calls_per_second: int = Field(default=5_000, gt=0, description="in any second, everything")

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
    keep_person_calls_days: int = Field(
        default=400, ge=370, description="calls per person; a frequency cap looks back 366 days"
    )
    keep_inbox_days: int = Field(
        default=8, ge=8, description="which reports were folded; Kafka keeps them for a week"
    )
    upload_directory: Path | None = Field(
        default=None, description="for files of contacts until they are read; not in memory"
    )
    upload_max_bytes: int = Field(default=1 << 30, gt=0, description="the largest such file")
    rulepacks: Path | None = Field(
        default=None, description="a directory of rule packs beside those that come with Outdial"
    )

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
