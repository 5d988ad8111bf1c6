"""Where people are, what the law and the policy forbid, and what each contact waits for."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in statements("0002_law_and_policy"):
        op.execute(statement)
