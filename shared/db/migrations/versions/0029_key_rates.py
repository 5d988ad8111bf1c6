"""An API key may have a rate of its own."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    for statement in statements("0029_key_rates"):
        op.execute(statement)
