"""The connected trunks of this process: each is connected when it is first needed."""

import asyncio
import contextlib
import logging
import time
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
from shared.domain.attempts import CallReference
from shared.domain.call_flows import texts
from shared.domain.call_flows.flow import CallFlow

logger = logging.getLogger(__name__)

GROUP = "outdial.providers"
# An originate, with the permit and the compare-and-set before it, has ended after this.
REPLACED_SECONDS = ORIGINATE_SECONDS + 1
# For a report on a call the row may be so old: read for each of thousands of reports a second, it
# costs a quarter of a dialer.
READ_AGAIN_SECONDS = 1.0


class UnusableTrunkError(Exception):
    """The trunk does not exist, its provider is not installed, or its settings do not suit it."""


class ForeignCallError(Exception):
    """The carrier of a trunk reports on a call that another trunk carries."""


class ConnectedTrunk(NamedTuple):
    """`read_at` is the monotonic time at which the row was read."""

    trunk: Trunk
    provider: Provider
    read_at: float


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
        """The provider for calls that are up, by a row of a moment ago. Raises UnusableTrunkError.

        `connected` also tells who may start a call.
        """
        known, at = self._connected.get(trunk_id), time.monotonic()
        if known is None:
            return (await self.connected(trunk_id)).provider
        if at - known.read_at < READ_AGAIN_SECONDS:
            return known.provider
        # One reads, the others need not wait for it.
        reading = self._connected[trunk_id] = known._replace(read_at=at)
        try:
            return (await self.connected(trunk_id)).provider
        except BaseException:
            # Meanwhile `known` may have been replaced, and will be closed.
            if self._connected[trunk_id] is reading:
                self._connected[trunk_id] = known
            raise

    async def connected(self, trunk_id: int) -> ConnectedTrunk:
        """The provider with the row as it is now. Raises UnusableTrunkError."""
        read_at = time.monotonic()
        row = await trunks.find(self.pool, trunk_id)
        if row is None:
            raise UnusableTrunkError(f"trunk {trunk_id} does not exist")
        known = self._connected.get(trunk_id)
        if known is not None and known.trunk.is_routed_as(row):
            current = ConnectedTrunk(row, known.provider, read_at)
        else:
            current = ConnectedTrunk(row, connect(row, self._of_own_calls(trunk_id)), read_at)
            if known is not None:
                self._close_later(trunk_id, known.provider)
        self._connected[trunk_id] = current
        return current

    async def flow_of(self, reference: CallReference) -> CallFlow | None:
        """The flow that a call plays, as its originate had it."""
        played = await dialing.played_flow(self.pool, reference)
        if played is None:
            return None
        return texts.rendered(played.flow, texts.values_for(played.flow, played.known))

    async def close(self) -> None:
        self._stopping.set()
        await asyncio.gather(*self._closings)
        for each in self._connected.values():
            await each.provider.close()

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
                raise ForeignCallError("the call is of a tenant without a grant of the trunk")
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
