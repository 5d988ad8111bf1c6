"""Call flows of tenants, in versions, and the version that each campaign plays."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in statements("0007_call_flows"):
        op.execute(statement)
