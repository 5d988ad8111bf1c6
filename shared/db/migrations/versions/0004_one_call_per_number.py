"""An attempt holds its number from its claim to its end, so a number is in one live call."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for statement in statements("0004_one_call_per_number"):
        op.execute(statement)
