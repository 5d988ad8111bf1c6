"""Spend ceilings."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for statement in statements("0011_spend_ceilings"):
        op.execute(statement)
