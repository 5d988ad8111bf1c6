"""Contacts with several numbers, which are tried in order."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    for statement in statements("0036_contact_numbers"):
        op.execute(statement)
