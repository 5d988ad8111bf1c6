"""Indexes of attempts that a live attempt costs nothing."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    for statement in statements("0031_attempts_indexes"):
        op.execute(statement)
