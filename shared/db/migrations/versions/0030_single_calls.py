"""Campaigns that take single calls, each of which is a contact of its own."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    for statement in statements("0030_single_calls"):
        op.execute(statement)
