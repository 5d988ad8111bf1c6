"""The connected trunks of this process: each is connected when it is first needed."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import NamedTuple

from services.dialer.providers.protocol import (
    ORIGINATE_SECONDS,
    CallReport,
    Provider,
    Report,
    TrunkSettingsError,
)
from shared.db import dialing, trunks
from shared.db.trunks import Trunk
from shared.db.types import Pool

logger = logging.getLogger(__name__)

GROUP = "outdial.providers"
# An originate, with the permit and the compare-and-set before it, has ended after this.
REPLACED_SECONDS = ORIGINATE_SECONDS + 1


class UnusableTrunkError(Exception):
    """The trunk does not exist, its provider is not installed, or its settings do not suit it."""


class ConnectedTrunk(NamedTuple):
    trunk: Trunk
    provider: Provider


@dataclass(slots=True)
class Trunks:
    """A trunk is connected anew when its provider, settings or secret have changed.

    The replaced provider is closed later: calls are still being started with it.
    """

    pool: Pool
    report: Report
    _connected: dict[int, ConnectedTrunk] = field(default_factory=dict)
    _closings: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def provider(self, trunk_id: int) -> Provider:
        """The provider for calls that are up; `connected` also tells who may start a call."""
        return (await self.connected(trunk_id)).provider

    async def connected(self, trunk_id: int) -> ConnectedTrunk:
        """The provider with the row as it is now. Raises UnusableTrunkError."""
        row = await trunks.find(self.pool, trunk_id)
        if row is None:
            raise UnusableTrunkError(f"trunk {trunk_id} does not exist")
        known = self._connected.get(trunk_id)
        if known is not None and known.trunk.is_routed_as(row):
            current = ConnectedTrunk(row, known.provider)
        else:
            current = ConnectedTrunk(row, connect(row, self._of_own_calls(trunk_id)))
            if known is not None:
                self._close_later(trunk_id, known.provider)
        self._connected[trunk_id] = current
        return current

    async def close(self) -> None:
        self._stopping.set()
        await asyncio.gather(*self._closings)
        for _, provider in self._connected.values():
            await provider.close()

    def _close_later(self, trunk_id: int, provider: Provider) -> None:
        async def close() -> None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), REPLACED_SECONDS)
            try:
                await provider.close()
            except Exception as error:  # foreign code: its fault must not stop the dialer's end
                extra = {"trunk_id": trunk_id, "error": type(error).__name__}
                logger.warning("provider not closed", extra=extra)

        task = asyncio.create_task(close())
        self._closings.add(task)
        task.add_done_callback(self._closings.discard)

    def _of_own_calls(self, trunk_id: int) -> Report:
        """Refuse reports on calls of other trunks: a carrier might guess a reference.

        A tenant with a grant is trusted without a look-up. A call that was up when the grant ended
        is still reported on, because its campaign names the trunk.
        """

        async def checked(call: CallReport) -> None:
            reference = call.reference
            trunk = self._connected[trunk_id].trunk
            if not trunk.serves(reference.tenant_id) and not await dialing.is_of_trunk(
                self.pool, reference, trunk_id
            ):
                raise ValueError("the call is of a tenant without a grant of the trunk")
            await self.report(call)

        return checked


def connect(trunk: Trunk, report: Report) -> Provider:
    # Exceptions are not chained: the text of a foreign one may quote the settings or the secret.
    try:
        provider: type[Provider] = _installed(trunk.provider)
        return provider.connect(trunk, report)
    except (UnusableTrunkError, TrunkSettingsError) as error:
        raise UnusableTrunkError(f"provider {trunk.provider!r}: {error}") from None
    except Exception as error:
        reason = f"provider {trunk.provider!r}: {type(error).__name__}"
        raise UnusableTrunkError(reason) from None


def _installed(name: str) -> type[Provider]:
    for entry in entry_points(group=GROUP, name=name):
        provider: type[Provider] = entry.load()
        return provider
    raise UnusableTrunkError("is not installed")
