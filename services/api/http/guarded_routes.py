"""Routes that admit a request by its credential, before they read its body within its bounds.

A façade has a subclass, which says how the credential is carried. Refusals are exceptions, which
each façade writes in a shape of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, ClassVar, Self, get_origin

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from typing_extensions import override

from services.api.http.auth import Caller, identify
from services.api.http.changes import READING, changed
from services.api.http.json_bodies import Validate, in_parts, read_json
from services.api.http.request_limits import ALLOWANCE, refuse_excess
from services.api.http.resources import Resources
from shared.db.api.api_keys import tenant_of
from shared.domain.access import Denial, KeyScope


@dataclass(frozen=True, slots=True)
class Opening:
    """The scopes of which any one opens the routes that read, and those that change something."""

    reading: tuple[KeyScope, ...]
    changing: tuple[KeyScope, ...]

    @classmethod
    def of(cls, area: KeyScope) -> Self:
        """Of a part of the API, which the scopes for all parts open as well."""
        return cls((KeyScope.READ, area), (KeyScope.WRITE, area))

    def scopes(self, methods: Sequence[str]) -> tuple[KeyScope, ...]:
        return self.reading if READING.issuperset(methods) else self.changing


class NotAdmitted(Exception):  # noqa: N818 - an expected answer, not an error
    """A request that is refused before its body is read. `needed`: one of these scopes opens it."""

    def __init__(self, denial: Denial, *, needed: Sequence[KeyScope] = ()) -> None:
        super().__init__(denial)
        self.denial = denial
        self.needed = list(needed)


class GuardedRoute(APIRoute, ABC):
    """One that may change something is a single transaction.

    For the span `same_for` a repetition without an Idempotency-Key is known by its body.
    """

    opening: ClassVar[Opening]
    same_for: ClassVar[timedelta | None] = None

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.scopes = self.opening.scopes(options["methods"])
        super().__init__(path, endpoint, **options)

    @classmethod
    def opened_by(cls, opening: Opening, *, same_for: timedelta | None = None) -> type[Self]:
        """The class of a router's routes."""
        return type(cls.__name__, (cls,), {"opening": opening, "same_for": same_for})

    @abstractmethod
    def credential(self, request: Request) -> str | None:
        """The API key or access token that the request carries."""

    async def acting(self, _request: Request, caller: Caller) -> Caller:
        """The caller for the tenant that the request names, if the façade lets it name one."""
        return caller

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def admit(request: Request) -> Response:
            resources: Resources = request.app.state.resources
            caller = request.state.caller = await self._admitted(request)
            with resources.at_once.one_more(caller.tenant_id):
                if request.method in READING:
                    return await take_turn(request)
                return await changed(request, caller, read, same_for=self.same_for)

        async def read(request: Request) -> Response:
            if validate is None:
                # A file comes as slowly as its sender likes, so it takes no turn.
                return await handle(request)
            resources: Resources = request.app.state.resources
            slot = resources.json_slots.slot(request.state.caller.tenant_id)
            return await take_turn(await read_json(request, validate, slot=slot))

        async def take_turn(request: Request) -> Response:
            resources: Resources = request.app.state.resources
            async with resources.turns.turn(request.state.caller.tenant_id):
                return await handle(request)

        validate = self._validation()
        return admit

    def _validation(self) -> Validate | None:
        """Of the body, if the route has one which is no file."""
        if self.body_field is None:
            return None
        validate = partial(self.body_field.validate, loc=("body",))
        info = self.body_field.field_info
        lengths = (getattr(limit, "max_length", None) for limit in info.metadata)
        most = next(filter(None, lengths), None)
        is_list = get_origin(info.annotation) is list
        return in_parts(validate, most_items=most) if is_list and most else validate

    async def _admitted(self, request: Request) -> Caller:
        resources: Resources = request.app.state.resources
        credential = self.credential(request)
        if credential is None:
            raise NotAdmitted(Denial.MISSING)
        address = request.client.host if request.client else None
        async with resources.turns.turn(tenant_of(credential)):
            caller = await identify(resources, credential, address=address)
            if isinstance(caller, Denial):
                raise NotAdmitted(caller)
            await _count(request, caller)
        if caller.scopes.isdisjoint(self.scopes):
            raise NotAdmitted(Denial.SCOPE, needed=self.scopes)
        return await self.acting(request, caller)


def bearer_token(request: Request) -> str | None:
    """The credential in the header Authorization, as RFC 6750 says."""
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else None


async def _count(request: Request, caller: Caller) -> None:
    resources: Resources = request.app.state.resources
    allowance = await resources.rates.count(
        caller.home, caller.api_key_id, own=caller.requests_per_minute, now=resources.clock()
    )
    if allowance is not None:
        setattr(request.state, ALLOWANCE, allowance)
        refuse_excess(allowance)


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


Authenticated = Annotated[Caller, Depends(_caller)]
