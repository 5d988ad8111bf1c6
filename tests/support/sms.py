"""Call flows and senders in the database, and a provider of text messages that a test scripts."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from typing_extensions import override

from services.dialer.providers.protocol import Answer, Posted
from services.dialer.providers.sms import (
    ReceivedSms,
    SmsOptOut,
    SmsProvider,
    SmsReport,
    SmsRequest,
)
from shared.db.types import Pool
from shared.domain.calls import Price
from shared.domain.sms import SmsReference, SmsState
from tests.support.campaigns import a_trunk
from tests.support.pipeline import ScriptedProvider

SENDER = "+12025550100"


async def played(pool: Pool, flow: Mapping[str, Any]) -> None:
    """Let the campaigns play this flow of their tenant."""
    await pool.execute(
        """
        WITH flow AS (
            INSERT INTO call_flows (tenant_id, name)
            SELECT tenant_id, 'survey' FROM campaigns RETURNING tenant_id, id
        ), made AS (
            INSERT INTO call_flow_versions (tenant_id, call_flow_id, version, definition)
            SELECT tenant_id, id, 1, $1::json FROM flow
        )
        UPDATE campaigns SET call_flow_id = flow.id
        FROM flow WHERE campaigns.tenant_id = flow.tenant_id
        """,
        json.dumps(flow),
    )


async def a_sender(pool: Pool, tenant_id: int, *, state: str = "active") -> None:
    await pool.execute(
        "INSERT INTO sms_senders (tenant_id, trunk_id, sender, state) VALUES ($1, $2, $3, $4)",
        tenant_id,
        await a_trunk(pool),
        SENDER,
        state,
    )


async def a_message(pool: Pool, **columns: object) -> SmsReference:
    """A queued message to a contact that was called and has none yet; these columns differ."""
    row = await pool.fetchrow(
        """
        INSERT INTO sms_messages (
            tenant_id, attempt_id, id, campaign_id, contact_id, sender, text, state, queued_at,
            expires_at, next_try_at
        )
        SELECT tenant_id, uuidv7(), uuidv7(), campaign_id, id, $1, 'Please call us.', 'queued',
            now(), now() + interval '1 day', now()
        FROM contacts WHERE id NOT IN (SELECT contact_id FROM sms_messages)
        ORDER BY id LIMIT 1
        RETURNING tenant_id, id AS message_id
        """,
        SENDER,
    )
    assert row is not None
    reference = SmsReference(**row)
    for name, value in columns.items():
        await pool.execute(
            f"UPDATE sms_messages SET {name} = $3 WHERE tenant_id = $1 AND id = $2",
            *reference,
            value,
        )
    return reference


async def take(request: SmsRequest) -> str:
    return f"sms-{request.reference.message_id}"


@dataclass
class ScriptedSmsProvider(ScriptedProvider, SmsProvider):
    """Keeps each message and calls `answer_sms`; its posts are reports, one word each."""

    messages: list[SmsRequest] = field(default_factory=list)
    answer_sms: Callable[[SmsRequest], Awaitable[str]] = take

    @override
    async def send_sms(self, request: SmsRequest) -> str:
        self.messages.append(request)
        return await self.answer_sms(request)

    @override
    def receive_sms(self, posted: Posted) -> ReceivedSms:
        reference, _, state = posted.body.decode().partition(" ")
        if reference == "stop":
            sender, _, number = state.partition(" ")
            opt_out = SmsOptOut(sender=sender, number=number)
            return ReceivedSms(answer=Answer(), opt_out=opt_out)
        report = SmsReport(
            reference=SmsReference.parse(reference),
            provider_message_id="sms-1",
            state=SmsState(state),
            at=datetime.now(UTC),
            reason=None if state == "delivered" else "carrier says no",
            price=Price(amount=Decimal("0.0075"), currency="USD") if state == "delivered" else None,
        )
        return ReceivedSms(answer=Answer(), report=report)
