"""The caller of a request, by its API key. Each façade extracts the key in its own way."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.api.http.resources import Resources
from shared.db.api import api_keys, tenants
from shared.db.api.api_keys import ApiKey
from shared.db.types import Connection
from shared.definitions.call import CallTerms
from shared.domain.access import Denial, KeyScope, denial
from shared.domain.campaigns import CampaignKey

USUAL_TERMS = CallTerms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: an API key, or an access token of one, and the tenant that it acts for.

    `partner_id` is the key's own tenant, if that is a partner which acts for its client.
    """

    tenant_id: int
    api_key_id: int
    key_name: str
    scopes: frozenset[KeyScope]
    expires_at: datetime | None = None
    address: str | None = None
    partner_id: int | None = None
    requests_per_minute: int | None = None
    call_terms: CallTerms = USUAL_TERMS

    @property
    def home(self) -> int:
        """The tenant that the key belongs to."""
        return self.tenant_id if self.partner_id is None else self.partner_id

    @property
    def own_key_id(self) -> int | None:
        """The key, if it is the tenant's own: records of changes name no key of another tenant."""
        return self.api_key_id if self.partner_id is None else None

    def campaign(self, campaign_id: int) -> CampaignKey:
        """The key of a campaign of the caller's tenant."""
        return CampaignKey(self.tenant_id, campaign_id)


async def identify(
    resources: Resources, credential: str, *, address: str | None = None
) -> Caller | Denial:
    """The caller with this API key or access token, or why there is none.

    `address` is the client's; a key that is bound to networks is refused from elsewhere.
    """
    tenant_id = api_keys.tenant_of(credential)
    if tenant_id is None:
        return Denial.UNKNOWN
    # Until the key is found the tenant is a claim, which lets the request see nothing but its keys.
    async with resources.pool.statement(tenant_id) as conn:
        key = await valid_key(conn, credential, address=address, now=resources.clock())
    if isinstance(key, Denial):
        return key
    resources.used_keys.note(key.tenant_id, key.id, at=resources.clock())
    return Caller(
        tenant_id=key.tenant_id,
        api_key_id=key.id,
        key_name=key.name,
        scopes=key.scopes,
        expires_at=key.expires_at,
        address=address,
        requests_per_minute=key.requests_per_minute,
        call_terms=key.call_terms or USUAL_TERMS,
    )


async def valid_key(
    conn: Connection, credential: str, *, address: str | None, now: datetime
) -> ApiKey | Denial:
    key = await api_keys.find(conn, credential)
    if key is None:
        return Denial.UNKNOWN
    denied = denial(
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        networks=key.networks,
        address=address,
        now=now,
    )
    return denied or key


async def acting_for(resources: Resources, caller: Caller, tenant_id: int) -> Caller | None:
    """The same caller for a client of its tenant; None if its tenant owns no such client."""
    if tenant_id == caller.tenant_id:
        return caller
    async with resources.pool.transaction(caller.tenant_id) as conn:
        client = await tenants.client(conn, partner_id=caller.tenant_id, tenant_id=tenant_id)
    if client is None:
        return None
    return replace(caller, tenant_id=tenant_id, partner_id=caller.tenant_id)
