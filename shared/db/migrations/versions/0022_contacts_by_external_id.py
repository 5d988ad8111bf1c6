"""Contacts are found by the id that their owner gave them."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    for statement in statements("0022_contacts_by_external_id"):
        op.execute(statement)
