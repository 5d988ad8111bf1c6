"""Routes that make a campaign out of another: clone it, or call some of its people again."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from services.api import copies
from services.api.copies import Copied
from services.api.http.etags import Shown
from services.api.http.paging import Id
from services.api.http.resources import In, Now
from services.api.native.auth import CAMPAIGNS, Authenticated, opened_by
from services.api.native.campaigns import CampaignWithSecret
from services.api.native.problems import documented
from shared.definitions.merge import MergePatch
from shared.domain.outcomes import Outcome

router = APIRouter(
    tags=["campaigns"],
    route_class=opened_by(CAMPAIGNS),
    responses=documented(400, 401, 403, 404, 409, 413, 422),
)

Changes = Annotated[
    dict[str, Any],
    Field(
        description="a merge patch (RFC 7396) of the definition: what is to be different",
        examples=[{"name": "Second round", "calendar": {"end_date": "2027-09-30"}}],
    ),
]


class Clone(BaseModel):
    model_config = ConfigDict(extra="forbid")

    changes: Changes = {}
    contacts: bool = Field(default=False, description="copy its contacts, to be called anew")


class Redial(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcomes: list[Outcome] = Field(
        min_length=1, description="of finished contacts", examples=[["busy", "no_answer"]]
    )
    max_total: int = Field(
        ge=1, le=100, description="how many further attempts a contact gets", examples=[2]
    )
    changes: Changes = {}


class CampaignCopy(CampaignWithSecret):
    contacts: int = Field(default=0, description="how many it has of the other campaign")

    @classmethod
    def copied(cls, result: Copied) -> Self:
        view = cls.written(result.written)
        view.contacts = result.contacts
        return view


def _answer(response: Response, show: Shown, copied: Copied) -> CampaignCopy:
    campaign = copied.written.campaign
    response.headers["Location"] = f"/v1/campaigns/{campaign.id}"
    show.tag(campaign)
    return CampaignCopy.copied(copied)


@router.post("/campaigns/{campaign_id}/clone", status_code=201)
async def clone_campaign(
    campaign_id: Id,
    response: Response,
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
    show: Shown,
    wanted: Annotated[Clone | None, Body(examples=[{"changes": {"name": "Spring"}}])] = None,
) -> CampaignCopy:
    """A new draft with the definition of a campaign in any state, as far as nothing is changed.

    Its contacts come along only if that is asked for: as new as if they were imported, without
    those that have expired, and with the suppressions of the campaign's own list.
    """
    wanted = wanted or Clone()
    patch = MergePatch(wanted.changes)
    copied = await copies.clone(
        resources, caller, campaign_id, patch, with_contacts=wanted.contacts, now=now
    )
    return _answer(response, show, copied)


@router.post("/campaigns/{campaign_id}/redial", status_code=201)
async def redial_campaign(
    campaign_id: Id,
    wanted: Annotated[Redial, Body(examples=[{"outcomes": ["busy", "no_answer"], "max_total": 2}])],
    response: Response,
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
    show: Shown,
) -> CampaignCopy:
    """A new draft with the contacts of a campaign that are finished with one of the outcomes.

    Start it to call them again. It has the definition of the campaign but for `changes`, and
    `max_total` as the budget of attempts. The campaign itself, its contacts and its counters stay
    as they are, and it may go on meanwhile.
    """
    patch = MergePatch(wanted.changes).and_then({"attempts": {"max_total": wanted.max_total}})
    copied = await copies.redial(
        resources, caller, campaign_id, patch, outcomes=wanted.outcomes, now=now
    )
    return _answer(response, show, copied)
