"""Upgrades the database to the newest schema: `python -m shared.db.migrate [--sql]`."""

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

from shared.runtime.settings import setting

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
    migrate(setting("postgres_url"), sql="--sql" in sys.argv[1:])
