"""The resources of the routes: opened and closed with the application."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request

from services.api.http.cursors import Cursors
from services.api.http.request_limits import RequestRates, RequestsAtOnce
from services.api.http.slots import FairSlots, Turns
from services.api.http.upload import Uploads
from services.api.http.used_keys import UsedKeys
from services.api.quotas import Quotas
from shared.db.policies import Policies
from shared.db.types import Session
from shared.domain.capacity.scopes import NO_CAPS, Caps
from shared.kafka.messages.envelope import Message
from shared.rulepacks.rulebook import RuleBook
from shared.runtime.process import now

Publish = Callable[[Sequence[Message]], Awaitable[None]]
Step = Callable[[], Awaitable[None]]


class Transactions(Protocol):
    """Gives the connections of the api."""

    def transaction(
        self, tenant_id: int, *, keep: bool = True
    ) -> AbstractAsyncContextManager[Session]:
        """One of this tenant. Without `keep` it only reads, or is rolled back."""

    def statement(self, tenant_id: int, /) -> AbstractAsyncContextManager[Session]:
        """For one statement of this tenant, which sees nothing unless it sets the tenant."""


class Record(Protocol):
    """Takes the fields of a resource before and after its change; each None: there is none.

    `resource_id` is that of the audit log, if it is not the one of the address.
    """

    def __call__(
        self, *, before: object = None, after: object = None, resource_id: str | None = None
    ) -> None: ...


def _unrecorded(
    *, before: object = None, after: object = None, resource_id: str | None = None
) -> None:
    """Outside of a request nobody keeps a record."""


async def _at_once(step: Step) -> None:
    await step()


# For what belongs to no tenant; its transaction is never that of a request.
NO_TENANT = 0
# Large bodies that are parsed at once: more would only take each other's time.
JSON_BODIES_AT_ONCE = 1
# Each import uses one database connection while it reads its file.
IMPORTS_AT_ONCE = 4


# Enough to keep a processor busy while some of them wait for the database.
REQUESTS_IN_WORK = 8


def _turns() -> Turns:
    return Turns(REQUESTS_IN_WORK)


def _import_slots() -> FairSlots:
    return FairSlots(IMPORTS_AT_ONCE)


def _json_slots() -> FairSlots:
    return FairSlots(JSON_BODIES_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    pool: Transactions
    publish: Publish
    rulebook: RuleBook
    policies: Policies = field(default_factory=Policies)
    installation: Caps = NO_CAPS
    cursors: Cursors = field(default_factory=Cursors)
    uploads: Uploads = field(default_factory=Uploads)
    import_slots: FairSlots = field(default_factory=_import_slots)
    json_slots: FairSlots = field(default_factory=_json_slots)
    turns: Turns = field(default_factory=_turns)
    quotas: Quotas = field(default_factory=Quotas)
    rates: RequestRates = field(default_factory=RequestRates)
    at_once: RequestsAtOnce = field(default_factory=RequestsAtOnce)
    used_keys: UsedKeys = field(default_factory=UsedKeys)
    clock: Callable[[], datetime] = now
    # What a request that changes something has of its own (services/api/http/changes.py).
    record: Record = _unrecorded
    before_commit: Callable[[Step], Awaitable[None]] = _at_once
    after_commit: Callable[[Step], Awaitable[None]] = _at_once


Opened = Callable[[], AbstractAsyncContextManager[Resources]]


# Dependencies are coroutines: the framework calls a plain function in a thread, which takes longer
# than the function.
async def _resources(request: Request) -> Resources:
    resources: Resources = getattr(request.state, "resources", request.app.state.resources)
    return resources


In = Annotated[Resources, Depends(_resources)]


async def _now(resources: In) -> datetime:
    return resources.clock()


Now = Annotated[datetime, Depends(_now)]
