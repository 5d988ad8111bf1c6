"""The caller of a request, by its API key. Each façade extracts the key in its own way."""

from dataclasses import dataclass
from datetime import datetime

from services.api.http.resources import Resources
from shared.db.api import api_keys
from shared.domain.access import Denial, KeyScope, denial
from shared.domain.campaigns import CampaignKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: an API key, or an access token of one, and the tenant that it acts for."""

    tenant_id: int
    api_key_id: int
    key_name: str
    scopes: frozenset[KeyScope]
    expires_at: datetime | None = None
    address: str | None = None

    def campaign(self, campaign_id: int) -> CampaignKey:
        """The key of a campaign of the caller's tenant."""
        return CampaignKey(self.tenant_id, campaign_id)


async def identify(
    resources: Resources, credential: str, *, address: str | None = None
) -> Caller | Denial:
    """The caller with this API key, or why there is none.

    `address` is the client's; a key that is bound to networks is refused from elsewhere.
    """
    async with resources.pool.acquire() as conn:
        key = await api_keys.find(conn, credential)
    if key is None:
        return Denial.UNKNOWN
    now = resources.clock()
    denied = denial(
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        networks=key.networks,
        address=address,
        now=now,
    )
    if denied:
        return denied
    resources.used_keys.note(key.tenant_id, key.id, at=now)
    return Caller(
        tenant_id=key.tenant_id,
        api_key_id=key.id,
        key_name=key.name,
        scopes=key.scopes,
        expires_at=key.expires_at,
        address=address,
    )
