"""The dialed number of a call, also if its contact has it no more."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    for statement in statements("0037_dialed_numbers"):
        op.execute(statement)
