"""What the routes of VoiceAIWrapper share: the credential, ids in paths, the envelope."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request
from typing_extensions import override

from services.api.dialects.voiceaiwrapper.errors import CAMPAIGN_NOT_FOUND, INBOUND, not_found
from services.api.http.auth import Caller
from services.api.http.guarded_routes import GuardedRoute, Opening, bearer_token
from services.api.refusals import Refused
from shared.db.api import voice_campaigns
from shared.db.api.campaigns import Campaign
from shared.db.types import Connection
from shared.dialects.voiceaiwrapper import Kind, number_of
from shared.domain.access import KeyScope

Json = dict[str, Any]

CAMPAIGNS = Opening.of(KeyScope.CAMPAIGNS)
CONTACTS = Opening.of(KeyScope.CONTACTS)
V1, V2 = "/v1/api", "/api/v2"
OF_CAMPAIGNS = "/voice-campaigns"
NOT_DIALED = (
    "an INBOUND campaign is kept and bound to its number, and never dialed: Outdial places calls "
    "and answers none"
)


class Route(GuardedRoute):
    """The API key is a bearer token."""

    @override
    def credential(self, request: Request) -> str | None:
        return bearer_token(request)


opened_by = Route.opened_by


def success(message: str, data: Json | None = None) -> Json:
    return {"status": "success", "message": message} | ({} if data is None else {"data": data})


async def _campaign_number(campaign_id: str, request: Request) -> int:
    number = number_of(Kind.CAMPAIGN, campaign_id)
    if number is None:
        raise not_found(CAMPAIGN_NOT_FOUND)
    # The audit log names every resource by Outdial's own id.
    request.path_params["campaign_id"] = number
    return number


CampaignId = Annotated[int, Depends(_campaign_number)]


async def outbound(
    conn: Connection, caller: Caller, campaign_id: int
) -> tuple[Campaign, Mapping[str, Any]]:
    """The campaign that is dialed, and the vendor's fields of it; an INBOUND one is refused."""
    found = await voice_campaigns.get(conn, caller.tenant_id, campaign_id)
    if found is None:
        raise not_found(CAMPAIGN_NOT_FOUND)
    if found.campaign is None:
        raise Refused(INBOUND, NOT_DIALED)
    return found.campaign, found.settings
