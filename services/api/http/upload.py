"""A file on its way in: its pieces as they come, and what is said of one that cannot be read."""

import asyncio
from collections.abc import AsyncIterator

from services.api.csv_contacts import RowError
from services.api.problems import FaultyPlace, ProblemError

# Large enough that a thread pays, small enough that a request beside it hardly waits.
PIECE = 256 * 1024
# A client that sends nothing for so long is taken for dead: it holds a transaction open.
SILENT_SECONDS = 30.0
# An early refusal still reads so much, else the client may see a broken pipe and not the answer.
READ_AFTER_REFUSAL = 64 * 1024 * 1024


async def pieces_of(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    kept = bytearray()
    while True:
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                chunk = await anext(body, None)
        except TimeoutError:
            raise ProblemError(408, "request_timeout", "the file stopped coming") from None
        if chunk is None:
            break
        kept += chunk
        while len(kept) >= PIECE:
            yield bytes(kept[:PIECE])
            del kept[:PIECE]
    if kept:
        yield bytes(kept)


async def read_on(pieces: AsyncIterator[bytes]) -> None:
    seen = 0
    async for piece in pieces:
        seen += len(piece)
        if seen > READ_AFTER_REFUSAL:
            return


def unreadable(error: RowError) -> ProblemError:
    place = told(error)
    return ProblemError(
        422, "unreadable_file", f"line {error.line}: {place.detail}", errors=[place]
    )


def told(error: RowError) -> FaultyPlace:
    detail = REASONS.get(error.reason, error.reason.replace("_", " "))
    return FaultyPlace(line=error.line, field=error.field, reason=error.reason, detail=detail)


REASONS = {
    "empty": "there is no number",
    "not_a_number": "not a phone number",
    "no_country": "no country code, and the campaign has no default_region for it",
    "not_assigned": "no such number can exist",
    "wrong_length": "no number of this country is so long",
    "unknown_zone": "unknown time zone; use an IANA name such as Europe/London",
    "invalid_postal_code": "no such code in this country, which is the number's if not given",
    "unknown_country": "unknown country; use ISO 3166-1, such as US",
    "unknown_region": "unknown in this country, which is the number's if not given; use ISO 3166-2",
    "not_an_instant": "not an instant with its offset, like 2031-01-31T00:00:00Z",
    "in_the_past": "must be in the future",
    "too_far": "must be within a hundred years; leave it out for good",
    "nul_byte": "must not contain a NUL byte",
    "not_utf8": "must be UTF-8",
    "bad_quoting": "a quote stands where none may be",
    "unclosed_quote": "a quote is opened here and never closed",
    "too_few_cells": "fewer cells than the header has",
    "too_many_cells": "more cells than the header has",
    "unnamed_column": "a cell in a column without a name",
    "missing_column": "the header has no column `number`",
    "duplicate_column": "the header has this column twice",
}
