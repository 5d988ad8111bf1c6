"""Use cases of webhook endpoints: one is tried out, and deliveries that ended are sent again.

Those of all campaigns are added and deleted here; one campaign's own is part of its definition.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.api import campaigns
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, not_found
from shared.db import locks, public_events
from shared.db.api import webhook_endpoints
from shared.db.api.webhook_endpoints import Endpoint
from shared.db.types import Connection
from shared.definitions.campaign import WebhookDefinition
from shared.domain.deliveries import EventType
from shared.kafka.messages.public import WebhookTested, WebhookTestedData
from shared.runtime import traces

DISABLED = "its receiver answered 410 Gone, so nothing is posted to it any more"
# Each event is matched with all endpoints of its tenant.
MOST_ENDPOINTS = 100


async def add(
    resources: Resources,
    caller: Caller,
    *,
    rendering: str,
    event_types: Sequence[str],
    url: str,
    secret: str,
    disabled_at: datetime | None = None,
) -> Endpoint:
    """An endpoint for the events of all campaigns, in the words of `rendering`."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        known = await webhook_endpoints.rendered_as(
            conn, tenant_id=caller.tenant_id, rendering=rendering
        )
        if len(known) >= MOST_ENDPOINTS:
            detail = f"the tenant has {MOST_ENDPOINTS} webhooks; delete one of them first"
            raise Refused("too_many_webhooks", detail)
        webhook_id = await webhook_endpoints.insert(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=webhook_endpoints.ALL_CAMPAIGNS,
            event_types=event_types,
            url=url,
            secret=secret,
            rendering=rendering,
            disabled_at=disabled_at,
        )
        added = await _owned(conn, caller, webhook_id)
    resources.record(after=added, resource_id=str(webhook_id))
    return added


async def rendered_as(resources: Resources, caller: Caller, rendering: str) -> list[Endpoint]:
    """Those of all campaigns, newest first."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        return await webhook_endpoints.rendered_as(
            conn, tenant_id=caller.tenant_id, rendering=rendering
        )


async def delete(resources: Resources, caller: Caller, webhook_id: int, *, rendering: str) -> None:
    """Post nothing to it any more, also not what is pending."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        deleted = await _owned(conn, caller, webhook_id, rendering=rendering)
        await webhook_endpoints.disable(conn, tenant_id=caller.tenant_id, webhook_id=webhook_id)
        await webhook_endpoints.mark_deleted(
            conn, tenant_id=caller.tenant_id, webhook_id=webhook_id
        )
    resources.record(before=deleted, resource_id=str(webhook_id))


async def read(
    resources: Resources, caller: Caller, webhook_id: int, *, rendering: str | None = None
) -> Endpoint:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        return await _owned(conn, caller, webhook_id, rendering=rendering)


async def test(resources: Resources, caller: Caller, webhook_id: int, *, now: datetime) -> UUID:
    """Post an event of its own to the endpoint, signed and repeated as all are; returns its id."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        endpoint = await _owned(conn, caller, webhook_id)
        data = WebhookTestedData(
            tenant_id=caller.tenant_id, campaign_id=endpoint.campaign_id, webhook_id=webhook_id
        )
        event = WebhookTested.of(data, at=now).traced(traces.current())
        await public_events.add(conn, [event])
        # In the order of locks (shared/db/locks.py).
        await _lock_enabled(conn, caller, webhook_id)
        await webhook_endpoints.deliver_last(
            conn, tenant_id=caller.tenant_id, webhook_id=webhook_id, event_id=event.id
        )
    resources.record(after={"event_id": event.id}, resource_id=str(webhook_id))
    return event.id


async def send_again(
    resources: Resources,
    caller: Caller,
    webhook_id: int,
    *,
    event_ids: Sequence[UUID],
    exhausted_since: datetime | None,
) -> int:
    """Returns the number of deliveries that begin anew; one that is pending goes on as it was."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await _lock_enabled(conn, caller, webhook_id)
        count = await webhook_endpoints.send_again(
            conn,
            tenant_id=caller.tenant_id,
            webhook_id=webhook_id,
            event_ids=event_ids,
            exhausted_since=exhausted_since,
        )
    resources.record(after={"sent_again": count}, resource_id=str(webhook_id))
    return count


async def set_for_all(
    resources: Resources,
    caller: Caller,
    *,
    url: str,
    event_types: Sequence[EventType],
    rendering: str,
) -> None:
    """Post the events of all campaigns of the tenant there, in the bodies of a dialect.

    There is one such endpoint for each rendering; it keeps its id when it gets another address.
    """
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await locks.lock_calls(conn, caller.tenant_id)
        before = await _for_all(conn, caller, rendering)
        if before is None:
            await campaigns.add_webhook(
                conn,
                caller.campaign(webhook_endpoints.ALL_CAMPAIGNS),
                WebhookDefinition(url=url, event_types=tuple(event_types)),
                rendering=rendering,
            )
        else:
            await webhook_endpoints.enable(
                conn, tenant_id=caller.tenant_id, webhook_id=before.id, url=url
            )
    resources.record(before=before and {"url": before.url}, after={"url": url})


async def take_back(resources: Resources, caller: Caller, *, rendering: str) -> None:
    """Post nothing more to the endpoint for all campaigns with these bodies."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        endpoint = await _for_all(conn, caller, rendering)
        if endpoint is None or endpoint.disabled_at is not None:
            raise not_found("webhook")
        await webhook_endpoints.disable(conn, tenant_id=caller.tenant_id, webhook_id=endpoint.id)
    resources.record(before={"url": endpoint.url})


async def for_all(resources: Resources, caller: Caller, *, rendering: str) -> Endpoint | None:
    """The enabled endpoint for all campaigns of the tenant with these bodies."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        endpoint = await _for_all(conn, caller, rendering)
    return None if endpoint is None or endpoint.disabled_at else endpoint


async def _for_all(conn: Connection, caller: Caller, rendering: str) -> Endpoint | None:
    return await webhook_endpoints.of_rendering(
        conn, tenant_id=caller.tenant_id, rendering=rendering
    )


async def _lock_enabled(conn: Connection, caller: Caller, webhook_id: int) -> None:
    """Until the transaction ends, the endpoint is neither disabled nor deleted."""
    await webhook_endpoints.keep(conn, tenant_id=caller.tenant_id, webhook_id=webhook_id)
    endpoint = await _owned(conn, caller, webhook_id)
    if endpoint.disabled_at is not None:
        raise Refused("webhook_disabled", DISABLED)


async def _owned(
    conn: Connection, caller: Caller, webhook_id: int, *, rendering: str | None = None
) -> Endpoint:
    endpoint = await webhook_endpoints.get(
        conn, tenant_id=caller.tenant_id, webhook_id=webhook_id, rendering=rendering
    )
    if endpoint is None:
        raise not_found("webhook")
    return endpoint
