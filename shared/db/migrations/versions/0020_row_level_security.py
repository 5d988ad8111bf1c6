"""Each row of a tenant is behind a policy, and the api has a role of its own that obeys it."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    for statement in statements("0020_row_level_security"):
        op.execute(statement)
