"""Contacts that wait are planned anew after an edit."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    for statement in statements("0023_replanning"):
        op.execute(statement)
