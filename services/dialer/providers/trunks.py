"""The connected trunks of this process, made when first needed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.dialer.providers.null import NullProvider
from services.dialer.providers.protocol import CallReport, Provider
from services.dialer.providers.simulated import SimulatedProvider
from shared.db import trunks
from shared.db.trunks import Trunk
from shared.db.types import Pool

Report = Callable[[CallReport], Awaitable[None]]


class UnknownTrunkError(Exception):
    """No such trunk, or a provider that this process has no adapter for."""


@dataclass(slots=True)
class Trunks:
    """A trunk whose row has changed is connected anew the next time it is asked for."""

    pool: Pool
    report: Report
    _connected: dict[int, tuple[Trunk, Provider]] = field(default_factory=dict)

    async def provider(self, trunk_id: int) -> Provider:
        row = await trunks.find(self.pool, trunk_id)
        if row is None:
            raise UnknownTrunkError(f"trunk {trunk_id} does not exist")
        known = self._connected.get(trunk_id)
        if known is not None and known[0] == row:
            return known[1]
        provider = self._connect(row)
        self._connected[trunk_id] = (row, provider)
        if known is not None:
            await known[1].close()
        return provider

    async def close(self) -> None:
        for _, provider in self._connected.values():
            await provider.close()

    def _connect(self, trunk: Trunk) -> Provider:
        match trunk.provider:
            case "simulated":
                return SimulatedProvider(trunk.url)
            case "null":
                return NullProvider(self.report)
            case _:
                raise UnknownTrunkError(f"no adapter for provider {trunk.provider!r}")
