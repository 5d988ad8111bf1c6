"""API keys have names, scopes, an end, networks and tokens; a partner owns client tenants."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    for statement in statements("0017_api_keys"):
        op.execute(statement)
