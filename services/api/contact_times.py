"""Use cases of a contact's times: the callback that the person asked for, and the expiry."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.api.campaigns import owned
from services.api.http.auth import Caller
from services.api.http.resources import Resources
from services.api.refusals import Refused, campaign_ended, not_found, refuse_invalid_expiry
from services.api.versions import ANYTHING, Seen
from shared.db import waiting_counts
from shared.db.api import contact_times, contacts
from shared.db.api.contact_times import TimedContact
from shared.db.api.contacts import Contact
from shared.db.types import Connection
from shared.domain.calendar.intervals import NEVER
from shared.domain.contacts import ContactState
from shared.domain.policy.attempt_policy import Again, within_budget
from shared.domain.policy.suppression import put_off
from shared.domain.reasons import Reason
from shared.intake.remedies import REMEDIES

LATEST = timedelta(days=366)


async def ask(
    resources: Resources,
    caller: Caller,
    contact_id: int,
    at: datetime,
    *,
    seen: Seen = ANYTHING,
    now: datetime,
) -> Contact:
    """From `at` on, call the contact before others, as soon as its hours allow it."""
    if at <= now:
        raise Refused("in_the_past", REMEDIES["in_the_past"], field=("at",))
    if at > now + LATEST:
        raise Refused("too_far", f"must be within {LATEST.days} days", field=("at",))
    async with resources.pool.transaction(caller.tenant_id) as conn:
        contact = await locked(conn, caller, contact_id, seen)
        refuse_unless_pending(contact)
        # A callback does not shorten the minimum gap after the last call.
        at = max(at, _gap_ends(contact) or at)
        _refuse_forbidden(contact, at)
        resumes_at = contact.resumes_at if _is_moved(contact) else contact.not_before
        again = Again(not_before=at, waits_for=Reason.CALLBACK, resumes_at=resumes_at)
        await _move(conn, contact, again)
        resources.record(before=_due(contact), after=_due(again))
        return await _contact(conn, caller, contact_id)


async def cancel(
    resources: Resources,
    caller: Caller,
    contact_id: int,
    *,
    seen: Seen = ANYTHING,
    now: datetime,
) -> None:
    """The contact waits for what it would wait for without; for nothing, if that is over."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        contact = await locked(conn, caller, contact_id, seen)
        if contact.state != ContactState.PENDING or contact.waits_for != Reason.CALLBACK:
            raise not_found("callback")
        due = max(now, contact.resumes_at or now, _gap_ends(contact) or now)
        again = within_budget(contact.policy, contact.history, tuple(contact.zones), due)
        if not contact.attempts:
            again = replace(again, waits_for=None)
        again = put_off(again, contact.suppressed_until) or again
        await _move(conn, contact, again)
    resources.record(before=_due(contact), after=_due(again))


async def expire(
    resources: Resources,
    caller: Caller,
    contact_id: int,
    expires_at: datetime | None,
    *,
    seen: Seen = ANYTHING,
    now: datetime,
) -> Contact:
    """Set the instant after which the contact is not called; the scheduler finishes it then."""
    refuse_invalid_expiry(expires_at, now)
    async with resources.pool.transaction(caller.tenant_id) as conn:
        contact = await locked(conn, caller, contact_id, seen)
        refuse_finished(contact)
        await contact_times.expire_at(
            conn, tenant_id=caller.tenant_id, contact_id=contact_id, expires_at=expires_at
        )
        before = {"expires_at": contact.expires_at}
        resources.record(before=before, after={"expires_at": expires_at})
        return await _contact(conn, caller, contact_id)


def _due(contact: TimedContact | Again) -> dict[str, object]:
    """The fields of the audit log: nothing that is known of the person."""
    return {"not_before": contact.not_before, "waits_for": contact.waits_for}


async def locked(conn: Connection, caller: Caller, contact_id: int, seen: Seen) -> TimedContact:
    campaign_id = await contact_times.lock(conn, tenant_id=caller.tenant_id, contact_id=contact_id)
    if campaign_id is None:
        raise not_found("contact")
    seen.check(await _contact(conn, caller, contact_id))
    if (await owned(conn, caller, campaign_id)).is_over:
        raise campaign_ended()
    return await contact_times.get(conn, tenant_id=caller.tenant_id, contact_id=contact_id)


def refuse_unless_pending(contact: TimedContact) -> None:
    refuse_finished(contact)
    if contact.state == ContactState.ACTIVE:
        raise Refused("contact_active", "the contact is being called; ask again after that call")


def _refuse_forbidden(contact: TimedContact, at: datetime) -> None:
    until = contact.suppressed_until
    if until == NEVER:
        raise Refused("suppressed", "the number is suppressed for good")
    if until is not None and until > at:
        raise Refused("suppressed", f"the number is suppressed until {_iso(until)}")
    if contact.expires_at is not None and contact.expires_at <= at:
        detail = f"the contact expires at {_iso(contact.expires_at)}"
        raise Refused("after_expiry", detail, field=("at",))


def refuse_finished(contact: TimedContact) -> None:
    if contact.state == ContactState.FINISHED:
        raise Refused("contact_finished", f"the contact is finished: {contact.outcome}")


def _gap_ends(contact: TimedContact) -> datetime | None:
    """The earliest time of the next attempt by the policy's minimum gap."""
    if contact.ended_at is None:
        return None
    return contact.ended_at + contact.policy.min_gap


def _is_moved(contact: TimedContact) -> bool:
    """Whether a callback or a suppression has replaced the time at which it was due."""
    return contact.waits_for in {Reason.CALLBACK, Reason.SUPPRESSION}


async def _move(conn: Connection, contact: TimedContact, again: Again) -> None:
    await contact_times.move(
        conn,
        tenant_id=contact.tenant_id,
        contact_id=contact.id,
        not_before=again.not_before,
        waits_for=again.waits_for,
        resumes_at=again.resumes_at,
    )
    moved = replace(contact, not_before=again.not_before, waits_for=again.waits_for)
    await waiting_counts.add(conn, [(contact.bucket, -1), (moved.bucket, 1)])


async def _contact(conn: Connection, caller: Caller, contact_id: int) -> Contact:
    contact = await contacts.get(conn, tenant_id=caller.tenant_id, contact_id=contact_id)
    if contact is None:
        raise not_found("contact")
    return contact


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
