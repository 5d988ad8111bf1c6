"""An index that finds the pending deliveries of a day of events."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in statements("0002_pending_by_day"):
        op.execute(statement)
