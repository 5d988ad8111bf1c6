"""Upgrades the database to the newest schema: `python -m shared.db.migrate [--sql]`."""

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


def config(dsn: str) -> Config:
    if not dsn.startswith(("postgresql://", "postgres://")):
        raise SystemExit("OUTDIAL_POSTGRES_URL must begin with postgresql://")
    alembic = Config()
    alembic.set_main_option("script_location", str(MIGRATIONS))
    alembic.attributes["dsn"] = dsn
    return alembic


def migrate(dsn: str, *, sql: bool = False) -> None:
    """Run the missing migrations, or print them for a database administrator."""
    command.upgrade(config(dsn), "head", sql=sql)


if __name__ == "__main__":
    dsn = os.environ.get("OUTDIAL_POSTGRES_URL")
    if not dsn:
        raise SystemExit(
            "OUTDIAL_POSTGRES_URL is not set: postgresql://user:password@host/database"
        )
    migrate(dsn, sql="--sql" in sys.argv[1:])
