"""A client for the part of Outdial's REST API that the command line uses."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import quote
from uuid import UUID

import aiohttp

from outdial.errors import OutdialError
from outdial.terminal import with_options
from shared.runtime.faults import in_words

Json = dict[str, Any]

SHOWN_ERRORS = 10
LARGEST_PAGE = 1000
NDJSON = frozenset({".ndjson", ".jsonl"})


class ApiError(OutdialError):
    """The API refused a request; the text comes from its problem document.

    `whose` says as which tenant it was asked, for refusals that come of a wrong key.
    """

    def __init__(self, status: int, problem: Json, *, whose: str = "") -> None:
        title = problem.get("title") or "no reason given"
        detail = f": {problem['detail']}" if problem.get("detail") else ""
        lines = [pointed(error) for error in problem.get("errors") or []]
        left = problem.get("rejected", len(lines)) - SHOWN_ERRORS
        lines = lines[:SHOWN_ERRORS] + ([f"and {left} more"] if left > 0 else [])
        hint = HINTS.get(status) if whose else None
        lines += [f"asked as {whose}; {hint}"] if hint else []
        text = "".join(f"\n  {line}" for line in lines)
        super().__init__(f"the API answered {status}: {title}{detail}{text}")
        self.status = status
        self.code = problem.get("code")


HINTS = {
    401: "`outdial login` stores another key",
    403: "`outdial whoami` shows what the key opens",
    404: "a tenant sees only what is its own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    contacts: dict[str, int]
    attempts: dict[str, int]
    outcomes: dict[str, int]
    finished: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Pending contacts with the same zones and the same reason."""

    zones: tuple[str, ...]
    contacts: int
    reason: str
    opens_at: datetime | None

    @classmethod
    def of(cls, entry: Json) -> "Waiting":
        opens_at = entry["opens_at"]
        return cls(
            zones=tuple(entry["zones"]),
            contacts=entry["contacts"],
            reason=entry["reason"],
            opens_at=datetime.fromisoformat(opens_at) if opens_at else None,
        )


class Client:
    """`whose` says whose key it is, for the texts of refusals."""

    def __init__(self, url: str, key: str, *, whose: str = "") -> None:
        self.url = url
        self.whose = whose
        self._session = aiohttp.ClientSession(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=120),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def tenant(self) -> Json:
        """The tenant of the key, and the key's id."""
        return await self._call("GET", "/v1/tenant")

    async def create_campaign(self, definition: Json) -> Json:
        return await self._call("POST", "/v1/campaigns", json=definition)

    async def import_contacts(self, campaign_id: int, csv: Path, **parameters: object) -> Json:
        return await self.import_file(contacts_import(campaign_id), csv, **parameters)

    async def import_file(self, path: str, csv: Path, **parameters: object) -> Json:
        """Stream the file, which may be larger than memory, to the path of an import."""
        with csv.open("rb") as rows:
            return await self._call("POST", path, **_upload(rows, parameters))

    async def begin_import(self, path: str, csv: Path, **parameters: object) -> Json:
        """Upload the file; the answer is the operation that imports it."""
        with csv.open("rb") as rows:
            upload = _upload(rows, parameters)
            upload["headers"]["Prefer"] = "respond-async"
            return await self._call("POST", path, **upload)

    async def operation(self, operation_id: int) -> Json:
        return await self._call("GET", f"/v1/operations/{operation_id}")

    async def cancel_operation(self, operation_id: int) -> Json:
        return await self._call("POST", f"/v1/operations/{operation_id}/cancel")

    async def operation_rows(self, operation_id: int) -> AsyncIterator[bytes]:
        """The rows that were not taken as they are, as the parts of a file of CSV."""
        async with self._answer("GET", f"/v1/operations/{operation_id}/rows") as response:
            async for part in response.content.iter_any():
                yield part

    async def import_rows(self, path: str, csv: Path, **parameters: object) -> AsyncIterator[str]:
        """Import the file; yields the lines of a CSV of all rows that were not taken as they are.

        The header comes first.
        """
        with csv.open("rb") as rows:
            upload = _upload(rows, {**parameters, "format": "csv"})
            async with self._answer("POST", path, **upload) as response:
                async for line in response.content:
                    yield line.decode()

    async def command(self, campaign_id: int, word: str) -> Json:
        """`word` is start, pause, resume or cancel."""
        return await self._call("POST", f"/v1/campaigns/{campaign_id}/{word}")

    async def edit_campaign(self, campaign_id: int, parts: Json) -> Json:
        return await self._call("PATCH", f"/v1/campaigns/{campaign_id}", json=parts)

    async def delete_campaign(self, campaign_id: int) -> None:
        await self._call("DELETE", f"/v1/campaigns/{campaign_id}")

    async def show(self, path: str) -> Json:
        return await self._call("GET", path)

    async def add(self, path: str, resource: Json) -> Json:
        return await self._call("POST", path, json=resource)

    async def change(self, path: str, parts: Json) -> Json:
        return await self._call("PATCH", path, json=parts)

    async def delete(self, path: str) -> None:
        await self._call("DELETE", path)

    async def preflight(self, campaign_id: int) -> Json:
        return await self._call("POST", f"/v1/campaigns/{campaign_id}/preflight")

    async def add_suppression(self, suppression: Json) -> Json:
        return await self._call("POST", "/v1/suppressions", json=suppression)

    async def lift_suppression(self, number: str, *, campaign_id: int | None) -> None:
        path = f"/v1/suppressions/{quote(number, safe='')}"
        await self._call("DELETE", path, params=_given({"campaign_id": campaign_id}))

    async def destinations(self) -> Json:
        return await self._call("GET", "/v1/destinations")

    async def choose_destinations(self, choice: Json) -> Json:
        return await self._call("PUT", "/v1/destinations", json=choice)

    async def reset_destinations(self) -> None:
        await self._call("DELETE", "/v1/destinations")

    async def spend_ceiling(self) -> Json | None:
        """None without a ceiling."""
        async with self._answer("GET", "/v1/spend-ceiling") as response:
            return _parse(await response.read())

    async def set_spend_ceiling(self, choice: Json) -> Json:
        return await self._call("PUT", "/v1/spend-ceiling", json=choice)

    async def remove_spend_ceiling(self) -> None:
        await self._call("DELETE", "/v1/spend-ceiling")

    async def contact(self, contact_id: int) -> Json:
        return await self._call("GET", f"/v1/contacts/{contact_id}")

    async def call(self, attempt_id: UUID) -> Json:
        return await self._call("GET", f"/v1/calls/{attempt_id}")

    async def export_calls(self, form: str, **filters: object) -> AsyncIterator[bytes]:
        """The calls as the parts of a file, CSV or NDJSON, which may be larger than memory."""
        parameters = _given({**filters, "format": form})
        async with self._answer("GET", "/v1/calls/export", params=parameters) as response:
            async for part in response.content.iter_any():
                yield part

    async def attempts_of_contact(self, contact_id: int) -> list[Json]:
        answer = await self._call("GET", f"/v1/contacts/{contact_id}/attempts")
        return list(answer["attempts"])

    async def entries(self, path: str, *, limit: int, **filters: object) -> list[Json]:
        """The first entries of a list, over several pages."""
        return [entry async for entry in self.every(path, limit=limit, **filters)]

    async def every(
        self, path: str, *, limit: int | None = None, **filters: object
    ) -> AsyncIterator[Json]:
        """The entries of a list, all of them without a limit; the last word names the list."""
        name, cursor, left = path.rsplit("/", 1)[-1].replace("-", "_"), None, limit
        while left is None or left > 0:
            size = LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)
            parameters = _given({**filters, "limit": size, "cursor": cursor})
            page = await self._call("GET", path, params=parameters)
            for entry in page[name]:
                yield entry
            left = None if left is None else left - len(page[name])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def start(self, campaign_id: int) -> None:
        await self._call("POST", f"/v1/campaigns/{campaign_id}/start")

    async def campaign(self, campaign_id: int) -> Json:
        return await self._call("GET", f"/v1/campaigns/{campaign_id}")

    async def counters(self, campaign_id: int) -> Counters:
        answer = await self._call("GET", f"/v1/campaigns/{campaign_id}/counters")
        return Counters(**{name: answer[name] for name in Counters.__slots__})

    async def waiting(self, campaign_id: int) -> list[Waiting]:
        answer = await self.campaign_why(campaign_id)
        return [Waiting.of(entry) for entry in answer["waiting"]]

    async def campaign_why(self, campaign_id: int) -> Json:
        return await self._call("GET", f"/v1/campaigns/{campaign_id}/why")

    async def contact_why(self, contact_id: int) -> Json:
        return await self._call("GET", f"/v1/contacts/{contact_id}/why")

    async def attempt_why(self, attempt_id: UUID) -> Json:
        return await self._call("GET", f"/v1/attempts/{attempt_id}/why")

    async def _call(self, method: str, path: str, **options: Any) -> Json:
        async with self._answer(method, path, **options) as response:
            answer = _parse(await response.read())
        if answer is None:
            raise OutdialError(f"{self.url} is not an API of Outdial: it does not answer in JSON")
        return answer

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that is no refusal; refusals and faults of the network are OutdialErrors."""
        try:
            async with self._session.request(method, path, **options) as response:
                if response.status >= 400:
                    problem = _parse(await response.read())
                    raise ApiError(response.status, problem or {}, whose=self.whose)
                yield response
        except aiohttp.ClientConnectorError as error:
            raise OutdialError(
                f"no answer from the API at {self.url}: {in_words(error.os_error)}. Does it run? "
                "`outdial status` shows the local stack"
            ) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OutdialError(
                f"no answer from the API at {self.url}: {in_words(error)}"
            ) from error


def contacts_import(campaign_id: int) -> str:
    """The path of the import of contacts into a campaign."""
    return f"/v1/campaigns/{campaign_id}/contacts/import"


def _upload(rows: BinaryIO, parameters: Json) -> Json:
    is_json = not NDJSON.isdisjoint(Path(rows.name).suffixes)
    headers = {"Content-Type": "application/x-ndjson" if is_json else "text/csv"}
    return {"data": rows, "headers": headers, "params": _given(parameters)}


def _given(parameters: Json) -> list[tuple[str, str]]:
    """The parameters with a value; a list gives one parameter for each of its values."""
    given = []
    for name, value in parameters.items():
        values = value if isinstance(value, list) else [value]
        given += [(name, _text(each)) for each in values if each is not None]
    return given


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parse(body: bytes) -> Json | None:
    """The JSON object in the body; None if it has none, as in the answer of a proxy."""
    try:
        answer = json.loads(body or b"{}")
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def pointed(error: Json) -> str:
    """One fault of a file or a request: its place, then the reason."""
    line = f"line {error['line']}" if error.get("line") else None
    places = [line, error.get("pointer") or error.get("field")]
    place = ", ".join(place for place in places if place)
    sentence = error.get("detail") or error.get("remedy")
    text = sentence or str(error.get("reason") or "").replace("_", " ")
    return with_options(f"{place}: {text}" if place else text)
