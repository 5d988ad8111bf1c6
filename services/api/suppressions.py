"""A number that must not be called any more: noted, and its waiting contacts finished at once."""

from collections import Counter
from dataclasses import dataclass

from services.api.auth import Caller
from services.api.problems import invalid, not_found
from services.api.resources import Resources
from shared.db import contacts, counters, suppressions
from shared.db.suppressions import Suppression
from shared.domain.numbers import InvalidNumber, parse_number
from shared.domain.outcomes import Outcome

EXCLUDED = counters.FINISHED + Outcome.EXCLUDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    suppression: Suppression
    is_new: bool


async def suppress(resources: Resources, caller: Caller, number: str, *, reason: str) -> Suppressed:
    """Attempts under way are stopped by the dialer, which looks here before each originate.

    So is a contact that another transaction is importing meanwhile.
    """
    parsed = parse_number(number, default_region=None)
    if isinstance(parsed, InvalidNumber):
        raise invalid("/number", parsed.reason, "not a number with + and country code")
    async with resources.pool.acquire() as conn, conn.transaction():
        made = await suppressions.insert(
            conn, tenant_id=caller.tenant_id, number=parsed.e164, reason=reason
        )
        found = made or await suppressions.get(conn, tenant_id=caller.tenant_id, number=parsed.e164)
        if found is None:
            raise not_found()
        stopped = await contacts.exclude(conn, tenant_id=caller.tenant_id, number=parsed.e164)
        counts = Counter(stopped)
        await counters.add(conn, [(campaign, EXCLUDED, n) for campaign, n in counts.items()])
    return Suppressed(suppression=found, is_new=made is not None)


async def lift(resources: Resources, caller: Caller, number: str) -> None:
    """Contacts that it finished stay finished."""
    parsed = parse_number(number, default_region=None)
    if isinstance(parsed, InvalidNumber):
        raise not_found()
    async with resources.pool.acquire() as conn:
        if not await suppressions.delete(conn, tenant_id=caller.tenant_id, number=parsed.e164):
            raise not_found()
