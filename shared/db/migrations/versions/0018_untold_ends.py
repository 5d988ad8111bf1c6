"""Ends of contacts without a call wait to be told; cancelled campaigns are cleared."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    for statement in statements("0018_untold_ends"):
        op.execute(statement)
