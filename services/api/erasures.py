"""The request to erase a person: it stops calls at once, and an operation erases the rest."""

from collections.abc import Sequence
from datetime import datetime

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused
from services.api.suppressions import e164_of, suppress_for_good
from shared.db.api import erasures, operations
from shared.db.api.operations import Operation
from shared.db.types import Connection

REASON = "erasure"
# A person has few numbers; an external id of more contacts is none of a person.
MOST_NUMBERS = 100


async def begin(
    resources: Resources,
    caller: Caller,
    *,
    number: str | None,
    external_id: str | None,
    keep_suppression: bool,
    now: datetime,
) -> Operation:
    """Suppress the person's numbers from now on, and queue the erasure."""
    if number is None and external_id is None:
        raise Refused("missing", "give a number or an external_id", field=("number",))
    if number is not None and external_id is not None:
        detail = "give a number or an external_id, not both; they may be of two persons"
        raise Refused("not_both", detail, field=("external_id",))
    numbers = [] if number is None else [e164_of(number, None)]
    async with resources.pool.transaction(caller.tenant_id) as conn:
        # All numbers: a contact with the external id may be deleted before the operation runs.
        request = {
            "numbers": await stop(conn, caller.tenant_id, numbers, external_id, now=now),
            "external_id": external_id,
            "keep_suppression": keep_suppression,
        }
        begun = await operations.create(
            conn,
            tenant_id=caller.tenant_id,
            kind="erasure",
            campaign_id=None,
            api_key_id=caller.api_key_id,
            request=request,
            size=0,
        )
    by = "number" if external_id is None else "external_id"
    resources.record(after={"by": by, "keep_suppression": keep_suppression})
    return begun


async def stop(
    conn: Connection,
    tenant_id: int,
    numbers: Sequence[str],
    external_id: str | None,
    *,
    now: datetime,
) -> list[str]:
    """Let no further call begin to the person; returns all numbers of the person."""
    known = set(numbers)
    if external_id is not None:
        known |= set(
            await erasures.numbers_of(
                conn, tenant_id=tenant_id, external_id=external_id, limit=MOST_NUMBERS + 1
            )
        )
    known |= set(
        await erasures.further_numbers(
            conn, tenant_id=tenant_id, numbers=sorted(known), limit=MOST_NUMBERS + 1
        )
    )
    if len(known) > MOST_NUMBERS:
        detail = f"more than {MOST_NUMBERS} numbers have this external_id; erase each by its number"
        raise Refused("too_many_numbers", detail, field=("external_id",))
    ordered = sorted(known)
    await suppress_for_good(conn, tenant_id, ordered, reason=REASON, now=now)
    return ordered
