"""ETags: the version of a resource in its answer, in a condition to read and in one to change."""

import re
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Header, Request, Response
from starlette.exceptions import HTTPException

from services.api.versions import ANYTHING, Seen, version_of

V_co = TypeVar("V_co", covariant=True)


class Shows(Protocol[V_co]):
    """A view, which is made of a row."""

    @classmethod
    def of(cls, row: Any, /) -> V_co: ...


# A weak tag says only that two answers mean about the same.
_TAG = re.compile(r'(W/)?"([^"]*)"')
_DESCRIPTION = "ETags; refused with 412 if the resource has none of them any more"

Condition = Annotated[str | None, Header(description=_DESCRIPTION, examples=['"3f2a"'])]


async def _seen(if_match: Condition = None) -> Seen:
    if if_match is None or if_match.strip() == "*":
        return ANYTHING
    return Seen(frozenset(tag for weak, tag in _TAG.findall(if_match) if not weak))


IfMatch = Annotated[Seen, Depends(_seen)]


class Show:
    """Makes the answer that shows one resource, with its ETag."""

    def __init__(self, request: Request, response: Response) -> None:
        self._known = request.headers.get("if-none-match", "") if request.method == "GET" else ""
        self._response = response

    def __call__(self, view: type[Shows[V_co]], row: object) -> V_co:
        """The view of a row; 304 instead, if a reader knows this version already."""
        tag = self.tag(row)
        if self._known == "*" or tag in (f'"{each}"' for _, each in _TAG.findall(self._known)):
            raise HTTPException(304, headers={"ETag": tag})
        return view.of(row)

    def tag(self, row: object) -> str:
        """Set the ETag alone, of an answer that also shows what is not of the row."""
        self._response.headers["ETag"] = tag = f'"{version_of(row)}"'
        return tag


async def _show(request: Request, response: Response) -> Show:
    return Show(request, response)


Shown = Annotated[Show, Depends(_show)]
