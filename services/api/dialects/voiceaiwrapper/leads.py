"""VoiceAIWrapper's routes of leads, in both versions: add one, add and change many, change one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

import orjson
from fastapi import APIRouter, Body
from pydantic import AfterValidator, Field, field_validator, model_validator

from services.api import imports
from services.api.dialects.voiceaiwrapper import lead_updates
from services.api.dialects.voiceaiwrapper.errors import (
    FORBIDDEN_TENANT,
    LEAD_NOT_FOUND,
    LEAD_NOT_UPDATED,
    not_found,
)
from services.api.dialects.voiceaiwrapper.lead_updates import NOT_A_LEAD, LeadUpdate, UpdateResult
from services.api.dialects.voiceaiwrapper.routes import (
    CONTACTS,
    OF_CAMPAIGNS,
    V1,
    V2,
    CampaignId,
    Json,
    opened_by,
    outbound,
    success,
)
from services.api.http.auth import Caller
from services.api.http.guarded_routes import Authenticated
from services.api.http.resources import In, Now, Resources
from services.api.imports import Added
from services.api.refusals import Refused
from shared.definitions.base import Definition, refuse
from shared.definitions.call import without_nul
from shared.dialects.voiceaiwrapper import NAMED, Kind, number_of
from shared.intake.csv_file import LONGEST_CELL
from shared.intake.json_contacts import DEEPEST, is_storable
from shared.intake.remedies import REMEDIES

MOST_LEADS = 1_000
ADDED = "Lead added to the campaign successfully"
QUEUED = "Leads are queued to be added to the campaign"
ALREADY = "is already a lead of this campaign; update that one"
OTHER_TENANT = "the API key is not of this tenant"
Text = Annotated[str, Field(max_length=256), AfterValidator(without_nul)]

router = APIRouter(route_class=opened_by(CONTACTS))


class Lead(Definition):
    """What is known of a lead beside its number is a variable of its calls."""

    phone_number: Annotated[str, Field(max_length=256)]
    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None
    custom_fields: dict[str, Any] | None = None

    @field_validator("custom_fields")
    @classmethod
    def are_storable(cls, fields: dict[str, Any] | None) -> dict[str, Any] | None:
        if not is_storable(fields):
            raise ValueError(
                f"must be JSON without NUL characters, 64-bit, at most {DEEPEST} levels deep"
            )
        if len(orjson.dumps(fields)) > LONGEST_CELL:
            raise ValueError("must not be longer than 64 KiB")
        if fields and not fields.keys().isdisjoint(NAMED):
            raise ValueError(f"must not have {', '.join(NAMED)}: they are fields of the lead")
        return fields

    def attributes(self) -> dict[str, Any]:
        """The fields that are given, by the names of the variables of a call."""
        named = self.model_dump(include=set(NAMED), exclude_unset=True)
        return named | (self.custom_fields or {})

    def entry(self) -> imports.Entry:
        given = {name: value for name, value in self.attributes().items() if value is not None}
        return imports.Entry(number=self.phone_number, attributes=given or None)


class TenantLead(Lead):
    """Of the first version, which names its tenant."""

    tenant_id: Annotated[str, Field(max_length=100)]


class ChangedLead(Lead):
    """`do_not_call` holds in all campaigns of the tenant. False lifts nothing."""

    do_not_call: Annotated[bool, Field(strict=True)] | None = None
    mark_as_unanswered: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def is_called_or_not(self) -> Self:
        if self.do_not_call and self.mark_as_unanswered:
            refuse(type(self), [(("mark_as_unanswered",), "contradicts do_not_call")])
        return self

    def update(self) -> LeadUpdate:
        return LeadUpdate(
            number=self.phone_number,
            attributes=self.attributes(),
            do_not_call=self.do_not_call,
            mark_as_unanswered=self.mark_as_unanswered or False,
        )


class TenantChangedLead(ChangedLead):
    tenant_id: Annotated[str, Field(max_length=100)] | None = None


@router.post(f"{V2}{OF_CAMPAIGNS}/{{campaign_id}}/leads", status_code=201)
async def add_lead(
    campaign_id: CampaignId, new: Lead, resources: In, caller: Authenticated, now: Now
) -> Json:
    (added,) = await _added(resources, caller, campaign_id, [new], now=now)
    fault = _fault(added)
    if fault is not None:
        raise Refused(*fault, field=("phone_number",))
    return success(ADDED)


@router.post(f"{V1}{OF_CAMPAIGNS}/{{campaign_id}}/leads", status_code=201)
async def add_lead_of_tenant(
    campaign_id: CampaignId, new: TenantLead, resources: In, caller: Authenticated, now: Now
) -> Json:
    _refuse_other_tenant(caller, new.tenant_id)
    return await add_lead(campaign_id, new, resources, caller, now)


@router.post(f"{V2}{OF_CAMPAIGNS}/{{campaign_id}}/leads/bulk", status_code=202)
async def add_leads(
    campaign_id: CampaignId,
    new: Annotated[list[Lead], Body(min_length=1, max_length=MOST_LEADS)],
    resources: In,
    caller: Authenticated,
    now: Now,
) -> Json:
    """The leads are there when the answer is; the faulty ones are named by their index."""
    added = await _added(resources, caller, campaign_id, new, now=now)
    errors = {
        f"{index}.phone_number": [fault[1]]
        for index, fault in enumerate(map(_fault, added))
        if fault is not None
    }
    return success(QUEUED) | ({"errors": errors} if errors else {})


@router.patch(f"{V2}{OF_CAMPAIGNS}/{{campaign_id}}/leads/update/bulk")
async def update_leads(
    campaign_id: CampaignId,
    changed: Annotated[list[ChangedLead], Body(min_length=1, max_length=MOST_LEADS)],
    resources: In,
    caller: Authenticated,
    now: Now,
) -> Json:
    results = await _updated(resources, caller, campaign_id, changed, now=now)
    return success("Bulk lead update completed") | {
        "results": [
            {
                "index": index,
                "phone_number": lead.phone_number,
                "success": result.is_done,
                "message": result.message,
            }
            for index, (lead, result) in enumerate(zip(changed, results, strict=True))
        ]
    }


@router.patch(f"{V1}{OF_CAMPAIGNS}/{{campaign_id}}/lead/update")
async def update_lead_of_tenant(
    campaign_id: CampaignId,
    changed: TenantChangedLead,
    resources: In,
    caller: Authenticated,
    now: Now,
) -> Json:
    if changed.tenant_id is not None:
        _refuse_other_tenant(caller, changed.tenant_id)
    (result,) = await _updated(resources, caller, campaign_id, [changed], now=now)
    if result is NOT_A_LEAD:
        raise not_found(LEAD_NOT_FOUND)
    if not result.is_done:
        raise Refused(LEAD_NOT_UPDATED, result.message)
    return success(result.message)


async def _added(
    resources: Resources, caller: Caller, campaign_id: int, new: Sequence[Lead], *, now: datetime
) -> list[Added]:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await outbound(conn, caller, campaign_id)
        entries = [lead.entry() for lead in new]
        return await imports.add(resources, caller, campaign_id, entries, now=now)


async def _updated(
    resources: Resources,
    caller: Caller,
    campaign_id: int,
    changed: Sequence[ChangedLead],
    *,
    now: datetime,
) -> list[UpdateResult]:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        _, settings = await outbound(conn, caller, campaign_id)
        return await lead_updates.update(
            resources,
            conn,
            caller,
            campaign_id,
            [lead.update() for lead in changed],
            voicemail_too=settings["consider_voicemail_as_answered"],
            now=now,
        )


def _fault(added: Added) -> tuple[str, str] | None:
    """The code of a lead that was not added, and why; one that is suppressed is added."""
    if added.result == "duplicate":
        return "duplicate", ALREADY
    return None if added.fault is None else (added.fault.reason, REMEDIES[added.fault.reason])


def _refuse_other_tenant(caller: Caller, tenant_id: str) -> None:
    if number_of(Kind.TENANT, tenant_id) != caller.tenant_id:
        raise Refused(FORBIDDEN_TENANT, OTHER_TENANT)
