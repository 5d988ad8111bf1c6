"""Use case of OAuth2: an access token for the id and the text of an API key."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.api.http.auth import valid_key
from services.api.http.resources import Resources
from shared.db.api import api_keys
from shared.domain.access import Denial, KeyScope, in_order

LIFE = timedelta(hours=1)
# Access tokens of a key at a time: the oldest ends when another is issued beyond them. A client
# that asks for one per request, and uses each once, does not notice.
MOST_TOKENS = 1_000


class TokenFault(StrEnum):
    """Words of RFC 6749, section 5.2."""

    INVALID_CLIENT = "invalid_client"
    INVALID_SCOPE = "invalid_scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    text: str
    scopes: list[KeyScope]
    expires_at: datetime


async def issue(
    resources: Resources,
    *,
    client_id: str,
    client_secret: str,
    scopes: Collection[str],
    address: str | None,
    now: datetime,
) -> Token | TokenFault:
    """The token has the scopes that are named, or all of the key; it ends with the key."""
    tenant_id = api_keys.tenant_of(client_secret)
    if tenant_id is None:
        return TokenFault.INVALID_CLIENT
    async with resources.pool.transaction(tenant_id) as conn:
        key = await valid_key(conn, client_secret, address=address, now=now)
        if not isinstance(key, Denial):
            # A rotation that ends this text and its tokens may have come between.
            await api_keys.lock(conn, tenant_id=key.tenant_id, key_id=key.id)
            key = await valid_key(conn, client_secret, address=address, now=now)
        if isinstance(key, Denial) or key.is_access_token or str(key.id) != client_id:
            return TokenFault.INVALID_CLIENT
        if not key.scopes.issuperset(scopes):
            return TokenFault.INVALID_SCOPE
        granted = in_order(frozenset(map(KeyScope, scopes)) or key.scopes)
        expires_at = min(now + LIFE, key.expires_at or now + LIFE)
        named = {"tenant_id": key.tenant_id, "key_id": key.id}
        await api_keys.forget_expired(conn, **named, now=now)
        await api_keys.forget_oldest_tokens(conn, **named, keep=MOST_TOKENS - 1)
        text = await api_keys.issue_token(conn, **named, scopes=granted, expires_at=expires_at)
    return Token(text=text, scopes=granted, expires_at=expires_at)
