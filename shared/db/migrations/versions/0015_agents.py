"""Agents of tenants at their providers, and the one that each campaign names."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for statement in statements("0015_agents"):
        op.execute(statement)
