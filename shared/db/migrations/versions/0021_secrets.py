"""The cursors of lists are sealed with a key that all processes of the api have."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    for statement in statements("0021_secrets"):
        op.execute(statement)
