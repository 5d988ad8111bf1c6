"""Caller IDs of tenants, and the one that each campaign shows."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for statement in statements("0013_caller_ids"):
        op.execute(statement)
