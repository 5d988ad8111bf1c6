"""Routes of campaigns: create, read, edit, delete, command, count."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, BeforeValidator, Field

from services.api import campaigns, edits
from services.api.campaigns import Written
from services.api.http.etags import IfMatch, Shown
from services.api.http.paging import FollowablePage, Id, Moment, Text, View
from services.api.http.resources import In, Now
from services.api.native.auth import CAMPAIGNS, Authenticated, opened_by
from services.api.native.following import AskedToFollow
from services.api.native.patches import patch_of
from services.api.native.problems import documented
from services.api.native.spend import SpendCeilingView
from shared.db import counters, spend
from shared.db.api import added
from shared.db.api import campaigns as campaign_rows
from shared.db.api.campaigns import CampaignFilter, CampaignSort
from shared.definitions.campaign import CampaignDefinition
from shared.definitions.edit import CampaignEdit
from shared.definitions.merge import MergePatch
from shared.domain.campaigns import CampaignState, Command, WantedState

EXAMPLE = {
    "name": "Appointment reminders",
    "calendar": {
        "windows": [
            {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "20:00"}
        ],
        "end_date": "2027-06-30",
    },
    "default_region": "US",
    "attempts": {
        "max_total": 3,
        "max_per_day": 2,
        "retry": {"busy": {"delay_seconds": 600}, "no_answer": {"delay_seconds": 7200}},
    },
    "caps": {"max_concurrent": 50, "calls_per_second": 20},
    "webhook": {"url": "https://example.com/outdial"},
}

EDIT_EXAMPLE = {
    "caps": {"max_concurrent": 10},
    "calendar": {"windows": [{"days": ["mon", "tue"], "start": "10:00", "end": "16:00"}]},
}

router = APIRouter(
    tags=["campaigns"], route_class=opened_by(CAMPAIGNS), responses=documented(401, 403, 422)
)


def _dumped(definition: CampaignDefinition) -> dict[str, Any]:
    return definition.model_dump(mode="json")


class CampaignView(View):
    id: int = Field(examples=[17])
    name: str = Field(examples=["Appointment reminders"])
    state: CampaignState
    wanted_state: WantedState = Field(description="the state that the last command asks for")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    definition: Annotated[dict[str, Any], BeforeValidator(_dumped)] = Field(
        description="as it is now, without secrets"
    )
    call_flow_version: int | None = Field(
        description="version of the tenant's own call flow, fixed at the start; null: none, or the "
        "newest"
    )


class CampaignDetail(CampaignView):
    spend_ceilings: list[SpendCeilingView] = Field(
        default_factory=list,
        description="its own ceilings and its tenant's; calls that were dialed without one do not "
        "count",
    )


class WebhookSecret(BaseModel):
    url: str
    secret: str = Field(description="shown this once", examples=["whsec_…"])


class CampaignWithSecret(CampaignView):
    webhook: WebhookSecret | None = Field(
        default=None, description="only if this request made the endpoint"
    )

    @classmethod
    def written(cls, result: Written) -> Self:
        view, webhook = cls.of(result.campaign), result.campaign.definition.webhook
        if webhook is not None and result.secret is not None:
            view.webhook = WebhookSecret(url=webhook.url, secret=result.secret)
        return view


class CampaignPage(FollowablePage):
    campaigns: list[CampaignView]


class ContactCounts(BaseModel):
    total: int
    pending: int
    active: int = Field(description="with an attempt that has not ended")
    finished: int


class AttemptCounts(BaseModel):
    total: int
    live: int
    ended: int
    dropped: int = Field(description="certainly not placed; the contact keeps its budget")


class CountersView(BaseModel):
    contacts: ContactCounts
    attempts: AttemptCounts
    outcomes: dict[str, int] = Field(
        description="attempts that ended, by outcome", examples=[{"answered_human": 3, "busy": 1}]
    )
    finished: dict[str, int] = Field(
        description="contacts that are finished, by outcome", examples=[{"answered_human": 3}]
    )


@router.post("/campaigns", status_code=201, responses=documented(400, 413))
async def create_campaign(
    definition: Annotated[CampaignDefinition, Body(examples=[EXAMPLE])],
    response: Response,
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
    show: Shown,
) -> CampaignWithSecret:
    """A campaign in `draft`. The secret of its webhook is shown in this answer only."""
    created = await campaigns.create(resources, caller, definition, now=now)
    response.headers["Location"] = f"/v1/campaigns/{created.campaign.id}"
    show.tag(created.campaign)
    return CampaignWithSecret.written(created)


@router.get("/campaigns", responses=documented(400))
async def list_campaigns(
    resources: In,
    caller: Authenticated,
    asked: AskedToFollow,
    *,
    state: Annotated[CampaignState | None, Query()] = None,
    name: Annotated[
        Text | None, Query(description="a part of the name, in small letters or capitals")
    ] = None,
    created_since: Annotated[Moment | None, Query(description="then or later")] = None,
    created_until: Annotated[Moment | None, Query(description="before then")] = None,
    sort: Annotated[
        CampaignSort, Query(description="- before a field: in reverse")
    ] = CampaignSort.NEWEST,
) -> CampaignPage:
    """Newest first, or as `sort` says."""
    wanted = CampaignFilter(state=state, name=name, since=created_since, until=created_until)
    async with resources.pool.transaction(caller.tenant_id, keep=False) as conn:
        if asked.follows:
            return await asked.followed(conn, CampaignPage, added.CAMPAIGNS)
        if sort is CampaignSort.NEWEST:
            rows = await campaign_rows.page(
                conn,
                tenant_id=caller.tenant_id,
                wanted=wanted,
                before=asked.after(int),
                limit=asked.limit,
            )
            return asked.page(CampaignPage, rows)
        rows = await campaign_rows.sorted_page(
            conn,
            tenant_id=caller.tenant_id,
            wanted=wanted,
            sort=sort,
            after=asked.after(_name_and_id),
            limit=asked.limit,
        )
    return asked.page(CampaignPage, rows, lambda row: (row.name, row.id))


def _name_and_id(name: str, campaign_id: int) -> tuple[str, int]:
    return name, campaign_id


@router.get("/campaigns/{campaign_id}", responses=documented(404))
async def read_campaign(
    campaign_id: Id, resources: In, caller: Authenticated, show: Shown
) -> CampaignDetail:
    """Its ETag is that of the campaign, whatever its `spend_ceilings` have come to."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        campaign = await campaigns.owned(conn, caller, campaign_id)
        key = caller.campaign(campaign_id)
        policies = await resources.policies.current(conn, [key])
        ceilings = await spend.standing_of(conn, policies)
    show.tag(campaign)
    view = CampaignDetail.of(campaign)
    view.spend_ceilings = [SpendCeilingView.of(ceiling) for ceiling in ceilings.get(key, ())]
    return view


@router.patch("/campaigns/{campaign_id}", responses=documented(400, 404, 409, 412, 413))
async def edit_campaign(
    campaign_id: Id,
    edit: Annotated[CampaignEdit | MergePatch, patch_of(CampaignEdit, [EDIT_EXAMPLE])],
    resources: In,
    caller: Authenticated,
    *,
    now: Now,
    seen: IfMatch,
    show: Shown,
) -> CampaignWithSecret:
    """Each given part replaces that part of the definition, also while the campaign runs.

    Contacts that wait for a time which followed from it get another one within moments.
    A merge patch (RFC 7396) changes what is inside a part, too, and null removes it: it has its
    default again.
    An attempt that was claimed under the old definition is dialed only if the new one allows it.
    `caller_id`, `number_pool`, `call_flow`, `agent`, `trunk` and `webhook` change only in a draft,
    `default_region` and `default_zone` only before its first contact: contacts are read by them.
    A webhook that moves keeps its secret; the secret of a new one is shown in this answer only.
    """
    edited = await edits.edit(resources, caller, campaign_id, edit, seen=seen, now=now)
    show.tag(edited.campaign)
    return CampaignWithSecret.written(edited)


@router.delete("/campaigns/{campaign_id}", status_code=204, responses=documented(404, 409, 412))
async def delete_campaign(
    campaign_id: Id, resources: In, caller: Authenticated, seen: IfMatch
) -> None:
    """Delete a draft with its contacts and its suppressions, for good.

    A campaign that was started is not deleted; it can be cancelled.
    """
    await campaigns.delete(resources, caller, campaign_id, seen=seen)


COMMANDS = {
    Command.START: "Contacts may be called from now on, inside their windows.",
    Command.PAUSE: "No new call is placed; calls that are up go on.",
    Command.RESUME: "Calls are placed again after a pause.",
    Command.CANCEL: "No new call is placed, for good.",
}


def _command_route(command: Command) -> Callable[..., Awaitable[CampaignView]]:
    async def give_command(
        campaign_id: Id, resources: In, caller: Authenticated, now: Now
    ) -> CampaignView:
        campaign = await campaigns.give_command(resources, caller, campaign_id, command, now=now)
        return CampaignView.of(campaign)

    return give_command


for _command, _description in COMMANDS.items():
    router.add_api_route(
        f"/campaigns/{{campaign_id}}/{_command}",
        _command_route(_command),
        methods=["POST"],
        status_code=202,
        name=f"{_command}_campaign",
        description=_description,
        responses=documented(404, 409),
    )


@router.post("/campaigns/{campaign_id}/reopen", responses=documented(404, 409))
async def reopen_campaign(
    campaign_id: Id, resources: In, caller: Authenticated, now: Now
) -> CampaignView:
    """A completed campaign becomes a paused one: add contacts, then resume it.

    Without new contacts it is completed again as soon as it runs, unless it has `keep_open`.
    """
    return CampaignView.of(await campaigns.reopen(resources, caller, campaign_id, now=now))


@router.get("/campaigns/{campaign_id}/counters", responses=documented(404))
async def read_counters(campaign_id: Id, resources: In, caller: Authenticated) -> CountersView:
    """All counts are of one moment; each is added in the transaction of its fact."""
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await campaigns.owned(conn, caller, campaign_id)
        return _counted(await counters.of_campaign(conn, caller.campaign(campaign_id)))


def _counted(values: dict[str, int]) -> CountersView:
    outcomes = _named(values, counters.OUTCOME)
    finished = _named(values, counters.FINISHED)
    contact_total = values.get(counters.CONTACTS, 0)
    attempt_total = values.get(counters.ATTEMPTS, 0)
    dropped = values.get(counters.DROPPED, 0)
    ended, done = sum(outcomes.values()), sum(finished.values())
    live = attempt_total - dropped - ended
    return CountersView(
        contacts=ContactCounts(
            total=contact_total, pending=contact_total - done - live, active=live, finished=done
        ),
        attempts=AttemptCounts(total=attempt_total, live=live, ended=ended, dropped=dropped),
        outcomes=outcomes,
        finished=finished,
    )


def _named(values: dict[str, int], prefix: str) -> dict[str, int]:
    return {
        name.removeprefix(prefix): value
        for name, value in sorted(values.items())
        if name.startswith(prefix) and value
    }
