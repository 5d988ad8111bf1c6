"""Who may ask what of the native API: an API key as a bearer token, and the scopes of each route.

A router names its opening once: `APIRouter(route_class=opened_by(CAMPAIGNS), …)`.
"""

import re
from collections.abc import Callable
from typing import Any

from fastapi import Request
from typing_extensions import override

from services.api.http import guarded_routes
from services.api.http.auth import Caller, acting_for
from services.api.http.changes import KEY_HEADER, READING, REPLAYED_HEADER
from services.api.http.guarded_routes import GuardedRoute, Opening, bearer_token
from services.api.http.resources import Resources
from services.api.refusals import Refused
from shared.domain.access import Denial, KeyScope
from shared.domain.attempts import LARGEST_TENANT_ID

# The header by which a partner's key acts for a client tenant.
ACTS_FOR = "Outdial-Tenant"
MEANINGS = {
    KeyScope.READ: "reads everything but API keys, client tenants and the audit log",
    KeyScope.WRITE: "changes everything but what admin changes",
    KeyScope.CAMPAIGNS: "campaigns and what they are made of",
    KeyScope.CONTACTS: "contacts and suppressions",
    KeyScope.CALLS: "attempts, calls and why",
    KeyScope.WEBHOOKS: "webhooks and their deliveries",
    KeyScope.ADMIN: "API keys, client tenants, audit log, rules of law, destinations, ceilings",
}
KEY_SCHEME, TOKEN_SCHEME, CLIENT_SCHEME = "api_key", "oauth2", "client"
SECURITY_SCHEMES = {
    KEY_SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "od_17_…",
        "description": "An API key of the tenant. Each operation lists the scopes that open it; "
        f"the key needs one of them. With the header `{ACTS_FOR}: 17` a key of a partner acts "
        "for its client tenant 17.",
    },
    TOKEN_SCHEME: {
        "type": "oauth2",
        "description": "An access token of an API key, sent in the same way as the key.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/oauth2/token",
                "scopes": {scope: MEANINGS[scope] for scope in KeyScope},
            }
        },
    },
    CLIENT_SCHEME: {
        "type": "http",
        "scheme": "basic",
        "description": "The id of an API key and its text.",
    },
}

CAMPAIGNS = Opening.of(KeyScope.CAMPAIGNS)
# A preflight is a POST, and changes nothing.
PREFLIGHT = Opening(CAMPAIGNS.reading, CAMPAIGNS.reading)
CONTACTS = Opening.of(KeyScope.CONTACTS)
CALLS = Opening.of(KeyScope.CALLS)
WEBHOOKS = Opening.of(KeyScope.WEBHOOKS)
GENERAL = Opening((KeyScope.READ,), (KeyScope.WRITE,))
# Rules of law that are overridden, costly destinations, ceilings of spend.
SAFEGUARDS = Opening((KeyScope.READ, KeyScope.ADMIN), (KeyScope.ADMIN,))
# API keys and client tenants.
ADMIN = Opening((KeyScope.ADMIN,), (KeyScope.ADMIN,))
ANY_KEY = Opening(tuple(KeyScope), tuple(KeyScope))

_TENANT_ID = re.compile("[1-9][0-9]{0,9}", re.ASCII)
IDEMPOTENCY_KEY = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "a word of the client's own, such as a UUID: for 24 hours the same request with "
    f"the same word is not carried out again, and gets the same answer with `{REPLAYED_HEADER}`",
    "example": "0b6f1c5e-9a7d-4c1c-8f0a-2f4f7f1d9a55",
}
UNKNOWN_CLIENT = f"the header {ACTS_FOR} names no client tenant of the tenant of this API key"
NO_KEY = "send a valid API key as `Authorization: Bearer …`"
DENIALS = {
    Denial.MISSING: NO_KEY,
    Denial.UNKNOWN: f"the API key is not known; {NO_KEY}",
    Denial.EXPIRED: "the API key or access token has expired; send another one",
    Denial.REVOKED: "the API key was revoked; send another one",
    Denial.ADDRESS: "the API key may not be used from this address",
    Denial.SCOPE: "this API key lacks the scope that opens this route",
}


class Guarded(GuardedRoute):
    """A route of the native API, with what the OpenAPI document says of its credential."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        schemes = (KEY_SCHEME, TOKEN_SCHEME)
        scopes = self.opening.scopes(options["methods"])
        documented: dict[str, Any] = {
            "security": [{each: [scope]} for scope in scopes for each in schemes]
        }
        if not READING.issuperset(options["methods"]):
            documented |= {"parameters": [IDEMPOTENCY_KEY]}
        options["openapi_extra"] = {**(options.get("openapi_extra") or {}), **documented}
        super().__init__(path, endpoint, **options)

    @override
    def credential(self, request: Request) -> str | None:
        return bearer_token(request)

    @override
    async def acting(self, request: Request, caller: Caller) -> Caller:
        named = request.headers.get(ACTS_FOR)
        if named is None:
            return caller
        resources: Resources = request.app.state.resources
        tenant_id = int(named) if _TENANT_ID.fullmatch(named) else 0
        is_id = 1 <= tenant_id <= LARGEST_TENANT_ID
        client = await acting_for(resources, caller, tenant_id) if is_id else None
        if client is None:
            raise Refused("not_found", UNKNOWN_CLIENT)
        return client


opened_by = Guarded.opened_by
Authenticated = guarded_routes.Authenticated
