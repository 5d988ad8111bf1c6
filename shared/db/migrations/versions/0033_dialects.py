"""What clients of other vendors need: terms of the calls of a key, the time of a single call."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    for statement in statements("0033_dialects"):
        op.execute(statement)
