"""Rules of law as the why answers cite them, with the tenant's choices about them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from services.api.http.paging import View


class CitedRule(View):
    """A rule of law; `source` is where it can be read."""

    name: str = Field(examples=["us-pa.hours"])
    says: str
    source: str = Field(examples=["73 P.S. 2245(a)(1)"])
    pack: str = Field(description="with its version", examples=["US@2026-11-21"])
    jurisdiction: str = Field(examples=["US-PA"])


class ChosenRuleView(View):
    """A rule about such calls that the tenant overrode or turned on."""

    rule: CitedRule
    grade: str = Field(description="how well its source was read", examples=["D"])
    standing: Literal["overridden", "turned_on"] = Field(
        description="overridden: the rule does not hold · turned_on: it holds, though it is off "
        "for others"
    )
    person: str = Field(description="who is responsible", examples=["Dana Reyes, compliance"])
    reason: str = Field(examples=["All contacts of this tenant have given written consent."])
    at: datetime = Field(description="when it was chosen")


class StoppedView(BaseModel):
    """Why a dropped attempt was not placed."""

    reason: str = Field(examples=["frequency_cap"])
    at: datetime
    rule_name: str | None
    rule: CitedRule | None = Field(description="as it is now; null if there is no such rule")
