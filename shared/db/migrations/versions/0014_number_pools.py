"""Pools of caller IDs, the calls of each number, and the number that each call showed."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for statement in statements("0014_number_pools"):
        op.execute(statement)
