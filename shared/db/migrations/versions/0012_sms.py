"""Text messages, and who sends them."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for statement in statements("0012_sms"):
        op.execute(statement)
