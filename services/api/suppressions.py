"""Numbers that must not be called any more: noted and lifted, with what waits for that."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from services.api.files import REASONS
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.instants import expiry_fault
from services.api.refusals import Refused, not_found
from shared.db import counters, waiting_counts
from shared.db.api import campaigns, exclusions, suppressions
from shared.db.api.exclusions import SettledContact
from shared.db.api.suppressions import ALL_CAMPAIGNS, PutSuppression
from shared.db.types import Connection
from shared.domain.outcomes import Outcome
from shared.domain.places.numbers import InvalidNumber, parse_number

EXCLUDED = counters.FINISHED + Outcome.EXCLUDED


async def suppress(
    resources: Resources,
    caller: Caller,
    number: str,
    *,
    campaign_id: int | None,
    reason: str,
    expires_at: datetime | None,
    now: datetime,
) -> PutSuppression:
    """Attempts under way are stopped by the dialer, which looks here before each originate.

    So is a contact that another transaction is importing meanwhile.
    """
    parsed = parse_number(number, default_region=None)
    if isinstance(parsed, InvalidNumber):
        detail = "not a number with + and country code"
        raise Refused(parsed.reason, detail, field=("number",))
    fault = expires_at and expiry_fault(expires_at, now)
    if fault:
        raise Refused(fault, REASONS[fault], field=("expires_at",))
    async with resources.pool.acquire() as conn, conn.transaction():
        put = await suppressions.put(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=await named_list(conn, caller, campaign_id),
            number=parsed.e164,
            reason=reason,
            expires_at=expires_at,
        )
        await _settle(conn, caller, campaign_id, parsed.e164, now=now)
    return put


async def lift(
    resources: Resources, caller: Caller, number: str, *, campaign_id: int | None, now: datetime
) -> None:
    """Contacts that it finished stay finished; those that waited for its end wait no more."""
    parsed = parse_number(number, default_region=None)
    if isinstance(parsed, InvalidNumber):
        raise not_found()
    async with resources.pool.acquire() as conn, conn.transaction():
        if not await suppressions.delete(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id or ALL_CAMPAIGNS,
            number=parsed.e164,
        ):
            raise not_found()
        await _settle(conn, caller, campaign_id, parsed.e164, now=now)


async def named_list(conn: Connection, caller: Caller, campaign_id: int | None) -> int:
    """The suppression list of a campaign, or without one the list of all campaigns."""
    if campaign_id is None:
        return ALL_CAMPAIGNS
    if await campaigns.get(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id) is None:
        raise Refused("unknown_campaign", "there is no such campaign", field=("campaign_id",))
    return campaign_id


async def count(conn: Connection, settled: Sequence[SettledContact]) -> None:
    """Last in a transaction: these counters are everybody's, and are locked until the commit."""
    excluded = Counter(each.waited.campaign_id for each in settled if each.waits is None)
    await counters.add(conn, [(campaign, EXCLUDED, n) for campaign, n in excluded.items()])
    left = [(each.waited, -1) for each in settled]
    came = [(each.waits, 1) for each in settled if each.waits is not None]
    await waiting_counts.add(conn, left + came)


async def _settle(
    conn: Connection, caller: Caller, campaign_id: int | None, number: str, *, now: datetime
) -> None:
    settled = await exclusions.settle(
        conn,
        tenant_id=caller.tenant_id,
        campaign_id=campaign_id or ALL_CAMPAIGNS,
        numbers=[number],
        now=now,
    )
    await count(conn, settled)
