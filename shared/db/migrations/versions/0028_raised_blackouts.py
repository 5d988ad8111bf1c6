"""A black-out knows whether the revisions of campaigns were raised for it."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    for statement in statements("0028_raised_blackouts"):
        op.execute(statement)
