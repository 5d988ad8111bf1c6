"""Contacts and campaigns keep the trace of the request that they are called by."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    for statement in statements("0026_traces"):
        op.execute(statement)
