"""Commands to campaigns: from the api to the scheduler."""

from datetime import datetime
from typing import ClassVar, Literal, Self

from shared.domain.campaigns import CampaignKey, Command
from shared.kafka.messages.envelope import Data, Message

COMMANDS = "outdial.campaigns.commands.v1"


class CampaignCommandData(Data):
    tenant_id: int
    campaign_id: int
    command: Command

    @property
    def campaign(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)


class CampaignCommand(Message):
    """The owner gave a command; the campaign's row already has the wanted state."""

    topic: ClassVar[str] = COMMANDS
    type: Literal["outdial.campaign.commanded.v1"] = "outdial.campaign.commanded.v1"
    source: str = "/outdial/api"
    data: CampaignCommandData

    @classmethod
    def of(cls, data: CampaignCommandData, *, at: datetime) -> Self:
        return cls(time=at, partitionkey=str(data.campaign_id), data=data)
