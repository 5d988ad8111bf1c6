"""Wavix's call detail records: all calls of the tenant, by day, as pages, lines and a file."""

import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.dialects.wavix.auth import CALLS, WavixRoute
from services.api.dialects.wavix.errors import invalid
from services.api.http.auth import Caller
from services.api.http.guarded_routes import Authenticated
from services.api.http.resources import In, Resources
from services.api.refusals import Refused, not_found
from shared.db.api import dated_calls
from shared.db.api.call_records import plan_by_values
from shared.db.api.dated_calls import DatedCall, Wanted
from shared.dialects import wavix
from shared.dialects.wavix import DISPOSITIONS, EndedCall
from shared.domain.outcomes import Outcome

LARGEST_PAGE = 1_000
MOST_PAGES = 10_000
# Small enough that the other requests of the process do not wait for the lines of a page.
EXPORTED_AT_ONCE = 500
ENDS_BEFORE = "must not be before `from`"
NDJSON = "application/x-ndjson"
# A spreadsheet takes a text that begins so for a formula, unless an apostrophe stands before it.
_FORMULA = re.compile(r"[=+\-@\t\r]")
COLUMNS = (
    "date",
    "from",
    "to",
    "disposition",
    "duration",
    "destination",
    "per_minute",
    "charge",
    "sip_trunk",
    "forward_fee",
    "uuid",
    "answered_by",
)

Written = Callable[[Sequence[DatedCall]], bytes]

router = APIRouter(route_class=WavixRoute.opened_by(CALLS))

# Part of a number, where a plus sign in an address is a space.
Digits = Annotated[str, StringConstraints(pattern=r"^[+ ]?[0-9]{1,15}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class CdrQuery(BaseModel):
    """Days are those of UTC, both inclusive. Only answered calls, unless another is asked for."""

    model_config = ConfigDict(extra="forbid")

    appid: str | None = None
    from_: date = Field(alias="from", ge=date(1971, 1, 1), le=date(9998, 12, 31))
    to: date = Field(ge=date(1971, 1, 1), le=date(9998, 12, 31))
    type: Literal["placed", "received"]
    disposition: Literal["answered", "noanswer", "busy", "failed", "all"] = "answered"
    from_search: Digits | None = None
    to_search: Digits | None = None
    sip_trunk: Text | None = None
    uuid: UUID | None = None

    def wanted(self) -> Wanted:
        if self.to < self.from_:
            raise Refused("out_of_range", ENDS_BEFORE, field=("to",))
        return Wanted(
            since=_midnight(self.from_),
            until=_midnight(self.to + timedelta(days=1)),
            outcomes=_outcomes(self.disposition),
            caller_id_part=_digits(self.from_search),
            number_part=_digits(self.to_search),
            trunk=self.sip_trunk,
            attempt_id=self.uuid,
        )


class CdrPageQuery(CdrQuery):
    page: int = Field(default=1, ge=1, le=MOST_PAGES)
    per_page: int = Field(default=25, ge=1, le=LARGEST_PAGE)


Asked = Annotated[CdrQuery, Query()]
AskedPage = Annotated[CdrPageQuery, Query()]


@router.get("/v1/cdr", name="wavix_list_cdrs")
@router.get("/v1/cdrs", name="wavix_list_cdrs")
async def list_cdrs(asked: AskedPage, resources: In, caller: Authenticated) -> JSONResponse:
    wanted = asked.wanted()
    total = 0
    if asked.type == "placed":
        async with resources.pool.transaction(caller.tenant_id) as conn:
            await plan_by_values(conn)
            total = await dated_calls.count(conn, tenant_id=caller.tenant_id, wanted=wanted)
    pagination = {
        "current_page": asked.page,
        "per_page": asked.per_page,
        "total": total,
        "total_pages": -(-total // asked.per_page),
    }
    calls = await _page(resources, caller, asked, wanted) if total else []
    return JSONResponse({"items": list(map(_cdr, calls)), "pagination": pagination})


@router.get("/v1/cdr/all", name="wavix_stream_cdrs")
@router.get("/v1/cdrs/all", name="wavix_stream_cdrs")
async def stream_cdrs(asked: AskedPage, resources: In, caller: Authenticated) -> Response:
    """The records of the days, or a page of them, as a JSON object per line."""
    wanted = asked.wanted()
    if asked.model_fields_set.isdisjoint({"page", "per_page"}) or asked.type == "received":
        parts = _export(resources, caller, asked, wanted, _lines)
        return StreamingResponse(parts, media_type=NDJSON)
    calls = await _page(resources, caller, asked, wanted)
    return Response(_lines(calls), media_type=NDJSON)


@router.get("/v1/cdr.csv", name="wavix_export_cdrs")
@router.get("/v1/cdrs.csv", name="wavix_export_cdrs")
async def export_cdrs(asked: Asked, resources: In, caller: Authenticated) -> StreamingResponse:
    """Every record of the days as CSV."""
    wanted, first = asked.wanted(), _csv([list(COLUMNS)])
    parts = _export(resources, caller, asked, wanted, _rows, first=first)
    headers = {"Content-Disposition": 'attachment; filename="cdr.csv"'}
    return StreamingResponse(parts, media_type="text/csv", headers=headers)


@router.get("/v1/cdr/{id:uuid}", name="wavix_read_cdr")
@router.get("/v1/cdrs/{id:uuid}", name="wavix_read_cdr")
async def read_cdr(
    attempt_id: Annotated[UUID, Path(alias="id")],
    resources: In,
    caller: Authenticated,
    *,
    show_transcription: bool = False,
) -> Response:
    if show_transcription:
        # There are none.
        return invalid("show_transcription")
    async with resources.pool.transaction(caller.tenant_id) as conn:
        call = await dated_calls.get(conn, tenant_id=caller.tenant_id, attempt_id=attempt_id)
    if call is None:
        raise not_found("call")
    return JSONResponse(_cdr(call) | {"recording_url": call.facts.recording_url})


async def _page(
    resources: Resources, caller: Caller, asked: CdrPageQuery, wanted: Wanted
) -> list[DatedCall]:
    async with resources.pool.transaction(caller.tenant_id) as conn:
        await plan_by_values(conn)
        return await dated_calls.page(
            conn,
            tenant_id=caller.tenant_id,
            wanted=wanted,
            skipped=(asked.page - 1) * asked.per_page,
            limit=asked.per_page,
        )


async def _export(
    resources: Resources,
    caller: Caller,
    asked: CdrQuery,
    wanted: Wanted,
    written: Written,
    *,
    first: bytes = b"",
) -> AsyncIterator[bytes]:
    """Page by page: memory stays the same, and a slow client occupies no connection."""
    yield first
    if asked.type == "received":
        return
    before = None
    while True:
        async with resources.pool.transaction(caller.tenant_id) as conn:
            await plan_by_values(conn)
            calls = await dated_calls.page(
                conn,
                tenant_id=caller.tenant_id,
                wanted=wanted,
                before=before,
                limit=EXPORTED_AT_ONCE,
            )
        yield written(calls)
        if len(calls) < EXPORTED_AT_ONCE:
            return
        before = calls[-1].attempt_id


def _lines(calls: Sequence[DatedCall]) -> bytes:
    return b"".join(orjson.dumps(_cdr(call), option=orjson.OPT_APPEND_NEWLINE) for call in calls)


def _rows(calls: Sequence[DatedCall]) -> bytes:
    records = map(_cdr, calls)
    return _csv([[_cell(record[name]) for name in COLUMNS] for record in records])


def _csv(lines: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _cdr(call: DatedCall) -> dict[str, Any]:
    return wavix.call_detail_record(
        EndedCall(
            id=call.attempt_id,
            caller_id=call.caller_id,
            number=call.number,
            trunk=call.trunk,
            dialing_at=call.dialing_at,
            outcome=call.outcome,
            facts=call.facts,
        )
    )


def _outcomes(disposition: str) -> list[Outcome] | None:
    if disposition == "all":
        return None
    return [outcome for outcome, own in DISPOSITIONS.items() if own == disposition]


def _digits(part: str | None) -> str | None:
    return part and part.lstrip("+ ")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
