"""How a client of Wavix carries its key: in the query, or since 2026 as a bearer token."""

from fastapi import Request
from typing_extensions import override

from services.api.http.guarded_routes import GuardedRoute, Opening, bearer_token
from shared.domain.access import KeyScope

# A key without these is one of an account without the product.
CALLS = Opening.of(KeyScope.CALLS)
WEBHOOKS = Opening.of(KeyScope.WEBHOOKS)
KEY_PARAMETER = "appid"


class WavixRoute(GuardedRoute):
    """A route of Wavix's API."""

    @override
    def credential(self, request: Request) -> str | None:
        return bearer_token(request) or request.query_params.get(KEY_PARAMETER)
