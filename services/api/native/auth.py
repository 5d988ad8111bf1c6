"""Who may ask what of the native API: an API key as a bearer token, and the scopes of each route.

A router names its opening once: `APIRouter(route_class=opened_by(CAMPAIGNS), …)`.
"""

import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, ClassVar

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from typing_extensions import override

from services.api.http.auth import Caller, acting_for, identify
from services.api.http.changes import KEY_HEADER, READING, REPLAYED_HEADER, changed
from services.api.http.json_bodies import read_json
from services.api.http.request_limits import ALLOWANCE, refuse_excess
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


@dataclass(frozen=True, slots=True)
class Opening:
    """The scopes of which any one opens the routes that read, and those that change something."""

    reading: tuple[KeyScope, ...]
    changing: tuple[KeyScope, ...]

    def scopes(self, methods: Sequence[str]) -> tuple[KeyScope, ...]:
        return self.reading if READING.issuperset(methods) else self.changing


def _of(area: KeyScope) -> Opening:
    return Opening((KeyScope.READ, area), (KeyScope.WRITE, area))


CAMPAIGNS = _of(KeyScope.CAMPAIGNS)
# A preflight is a POST, and changes nothing.
PREFLIGHT = Opening(CAMPAIGNS.reading, CAMPAIGNS.reading)
CONTACTS = _of(KeyScope.CONTACTS)
CALLS = _of(KeyScope.CALLS)
WEBHOOKS = _of(KeyScope.WEBHOOKS)
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
    Denial.UNKNOWN: f"the API key is not known; {NO_KEY}",
    Denial.EXPIRED: "the API key or access token has expired; send another one",
    Denial.REVOKED: "the API key was revoked; send another one",
    Denial.ADDRESS: "the API key may not be used from this address",
}


class NotAdmitted(Exception):  # noqa: N818 - an expected answer, not an error
    """A request that is refused before its body is read. `error` is a word of RFC 6750."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        error: str = "",
        needed: Sequence[KeyScope] = (),
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.needed = list(needed)
        named = {"error": error, "scope": self.needed[-1] if self.needed else ""}
        words = ['realm="outdial"', *(f'{name}="{word}"' for name, word in named.items() if word)]
        self.challenge = f"Bearer {', '.join(words)}"


class Guarded(APIRoute):
    """A route that admits a request by its key, before it reads the body within its bounds.

    One that may change something is a single transaction. For the span `same_for` a repetition
    without an Idempotency-Key is known by its body.
    """

    opening: ClassVar[Opening]
    same_for: ClassVar[timedelta | None]

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.scopes = self.opening.scopes(options["methods"])
        schemes = (KEY_SCHEME, TOKEN_SCHEME)
        documented: dict[str, Any] = {
            "security": [{each: [scope]} for scope in self.scopes for each in schemes]
        }
        if not READING.issuperset(options["methods"]):
            documented |= {"parameters": [IDEMPOTENCY_KEY]}
        options["openapi_extra"] = {**(options.get("openapi_extra") or {}), **documented}
        super().__init__(path, endpoint, **options)

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def admit(request: Request) -> Response:
            resources: Resources = request.app.state.resources
            caller = request.state.caller = await _admitted(request, self.scopes)
            with resources.at_once.one_more(caller.tenant_id):
                if request.method in READING:
                    return await handle(request)
                return await changed(request, caller, read, same_for=self.same_for)

        async def read(request: Request) -> Response:
            if self.body_field is None:
                return await handle(request)
            resources: Resources = request.app.state.resources
            caller: Caller = request.state.caller
            validate = partial(self.body_field.validate, loc=("body",))
            slot = resources.json_slots.slot(caller.tenant_id)
            return await handle(await read_json(request, validate, slot=slot))

        return admit


def opened_by(opening: Opening, *, same_for: timedelta | None = None) -> type[Guarded]:
    """The class of a router's routes."""
    named, span = opening, same_for

    class Opened(Guarded):
        opening = named
        same_for = span

    return Opened


async def _admitted(request: Request, scopes: Sequence[KeyScope]) -> Caller:
    resources: Resources = request.app.state.resources
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise NotAdmitted(401, "unauthenticated", NO_KEY)
    address = request.client.host if request.client else None
    caller = await identify(resources, credential.strip(), address=address)
    if caller is Denial.ADDRESS:
        raise NotAdmitted(403, "address_refused", DENIALS[caller])
    if isinstance(caller, Denial):
        raise NotAdmitted(401, "unauthenticated", DENIALS[caller], error="invalid_token")
    await _count(request, caller)
    if caller.scopes.isdisjoint(scopes):
        detail = f"this API key lacks the scope that opens this route: {' or '.join(scopes)}"
        raise NotAdmitted(
            403, "insufficient_scope", detail, error="insufficient_scope", needed=scopes
        )
    acts_for = request.headers.get(ACTS_FOR)
    return caller if acts_for is None else await _acting_for(resources, caller, acts_for)


async def _count(request: Request, caller: Caller) -> None:
    resources: Resources = request.app.state.resources
    allowance = await resources.rates.count(
        caller.home, caller.api_key_id, own=caller.requests_per_minute, now=resources.clock()
    )
    if allowance is not None:
        setattr(request.state, ALLOWANCE, allowance)
        refuse_excess(allowance)


async def _acting_for(resources: Resources, caller: Caller, named: str) -> Caller:
    tenant_id = int(named) if _TENANT_ID.fullmatch(named) else 0
    is_id = 1 <= tenant_id <= LARGEST_TENANT_ID
    acting = await acting_for(resources, caller, tenant_id) if is_id else None
    if acting is None:
        raise Refused("not_found", UNKNOWN_CLIENT)
    return acting


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


Authenticated = Annotated[Caller, Depends(_caller)]
