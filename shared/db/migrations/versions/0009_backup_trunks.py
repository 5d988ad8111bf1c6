"""A campaign may name further trunks, and an attempt keeps the one of them that it goes by."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for statement in statements("0009_backup_trunks"):
        op.execute(statement)
