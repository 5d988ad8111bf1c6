"""The caller of a request, by its API key. Each façade extracts the key in its own way."""

from dataclasses import dataclass

from services.api.http.resources import Resources
from shared.db.api import api_keys
from shared.domain.campaigns import CampaignKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    tenant_id: int
    api_key_id: int

    def campaign(self, campaign_id: int) -> CampaignKey:
        """The key of a campaign of the caller's tenant."""
        return CampaignKey(self.tenant_id, campaign_id)


async def identify(resources: Resources, credential: str) -> Caller | None:
    """The caller with this API key; None if the key is unknown or revoked."""
    async with resources.pool.acquire() as conn:
        key = await api_keys.find(conn, credential)
    return None if key is None else Caller(tenant_id=key.tenant_id, api_key_id=key.id)
