"""Contacts without attempts do not store the counts of their day and window."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for statement in statements("0003_untouched_counters"):
        op.execute(statement)
