"""Campaigns as clients of VoiceAIWrapper's API write them."""

from alembic import op

from shared.db.migrations.statements import statements

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    for statement in statements("0035_voice_campaigns"):
        op.execute(statement)
