"""Webhook endpoints that were deleted by their owner."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    for statement in statements("0034_deleted_webhooks"):
        op.execute(statement)
