"""Use cases that change a contact, and that delete it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from services.api.contact_times import locked, refuse_finished, refuse_unless_pending
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.imports import fillable, group_ids, rows_of
from services.api.refusals import Refused, not_found, refuse_invalid_expiry
from services.api.suppressions import count_settled
from services.api.versions import ANYTHING, Seen, version_of
from shared.db import counters, locks, waiting_counts
from shared.db.api import contact_edits, contact_numbers, contact_times, contacts, exclusions
from shared.db.api.contact_times import TimedContact
from shared.db.api.contacts import Contact
from shared.db.types import Connection
from shared.definitions.merge import merged
from shared.domain.contacts import ContactState
from shared.intake.contact_rows import Fault
from shared.intake.csv_file import LONGEST_CELL
from shared.intake.json_contacts import in_json
from shared.intake.remedies import REMEDIES
from shared.runtime.logs import masked

# Parts by which a contact is read: its number and its calling group follow from them.
PLACE = frozenset({"zone", "postal_code", "country", "region"})
READ_BY = PLACE | {"number", "numbers"}
TAKEN = "another contact of the campaign has this number"


class _Turn(NamedTuple):
    """The first number of a contact, and the calling group of the one that is called next.

    `next_number` is of a contact that has several.
    """

    first: str
    next_number: str | None
    group_id: int


async def edit(
    resources: Resources,
    caller: Caller,
    contact_id: int,
    parts: Mapping[str, Any],
    *,
    merge: bool,
    seen: Seen = ANYTHING,
    now: datetime,
) -> Contact:
    """Replace the parts that are given; `merge` changes inside the attributes.

    With a number or a place the contact is read anew, as an import would read it.
    """
    refuse_invalid_expiry(parts.get("expires_at"), now)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        read = None
        if parts.keys() & READ_BY:
            read = await _read(conn, caller, contact_id, parts, now=now)
        timed = await locked(conn, caller, contact_id, seen)
        before = await _contact(conn, caller, contact_id)
        if "expires_at" in parts:
            refuse_finished(timed)
        if read is not None:
            refuse_unless_pending(timed)
        if read is None:
            turn = _kept_turn(before, timed)
        else:
            passed_over = await contact_numbers.passed_over(
                conn, tenant_id=caller.tenant_id, contact_id=contact_id
            )
            turn = _turn(before, read, passed_over)
        await contact_edits.edit(
            conn,
            tenant_id=caller.tenant_id,
            contact_id=contact_id,
            number=turn.first,
            next_number=turn.next_number,
            calling_group_id=turn.group_id,
            external_id=parts.get("external_id", before.external_id) or None,
            attributes=_attributes(before, parts, merge=merge),
            expires_at=parts.get("expires_at", before.expires_at),
        )
        if read is not None:
            await contact_numbers.replace(
                conn, tenant_id=caller.tenant_id, contact_id=contact_id, numbers=read
            )
            await _settle(conn, timed, read, turn.group_id, now=now)
        after = await _contact(conn, caller, contact_id)
    resources.record(before=_recorded(before), after=_recorded(after))
    return after


async def delete(
    resources: Resources, caller: Caller, contact_id: int, *, seen: Seen = ANYTHING
) -> None:
    """Delete a contact that is not in a call; its attempts and calls stay, and count as before."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        key = {"tenant_id": caller.tenant_id, "contact_id": contact_id}
        if await contact_times.lock(conn, **key) is None:
            raise not_found("contact")
        before = await _contact(conn, caller, contact_id)
        seen.check(before)
        contact = await contact_times.get(conn, **key)
        if contact.state == ContactState.ACTIVE:
            raise Refused("contact_active", "the contact is being called; ask again after that")
        await contact_edits.delete(conn, **key)
        names = [counters.CONTACTS]
        if contact.outcome is not None:
            names.append(counters.FINISHED + contact.outcome)
        await counters.take(conn, caller.campaign(contact.campaign_id), dict.fromkeys(names, 1))
        if contact.state == ContactState.PENDING:
            await waiting_counts.add(conn, [(contact.bucket, -1)])
    resources.record(before=_recorded(before))


async def _read(
    conn: Connection, caller: Caller, contact_id: int, parts: Mapping[str, Any], *, now: datetime
) -> list[tuple[str, int]]:
    """The numbers, each with its calling group, that an import would give it.

    From here to the commit no import and no other edit of a number comes between.
    """
    contact = await _contact(conn, caller, contact_id)
    campaign = await fillable(conn, caller, contact.campaign_id)
    await locks.lock_for_import(conn, campaign.id)
    contact = await _contact(conn, caller, contact_id)
    rows = await rows_of(conn, caller, campaign, now=now)
    place = {name: parts[name] for name in PLACE & parts.keys()}
    others = parts.get("numbers", contact.numbers) or ()
    row = in_json(rows.read(parts.get("number", contact.number), others=others, **place))
    if isinstance(row, Fault):
        raise Refused(row.reason, REMEDIES[row.reason], field=(row.field,))
    key = caller.campaign(campaign.id)
    is_moved = row.number != contact.number
    if is_moved and await contact_edits.is_taken(conn, key, row.number):
        raise Refused("number_taken", TAKEN, field=("number",))
    ids = await group_ids(conn, key, rows.groups)
    numbers = (row.number, row.group), *row.others
    return [(number, ids[group - 1]) for number, group in numbers]


def _kept_turn(before: Contact, timed: TimedContact) -> _Turn:
    next_number = before.next_number if before.numbers else None
    return _Turn(before.number, next_number, timed.calling_group_id)


def _turn(
    before: Contact, numbers: Sequence[tuple[str, int]], passed_over: Collection[str]
) -> _Turn:
    """A number that the contact keeps also keeps its turn; one that is passed over has none."""
    first, _ = numbers[0]
    callable_ = [own for own in numbers if own[0] not in passed_over] or numbers
    kept = (own for own in callable_ if own[0] == before.next_number)
    next_number, group_id = next(kept, callable_[0])
    return _Turn(first, next_number if len(numbers) > 1 else None, group_id)


async def _settle(
    conn: Connection,
    before: TimedContact,
    numbers: Sequence[tuple[str, int]],
    group_id: int,
    *,
    now: datetime,
) -> None:
    """Let the suppressions of its numbers hold for a contact that was read anew, and count it."""
    settled = await exclusions.settle(
        conn,
        tenant_id=before.tenant_id,
        campaign_id=before.campaign_id,
        numbers=[number for number, _ in numbers],
        now=now,
    )
    moved = before.bucket._replace(calling_group_id=group_id)
    await count_settled(conn, settled, [(before.bucket, -1), (moved, 1)])


def _attributes(before: Contact, parts: Mapping[str, Any], *, merge: bool) -> str | None:
    if "attributes" not in parts:
        return before.attributes
    attributes = parts["attributes"]
    if merge and attributes is not None:
        attributes = merged(orjson.loads(before.attributes or "{}"), attributes)
    if not attributes:
        return None
    text = orjson.dumps(attributes)
    if len(text) > LONGEST_CELL:
        detail = "all attributes together must not be longer than 64 KiB"
        raise Refused("too_long", detail, field=("attributes",))
    return text.decode()


def _recorded(contact: Contact) -> dict[str, object]:
    """The fields of the audit log. Of what is known of the person it only says that it changed."""
    person = contact.number, *contact.numbers, contact.external_id, contact.attributes
    return {
        "number": masked(contact.number),
        "person": {"sha256": version_of(person)},
        "zones": list(contact.zones),
        "expires_at": contact.expires_at,
    }


async def _contact(conn: Connection, caller: Caller, contact_id: int) -> Contact:
    contact = await contacts.get(conn, tenant_id=caller.tenant_id, contact_id=contact_id)
    if contact is None:
        raise not_found("contact")
    return contact
