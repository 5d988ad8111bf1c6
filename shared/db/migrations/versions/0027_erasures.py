"""Erasures as operations, and the part of the audit log that they clear."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    for statement in statements("0027_erasures"):
        op.execute(statement)
