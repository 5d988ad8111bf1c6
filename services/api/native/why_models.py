"""The shapes of the answers to why, of a contact and of an attempt."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema

from services.api.why import AttemptWhy, Capacity, ContactWhy
from shared.domain.attempts import AttemptState
from shared.domain.calendar.zones import tzdata_version
from shared.domain.capacity.scopes import ScopeKind
from shared.domain.contacts import ContactState
from shared.domain.decision.gates import Block
from shared.domain.outcomes import Outcome
from shared.domain.policy.rules import Rule
from shared.domain.reasons import GATES, Reason

ZoneSource = Literal["contact", "postal_code", "number", "campaign", "unknown"]
Zones = Field(description="all must be open", examples=[["America/New_York"]])
Versions = Field(description="versions of the rule packs", examples=[["US@2026-11-21"]])


class RuleView(BaseModel):
    """A rule of law; `source` is where it can be read."""

    name: str = Field(examples=["us-pa.hours"])
    says: str
    source: str = Field(examples=["73 P.S. 2245(a)(1)"])
    pack: str = Field(description="with its version", examples=["US@2026-11-21"])
    jurisdiction: str = Field(examples=["US-PA"])

    @classmethod
    def of(cls, rule: Rule) -> "RuleView":
        return cls(
            name=rule.name,
            says=rule.says,
            source=rule.source,
            pack=rule.pack,
            jurisdiction=rule.jurisdiction,
        )


class BlockView(BaseModel):
    """Something that forbids the call now."""

    gate: Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(GATES)})]
    until: datetime | None = Field(description="when it ends by itself; null: it does not")
    rule: RuleView | None = Field(description="null: the campaign's own, or its owner's wish")
    detail: dict[str, str | int] = Field(
        description="what was looked at: calls counted, the event of a silence, the zones",
        examples=[{"counted": 3, "max_calls": 3, "hours": 24, "by": "subject"}],
    )

    @classmethod
    def of(cls, block: Block) -> "BlockView":
        rule = None if block.rule is None else RuleView.of(block.rule)
        return cls(gate=block.reason, until=block.until, rule=rule, detail=dict(block.detail))


class LiveAttemptView(BaseModel):
    id: UUID
    state: AttemptState
    claimed_at: datetime


class CapacityView(BaseModel):
    """Caps of one scope, with the live attempts in it."""

    scope: ScopeKind
    max_concurrent: int | None
    calls_per_second: int | None
    claimed: int = Field(description="attempts that wait to be dialed")
    dialed: int = Field(description="attempts that hold a permit")

    @classmethod
    def of(cls, capacity: Capacity) -> "CapacityView":
        return cls.model_validate(
            {
                "scope": capacity.scope,
                "max_concurrent": capacity.caps.max_concurrent,
                "calls_per_second": capacity.caps.calls_per_second,
                "claimed": capacity.in_use.claimed,
                "dialed": capacity.in_use.dialed,
            }
        )


class ContactWhyView(BaseModel):
    contact_id: int
    campaign_id: int
    at: datetime
    state: ContactState
    outcome: Outcome | None
    attempt: LiveAttemptView | None = Field(description="the one that has not ended")
    allowed: bool = Field(description="whether it may be called at this instant")
    next_at: datetime | None = Field(
        description="the next instant at which it may be called, as things are; null: at none"
    )
    waits_for: Literal[Reason.PACING] | None = Field(
        description="pacing: for nothing but its turn under the caps"
    )
    binding: BlockView | None = Field(description="the block that lasts longest")
    blocks: list[BlockView] = Field(description="all of them, in the order in which they are asked")
    capacity: list[CapacityView] = Field(description="the caps above it, if it waits for pacing")
    zones: list[str] = Zones
    zone_source: ZoneSource
    jurisdictions: list[str] = Field(examples=[["US-PA"]])
    jurisdiction_source: str = Field(examples=["number"])
    rules: list[str] = Versions
    tzdata_version: str = Field(description="version of the zone data in force", examples=["2026b"])

    @classmethod
    def of(cls, why: ContactWhy) -> "ContactWhyView":
        scene, verdict, group = why.scene, why.verdict, why.scene.group
        return cls.model_validate(
            {
                "contact_id": scene.id,
                "campaign_id": scene.campaign.id,
                "at": why.at,
                "state": scene.state,
                "outcome": scene.outcome,
                "attempt": scene.live,
                "allowed": verdict.allowed,
                "next_at": why.next_at,
                "waits_for": Reason.PACING if verdict.allowed else None,
                "binding": None if verdict.binding is None else BlockView.of(verdict.binding),
                "blocks": [BlockView.of(block) for block in verdict.blocks],
                "capacity": [CapacityView.of(each) for each in why.capacity],
                "zones": list(group.zones),
                "zone_source": group.source,
                "jurisdictions": list(group.jurisdictions),
                "jurisdiction_source": group.jurisdiction_source,
                "rules": why.rules.versions.split(),
                "tzdata_version": tzdata_version(),
            },
            from_attributes=True,
        )


class StoppedView(BaseModel):
    """Why it surely was not placed."""

    reason: str = Field(examples=["frequency_cap"])
    at: datetime
    rule_name: str | None
    rule: RuleView | None = Field(description="as it is now; null if there is no such rule")


class AttemptWhyView(BaseModel):
    attempt_id: UUID
    contact_id: int
    campaign_id: int
    number: int = Field(description="which attempt at the contact this is, from 1")
    state: AttemptState
    outcome: Outcome | None
    reason: str | None
    claimed_at: datetime
    dialing_at: datetime | None
    ended_at: datetime | None
    window_closes_at: datetime = Field(description="of the window in which it was allowed")
    rules: list[str] = Field(description="versions of the rule packs that allowed it")
    tzdata_version: str = Field(description="version of the zone data that allowed it")
    stopped: StoppedView | None
    contact: ContactWhyView = Field(description="how it is with the contact now")

    @classmethod
    def of(cls, why: AttemptWhy) -> "AttemptWhyView":
        scene = why.scene
        stopped = None
        if scene.state == AttemptState.DROPPED and scene.ended_at is not None:
            stopped = StoppedView(
                reason=scene.reason or "",
                at=scene.ended_at,
                rule_name=scene.stopped_by,
                rule=None if why.rule is None else RuleView.of(why.rule),
            )
        fields = {name: getattr(scene, name) for name in cls.model_fields if hasattr(scene, name)}
        return cls.model_validate(
            fields
            | {
                "attempt_id": scene.id,
                "rules": scene.rules.split(),
                "stopped": stopped,
                "contact": ContactWhyView.of(why.contact),
            }
        )
