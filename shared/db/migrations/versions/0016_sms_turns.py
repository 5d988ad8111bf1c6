"""Text messages are taken in turn from campaigns, and senders know whether they have sent."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    for statement in statements("0016_sms_turns"):
        op.execute(statement)
