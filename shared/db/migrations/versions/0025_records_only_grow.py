"""The api may read and append its records of who changed what, and not change them."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    for statement in statements("0025_records_only_grow"):
        op.execute(statement)
