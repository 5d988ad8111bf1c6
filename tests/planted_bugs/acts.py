"""Helpers of the planted bugs; each bug changes a correct history in one place."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from tests.support.histories import History

Plant = Callable[[History], Awaitable[None]]


async def attempt_of(history: History, outcome: str) -> UUID:
    attempt_id = await history.conn.fetchval("SELECT id FROM attempts WHERE outcome = $1", outcome)
    return UUID(str(attempt_id))


async def change_definition(history: History, path: list[str], value: object) -> None:
    await history.conn.execute(
        "UPDATE campaigns SET definition = jsonb_set(definition, $1, $2)", path, json.dumps(value)
    )


async def change_rules(history: History, rules: dict[str, object]) -> None:
    """Store the tenant's rule choices."""
    await history.conn.execute("UPDATE tenants SET rules = $1", json.dumps(rules))


async def call_in_turn(
    history: History, contacts: list[int], *, at: list[datetime], outcome: str = "busy"
) -> None:
    for index, instant in enumerate(at):
        await history.call(contacts[index % len(contacts)], at=instant, outcome=outcome)


async def give_other_campaigns_to_another_tenant(history: History) -> None:
    """Move all campaigns but the first to a second tenant, with their rows and log lines."""
    other = await history.conn.fetchval("INSERT INTO tenants (name) VALUES ('b') RETURNING id")
    for table, column in (
        ("campaigns", "id"),
        ("contacts", "campaign_id"),
        ("attempts", "campaign_id"),
    ):
        await history.conn.execute(
            f"UPDATE {table} SET tenant_id = $1 WHERE {column} <> $2", other, history.campaign_id
        )
    moved = await history.conn.fetch(
        "SELECT id FROM attempts WHERE campaign_id <> $1", history.campaign_id
    )
    attempts = {str(row["id"]) for row in moved}
    for line in history.lines:
        attempt = line["reference"].rpartition(".")[2]
        if attempt in attempts:
            line["reference"] = f"{other}.{attempt}"
