"""The resources of the routes: opened and closed with the application."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from services.api.http.upload import Uploads
from services.api.http.used_keys import UsedKeys
from shared.db.api.pool import ApiPool
from shared.db.policies import Policies
from shared.domain.capacity.scopes import NO_CAPS, Caps
from shared.kafka.messages.envelope import Message
from shared.rulepacks.rulebook import RuleBook
from shared.runtime.process import now

Publish = Callable[[Sequence[Message]], Awaitable[None]]

# Each import uses one database connection while it reads its file.
IMPORTS_AT_ONCE = 4


def _import_slots() -> asyncio.Semaphore:
    return asyncio.Semaphore(IMPORTS_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    pool: ApiPool
    publish: Publish
    rulebook: RuleBook
    policies: Policies = field(default_factory=Policies)
    installation: Caps = NO_CAPS
    uploads: Uploads = field(default_factory=Uploads)
    import_slots: asyncio.Semaphore = field(default_factory=_import_slots)
    used_keys: UsedKeys = field(default_factory=UsedKeys)
    clock: Callable[[], datetime] = now


Opened = Callable[[], AbstractAsyncContextManager[Resources]]


# Dependencies are coroutines: the framework calls a plain function in a thread, which takes longer
# than the function.
async def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


In = Annotated[Resources, Depends(_resources)]


async def _now(resources: In) -> datetime:
    return resources.clock()


Now = Annotated[datetime, Depends(_now)]
