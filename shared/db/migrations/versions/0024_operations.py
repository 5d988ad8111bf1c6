"""Imports of contacts as operations, which any api runs and another one resumes."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    for statement in statements("0024_operations"):
        op.execute(statement)
