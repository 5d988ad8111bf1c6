"""One record per call, with what its carrier told."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for statement in statements("0008_call_records"):
        op.execute(statement)
