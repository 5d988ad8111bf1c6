"""The route that erases a person."""

from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.api import erasures
from services.api.http.paging import Text
from services.api.http.resources import In, Now
from services.api.native.auth import CONTACTS, Authenticated, opened_by
from services.api.native.operations import OperationView
from services.api.native.problems import documented
from shared.intake.json_contacts import is_storable

router = APIRouter(
    tags=["contacts"], route_class=opened_by(CONTACTS), responses=documented(401, 403, 422)
)


class NewErasure(BaseModel):
    """A `number` or an `external_id`, which stands for all numbers of its contacts."""

    model_config = ConfigDict(extra="forbid")

    number: str | None = Field(
        default=None,
        max_length=256,
        description="with + and country code",
        examples=["+12025550123"],
    )
    external_id: Text | None = Field(default=None, examples=["A1"])
    keep_suppression: bool = Field(
        default=True,
        description="true: the number stays on the list of all campaigns, so that nobody calls it "
        "again. false: it leaves all lists, also if the person had opted out",
    )

    @field_validator("external_id")
    @classmethod
    def _is_storable(cls, value: object) -> object:
        if not is_storable(value):
            raise ValueError("must be text of whole characters, without NUL")
        return value


@router.post("/erasures", status_code=202, responses=documented(400, 413))
async def erase_person(
    asked: Annotated[NewErasure, Body(examples=[{"number": "+12025550123"}])],
    response: Response,
    resources: In,
    caller: Authenticated,
    now: Now,
) -> OperationView:
    """Erase what is known of a person, who is a number of the tenant.

    From now on no call begins to the number. Its contacts, attempts, calls, text messages and what
    else names it are erased by the operation of the answer, after the call that may be up; a file
    that was uploaded before is imported first. Counters and spend keep their figures.
    """
    begun = await erasures.begin(
        resources,
        caller,
        number=asked.number,
        external_id=asked.external_id,
        keep_suppression=asked.keep_suppression,
        now=now,
    )
    response.headers["Location"] = f"/v1/operations/{begun.id}"
    return OperationView.of(begun)
