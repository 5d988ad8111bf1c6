"""An edit of an existing campaign: whole parts of its definition that take a new value."""

from pydantic import Field

from shared.definitions.attempts import AttemptsDefinition
from shared.definitions.base import Definition
from shared.definitions.calendar import CalendarDefinition, WindowDefinition
from shared.definitions.call import CallFlowChoice, MachineDefinition
from shared.definitions.campaign import (
    CampaignDefinition,
    CapsDefinition,
    ShareDefinition,
    WebhookDefinition,
)
from shared.definitions.limits import FrequencyCapDefinition, SilenceDefinition
from shared.definitions.sms import SmsDefinition
from shared.definitions.spend import CampaignSpendDefinition
from shared.domain.policy.rules import CallKind

# Parts that change only while the campaign is a draft: calls and posts under way depend on them.
DRAFT_ONLY = frozenset(
    {
        "caller_id",
        "number_pool",
        "call_flow",
        "agent",
        "trunk",
        "default_region",
        "default_zone",
        "webhook",
    }
)
# Parts by which contacts are read: the number and the zones of a contact stay as they were read.
READ_BY = frozenset({"default_region", "default_zone"})

# Parts from which the times of contacts that wait were made.
PLANNED_BY = frozenset(
    {
        "attempts",
        "calendar",
        "default_zone_windows",
        "frequency_caps",
        "silences",
        "subject",
        "kind",
        "automated",
    }
)

IN_DRAFT = "only while the campaign is a draft"
BEFORE_CONTACTS = "only while the campaign is a draft without contacts, which are read by it"


class CampaignEdit(Definition):
    """Parts that are given replace those of the definition; the others stay.

    The result is validated as a whole, so a part may be null only where a definition allows it.
    """

    name: str | None = None
    description: str | None = None
    calendar: CalendarDefinition | None = None
    attempts: AttemptsDefinition | None = None
    caps: CapsDefinition | None = None
    share: ShareDefinition | None = None
    spend_ceiling: CampaignSpendDefinition | None = None
    frequency_caps: list[FrequencyCapDefinition] | None = None
    silences: list[SilenceDefinition] | None = None
    subject: str | None = None
    kind: CallKind | None = None
    automated: bool | None = None
    keep_open: bool | None = None
    ring_seconds: int | None = None
    talk_seconds_most: int | None = None
    machine: MachineDefinition | None = None
    sms: SmsDefinition | None = None
    default_zone_windows: list[WindowDefinition] | None = None
    caller_id: str | None = Field(default=None, description=IN_DRAFT)
    agent: str | None = Field(default=None, description=IN_DRAFT)
    number_pool: str | None = Field(default=None, description=IN_DRAFT)
    call_flow: CallFlowChoice | None = Field(default=None, description=IN_DRAFT)
    trunk: str | list[str] | None = Field(default=None, description=IN_DRAFT)
    webhook: WebhookDefinition | None = Field(default=None, description=IN_DRAFT)
    default_region: str | None = Field(default=None, description=BEFORE_CONTACTS)
    default_zone: str | None = Field(default=None, description=BEFORE_CONTACTS)

    def edited(self, before: CampaignDefinition) -> CampaignDefinition:
        """The definition after the edit; ValidationError if it is not valid."""
        parts = before.model_dump(mode="json") | self.model_dump(mode="json", exclude_unset=True)
        return CampaignDefinition.model_validate(parts)


def changes(before: CampaignDefinition, after: CampaignDefinition) -> set[str]:
    """The names of the parts that differ."""
    return {
        name
        for name in CampaignDefinition.model_fields
        if getattr(before, name) != getattr(after, name)
    }
