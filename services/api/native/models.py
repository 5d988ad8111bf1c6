"""The shapes of the native API's answers and of its small requests."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, Field, WithJsonSchema

from shared.db.api.attempt_records import AttemptRecord
from shared.db.api.campaigns import Campaign
from shared.db.api.contacts import Contact
from shared.db.api.webhook_endpoints import Delivery
from shared.domain.attempts import AttemptState
from shared.domain.campaigns import CampaignState, WantedState
from shared.domain.contacts import ContactState
from shared.domain.deliveries import DeliveryState
from shared.domain.outcomes import Outcome
from shared.domain.reasons import WAITS, Reason


class CampaignView(BaseModel):
    id: int = Field(examples=[17])
    name: str = Field(examples=["Appointment reminders"])
    state: CampaignState
    wanted_state: WantedState = Field(description="what its owner asked for last")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    definition: dict[str, Any] = Field(description="as it is now, without secrets")

    @classmethod
    def of(cls, campaign: Campaign) -> "CampaignView":
        definition = campaign.definition.model_dump(mode="json")
        return cls(**_fields(cls, campaign) | {"definition": definition})


class WebhookSecret(BaseModel):
    url: str
    secret: str = Field(description="shown this once", examples=["whsec_…"])


class CreatedCampaign(CampaignView):
    webhook: WebhookSecret | None = None


class ContactView(BaseModel):
    id: int
    campaign_id: int
    number: str = Field(examples=["+12025550123"])
    external_id: str | None
    attributes: dict[str, Any] | None
    zones: list[str] = Field(description="all must be open; none means: never called")
    zone_source: Literal["contact", "postal_code", "number", "campaign", "unknown"]
    jurisdictions: list[str] = Field(description="whose rules hold", examples=[["US-FL"]])
    jurisdiction_source: str = Field(examples=["postal_code+number"])
    state: ContactState
    outcome: Outcome | None
    attempts: int
    not_before: datetime | None
    waits_for: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(WAITS)})] | None = (
        Field(description="why it is not due yet, or was not")
    )
    expires_at: datetime | None = Field(description="after this it is not called any more")

    @classmethod
    def of(cls, contact: Contact) -> "ContactView":
        attributes = None if contact.attributes is None else orjson.loads(contact.attributes)
        return cls(**_fields(cls, contact) | {"attributes": attributes})


class AttemptView(BaseModel):
    id: UUID
    campaign_id: int
    contact_id: int
    number: int = Field(description="which attempt at the contact this is, from 1")
    state: AttemptState
    outcome: Outcome | None
    reason: str | None = Field(description="why it was dropped, or why nobody knows its end")
    claimed_at: datetime
    window_closes_at: datetime
    dialing_at: datetime | None
    placed_at: datetime | None
    ended_at: datetime | None
    tzdata_version: str = Field(description="version of the zone data in force", examples=["2026b"])
    provider_call_id: str | None

    @classmethod
    def of(cls, attempt: AttemptRecord) -> "AttemptView":
        return cls(**_fields(cls, attempt))


class DeliveryView(BaseModel):
    id: UUID
    state: DeliveryState
    tries: int = Field(description="posts that were made so far")
    next_try_at: datetime | None = Field(description="while it is pending")
    last_status: int | None = Field(description="HTTP status of the last answer")
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryView":
        return cls(**_fields(cls, delivery))


class CampaignPage(BaseModel):
    campaigns: list[CampaignView]
    next_cursor: str | None = Field(description="give it back as `cursor` for what follows")


class ContactPage(BaseModel):
    contacts: list[ContactView]
    next_cursor: str | None


class AttemptPage(BaseModel):
    attempts: list[AttemptView]
    next_cursor: str | None


class DeliveryPage(BaseModel):
    deliveries: list[DeliveryView]
    next_cursor: str | None


class ContactCounts(BaseModel):
    total: int
    pending: int
    active: int = Field(description="with an attempt that has not ended")
    finished: int


class AttemptCounts(BaseModel):
    total: int
    live: int
    ended: int
    dropped: int = Field(description="surely not placed; the contact keeps its budget")


class CountersView(BaseModel):
    contacts: ContactCounts
    attempts: AttemptCounts
    outcomes: dict[str, int] = Field(
        description="attempts that ended, by outcome", examples=[{"answered_human": 3, "busy": 1}]
    )
    finished: dict[str, int] = Field(
        description="contacts that are finished, by outcome", examples=[{"answered_human": 3}]
    )


def _fields(view: type[BaseModel], row: object) -> dict[str, Any]:
    return {name: getattr(row, name) for name in view.model_fields if hasattr(row, name)}
