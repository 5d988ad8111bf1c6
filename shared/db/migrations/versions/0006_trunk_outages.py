"""A trunk whose provider takes no calls has a row, so that its campaigns wait without attempts."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in statements("0006_trunk_outages"):
        op.execute(statement)
