"""Answers that are kept by Idempotency-Key, and the audit log of changes over the API."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    for statement in statements("0019_api_changes"):
        op.execute(statement)
