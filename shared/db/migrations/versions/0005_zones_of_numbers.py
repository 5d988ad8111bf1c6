"""Calling groups know the zones of the number beside those of the address."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for statement in statements("0005_zones_of_numbers"):
        op.execute(statement)
