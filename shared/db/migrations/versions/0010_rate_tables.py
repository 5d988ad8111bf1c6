"""The rates of trunks."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for statement in statements("0010_rate_tables"):
        op.execute(statement)
