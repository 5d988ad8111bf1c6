"""The connected trunks of this process: each is connected when it is first needed."""

from dataclasses import dataclass, field
from importlib.metadata import entry_points

from services.dialer.providers.protocol import CallReport, Provider, Report, TrunkSettingsError
from shared.db import trunks
from shared.db.trunks import Trunk
from shared.db.types import Pool

GROUP = "outdial.providers"


class UnusableTrunkError(Exception):
    """The trunk does not exist, its provider is not installed, or its settings do not suit it."""


@dataclass(slots=True)
class Trunks:
    """A trunk whose row has changed is connected anew the next time it is needed."""

    pool: Pool
    report: Report
    _connected: dict[int, tuple[Trunk, Provider]] = field(default_factory=dict)

    async def provider(self, trunk_id: int) -> Provider:
        row = await trunks.find(self.pool, trunk_id)
        if row is None:
            raise UnusableTrunkError(f"trunk {trunk_id} does not exist")
        known = self._connected.get(trunk_id)
        if known is not None and known[0] == row:
            return known[1]
        provider = connect(row, self.report)
        self._connected[trunk_id] = (row, provider)
        if known is not None:
            await known[1].close()
        return provider

    async def close(self) -> None:
        for _, provider in self._connected.values():
            await provider.close()


def connect(trunk: Trunk, report: Report) -> Provider:
    # Exceptions are not chained: the text of a foreign one may quote the settings or the secret.
    try:
        provider: type[Provider] = _installed(trunk.provider)
        return provider.connect(trunk, _of_own_tenants(trunk, report))
    except (UnusableTrunkError, TrunkSettingsError) as error:
        raise UnusableTrunkError(f"provider {trunk.provider!r}: {error}") from None
    except Exception as error:
        reason = f"provider {trunk.provider!r}: {type(error).__name__}"
        raise UnusableTrunkError(reason) from None


def _of_own_tenants(trunk: Trunk, report: Report) -> Report:
    """Refuse reports on calls of tenants without a grant: a carrier might guess a reference."""

    async def checked(call: CallReport) -> None:
        if trunk.granted_to is not None and call.reference.tenant_id not in trunk.granted_to:
            raise ValueError("the call is of a tenant without a grant of the trunk")
        await report(call)

    return checked


def _installed(name: str) -> type[Provider]:
    for entry in entry_points(group=GROUP, name=name):
        provider: type[Provider] = entry.load()
        return provider
    raise UnusableTrunkError("is not installed")
