"""A client for the part of Outdial's REST API that the command line uses."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import aiohttp

from outdial.errors import OutdialError

Json = dict[str, Any]


class ApiError(OutdialError):
    """The API refused a request; the text comes from its problem document."""

    def __init__(self, status: int, problem: Json) -> None:
        title = problem.get("title") or "no reason given"
        detail = f": {problem['detail']}" if problem.get("detail") else ""
        errors = "".join(f"\n  {_pointed(error)}" for error in problem.get("errors") or [])
        super().__init__(f"the API answered {status}: {title}{detail}{errors}")
        self.status = status


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
    def __init__(self, url: str, key: str) -> None:
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

    async def create_campaign(self, definition: Json) -> Json:
        return await self._call("POST", "/v1/campaigns", json=definition)

    async def import_contacts(self, campaign_id: int, csv: Path) -> Json:
        """Stream the file, which may be larger than memory."""
        with csv.open("rb") as rows:
            return await self._call(
                "POST",
                f"/v1/campaigns/{campaign_id}/contacts/import",
                data=rows,
                headers={"Content-Type": "text/csv"},
            )

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
        try:
            async with self._session.request(method, path, **options) as response:
                answer = _parse(await response.read())
                if response.status >= 400:
                    raise ApiError(response.status, answer)
                return answer
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OutdialError(f"no answer from the API at {method} {path}: {error}") from error


def _parse(body: bytes) -> Json:
    """The JSON object in the body; empty if there is none, as in the answer of a proxy."""
    try:
        answer = json.loads(body or b"{}")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _pointed(error: Json) -> str:
    place = error.get("pointer") or error.get("field") or error.get("line") or ""
    return f"{place}: {error.get('detail') or error.get('reason') or ''}"
