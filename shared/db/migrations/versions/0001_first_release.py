"""The schema of the first release."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in statements("0001_first_release"):
        op.execute(statement)
