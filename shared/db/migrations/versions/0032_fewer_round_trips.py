"""What the api asks together, as functions."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    for statement in statements("0032_fewer_round_trips"):
        op.execute(statement)
