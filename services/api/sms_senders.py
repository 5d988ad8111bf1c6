"""Use cases of SMS senders: who may send a tenant's text messages."""

from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.kinds import Kind
from services.api.refusals import Refused
from services.api.versions import ANYTHING, Seen
from shared.db.api import campaigns, sms_senders
from shared.db.api.sms_senders import SmsSender
from shared.domain.sms import SenderState

SENDERS = Kind(
    name="SMS sender",
    get=sms_senders.get,
    lock=sms_senders.lock,
    users=sms_senders.users,
    in_use=(
        "sender_in_use",
        "campaigns that have not ended name it: {}; make it inactive, or end them",
    ),
)


async def add(resources: Resources, caller: Caller, *, sender: str, trunk: str) -> SmsSender:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        known = await campaigns.find_trunks(conn, tenant_id=caller.tenant_id, names=[trunk])
        if trunk not in known:
            raise Refused("unknown_trunk", "there is no trunk of this name", field=("trunk",))
        added = await sms_senders.insert(
            conn, tenant_id=caller.tenant_id, sender=sender, trunk_id=known[trunk]
        )
    if added is None:
        raise Refused("sender_taken", "the tenant has this sender already", field=("sender",))
    resources.record(after=added)
    return added


async def change(
    resources: Resources,
    caller: Caller,
    sender_id: int,
    *,
    state: SenderState,
    seen: Seen = ANYTHING,
) -> SmsSender:
    """An inactive sender sends no message from the commit on."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        before = await SENDERS.locked(conn, caller, sender_id, seen)
        await sms_senders.move(conn, tenant_id=caller.tenant_id, sender_id=sender_id, state=state)
        after = await SENDERS.owned(conn, caller, sender_id)
    resources.record(before=before, after=after)
    return after


async def delete(
    resources: Resources, caller: Caller, sender_id: int, *, seen: Seen = ANYTHING
) -> None:
    """One that has sent stays: whom a STOP suppresses is known by its sender, whenever it comes."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        deleted = await SENDERS.unused(conn, caller, sender_id, seen)
        if not await sms_senders.delete(conn, caller.tenant_id, sender_id):
            detail = "it has sent messages, and people may still reply STOP; make it inactive"
            raise Refused("sender_has_sent", detail)
    resources.record(before=deleted)
