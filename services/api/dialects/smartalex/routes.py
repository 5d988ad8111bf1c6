"""What the routes of SmartAlex share: the credential, ids in paths, pages, the two envelopes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from services.api.dialects.smartalex.errors import Code, refused
from services.api.http.guarded_routes import GuardedRoute, Opening, bearer_token
from services.api.refusals import Refused
from shared.db.api.numbered_pages import PageNumber
from shared.dialects import smartalex_events
from shared.dialects.smartalex import Kind, number_of, spelled
from shared.domain.access import KeyScope

Json = dict[str, Any]

CAMPAIGNS = Opening.of(KeyScope.CAMPAIGNS)
CONTACTS = Opening.of(KeyScope.CONTACTS)
CALLS = Opening.of(KeyScope.CALLS)
WEBHOOKS = Opening.of(KeyScope.WEBHOOKS)


class Route(GuardedRoute):
    """The API key is a bearer token."""

    @override
    def credential(self, request: Request) -> str | None:
        return bearer_token(request)


opened_by = Route.opened_by


class PageQuery(BaseModel):
    """Parameters of a list; one that is not known is refused."""

    model_config = ConfigDict(extra="forbid")

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=100)] = 20

    @property
    def number(self) -> PageNumber:
        return PageNumber(self.page, self.per_page)


def wanted_number(kind: Kind, text: str | None) -> int | None:
    """The number by which a list is filtered; None: by none. An id that is no id is on no row."""
    return None if text is None else number_of(kind, text) or 0


def one(row: Json) -> Json:
    return {"data": row}


def listed(rows: Sequence[Json], total: int, query: PageQuery) -> Json:
    meta = {"total": total, "page": query.page, "per_page": query.per_page}
    return {"data": list(rows), "meta": meta}


def instant(at: datetime | None) -> str | None:
    return None if at is None else smartalex_events.instant(at)


def person_of(contact_id: int, attributes: str | None) -> Json:
    """A contact as calls and callbacks show it; `attributes` is JSON."""
    known = {} if attributes is None else orjson.loads(attributes)
    names = {name: known.get(name) for name in ("first_name", "last_name")}
    return {"id": spelled(Kind.CONTACT, contact_id), **names}


async def _campaign_number(campaign_id: str, request: Request) -> int:
    number = number_of(Kind.CAMPAIGN, campaign_id)
    if number is None:
        raise refused(Code.CAMPAIGN_NOT_FOUND)
    # The audit log names every resource by Outdial's own id.
    request.path_params["campaign_id"] = number
    return number


CampaignId = Annotated[int, Depends(_campaign_number)]


@contextmanager
def not_found_as(code: Code) -> Iterator[None]:
    """A use case does not know the vendor's words for what it does not find."""
    try:
        yield
    except Refused as error:
        if error.code == "not_found":
            raise refused(code) from None
        raise
