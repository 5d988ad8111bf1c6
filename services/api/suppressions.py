"""Numbers that must not be called any more: noted and lifted, with what waits for that."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.http.upload import REASONS
from services.api.instants import expiry_fault
from services.api.problems import FaultyPlace, ProblemError, invalid, not_found
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
        raise invalid("/number", parsed.reason, "not a number with + and country code")
    fault = expires_at and expiry_fault(expires_at, now)
    if fault:
        raise invalid("/expires_at", fault, REASONS[fault])
    async with resources.pool.acquire() as conn, conn.transaction():
        if not await _is_ours(conn, caller, campaign_id):
            raise invalid("/campaign_id", "unknown_campaign", "there is no such campaign")
        put = await suppressions.put(
            conn,
            tenant_id=caller.tenant_id,
            campaign_id=campaign_id or ALL_CAMPAIGNS,
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
    """The list that a query names: of a campaign, or of all of them when it names none."""
    if not await _is_ours(conn, caller, campaign_id):
        place = FaultyPlace(
            field="campaign_id", reason="unknown_campaign", detail="there is no such campaign"
        )
        raise ProblemError(422, "invalid", "the request is not valid", errors=[place])
    return campaign_id or ALL_CAMPAIGNS


async def count(conn: Connection, settled: Sequence[SettledContact]) -> None:
    """Last in a transaction: these counters are everybody's, and are locked until the commit."""
    excluded = Counter(each.waited.campaign_id for each in settled if each.waits is None)
    await counters.add(conn, [(campaign, EXCLUDED, n) for campaign, n in excluded.items()])
    left = [(each.waited, -1) for each in settled]
    came = [(each.waits, 1) for each in settled if each.waits is not None]
    await waiting_counts.add(conn, left + came)


async def _is_ours(conn: Connection, caller: Caller, campaign_id: int | None) -> bool:
    if campaign_id is None:
        return True
    found = await campaigns.get(conn, tenant_id=caller.tenant_id, campaign_id=campaign_id)
    return found is not None


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
