"""A request that changes something is one transaction: its writes, its audit entry, its answer.

A client that got no answer repeats its request with the same Idempotency-Key, and gets the answer
of the first one. The answer is committed with the writes, so there is never one without the other.
Of an error nothing is kept, because nothing was written: its repetition is judged anew.

Some routes take the same body by the same API key as a repetition also without that header, for
some minutes: their clients retry without it.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from services.api.http.auth import Caller
from services.api.http.changed_fields import Recorded
from services.api.http.request_ids import request_id
from services.api.http.resources import Resources, Step, Transactions
from services.api.refusals import Refused
from shared.db.api import audit_log, idempotency_keys
from shared.db.api.idempotency_keys import IdempotencyKey, KeptAnswer
from shared.db.types import Session
from shared.runtime.failpoints import Failpoint, passing

Handle = Callable[[Request], Awaitable[Response]]

READING = frozenset({"GET", "HEAD"})
KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
# Bare, or quoted as the draft of the IETF writes it.
_KEY = re.compile(r"[!-~]([ -~]{0,253}[!-~])?", re.ASCII)
ERRORS = 400
LARGEST_KEPT = 1024 * 1024
RETRY_AFTER_SECONDS = 1

MALFORMED = f"{KEY_HEADER} must be 1 to 255 printable ASCII characters, such as a UUID"
IN_USE = "the same request is under way; repeat it in a moment"
OTHER = "this Idempotency-Key was sent with another request; use a new key for each request"
NOT_KEPT = (
    "the first request with this Idempotency-Key was carried out; its answer is not kept, because "
    "it was large or is shown once only. Read the resource, or use a new key to do it again"
)


async def changed(
    request: Request, caller: Caller, handle: Handle, *, same_for: timedelta | None = None
) -> Response:
    """The answer of a route that changes something, or the one that was kept of it.

    For the span `same_for` a request without the header is known by its body.
    """
    change = _Change(request, caller, same_for)
    try:
        async with change.stack:
            response = await handle(change.request)
            await change.finish(response)
        change.is_over = True
    except _Replayed as replayed:
        return replayed.answer
    passing(Failpoint.AFTER_WRITE)
    for step in change.later:
        await step()
    return response


class _Replayed(Exception):  # noqa: N818 - an expected answer, not an error
    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


class _Change:
    """Stands in for the pool of the api: the transactions of the request are joined into one.

    It begins with the first transaction that is to be kept. Those that only read stand alone, as
    before an upload, so that a slow client occupies no connection; so do those after its end.
    """

    def __init__(self, request: Request, caller: Caller, same_for: timedelta | None) -> None:
        resources: Resources = request.app.state.resources
        self._pool: Transactions = resources.pool
        self._clock = resources.clock
        self._now = resources.clock()
        self._caller = caller
        self._key = _key(request, caller)
        self._by_body = None if self._key else same_for
        self._route = f"{request.method} {request.url.path}?{request.url.query}".encode()
        self._body = hashlib.sha256()
        self._conn: Session | None = None
        self._recorded = Recorded()
        self.is_over = False
        self.stack = AsyncExitStack()
        self.last: list[Step] = []
        self.later: list[Step] = []
        is_digested = self._key or self._by_body
        self.request = Request(request.scope, self._receive) if is_digested else request
        self._received = request.receive
        self.request.state.resources = replace(
            resources,
            pool=self,
            record=self._recorded.add,
            before_commit=self._before_commit,
            after_commit=self._after_commit,
        )

    @asynccontextmanager
    async def transaction(self, tenant_id: int, *, keep: bool = True) -> AsyncIterator[Session]:
        if keep and not self.is_over and tenant_id == self._caller.tenant_id:
            yield await self._begin()
        else:
            async with self._pool.transaction(tenant_id, keep=keep) as conn:
                yield conn

    def statement(self, tenant_id: int, /) -> AbstractAsyncContextManager[Session]:
        return self._pool.statement(tenant_id)

    async def finish(self, response: Response) -> None:
        """Write what goes with the change, and then the rows that requests wait for."""
        if response.status_code < ERRORS:
            await self._note(response)
        for step in self.last:
            await step()

    async def _note(self, response: Response) -> None:
        if self._conn is not None and not self._recorded.is_unchanged:
            await audit_log.insert(self._conn, self._caller.tenant_id, self._entry(response))
        if self._key is not None:
            conn = await self._begin()
            answer = _kept(response, self._fingerprint)
            # From the answer on, not from a request that may have been slow.
            await idempotency_keys.keep(conn, self._key, answer, now=self._clock())

    async def _begin(self) -> Session:
        if self._conn is None:
            began = self._pool.transaction(self._caller.tenant_id)
            self._conn = await self.stack.enter_async_context(began)
            if self._by_body:
                self._key = _unsent(self._caller, self._fingerprint)
            if self._key is not None:
                await self._refuse_or_replay(self._conn, self._key)
        return self._conn

    async def _refuse_or_replay(self, conn: Session, key: IdempotencyKey) -> None:
        kept_for = self._by_body or idempotency_keys.KEPT_FOR
        taken = await idempotency_keys.take(conn, key, since=self._now - kept_for)
        if taken is None:
            raise Refused("idempotency_key_in_use", IN_USE, retry_after=RETRY_AFTER_SECONDS)
        kept = taken.kept
        if kept is None:
            return
        if kept.fingerprint != self._fingerprint:
            raise Refused("idempotency_key_reused", OTHER)
        if kept.body is None:
            raise Refused("answer_not_kept", NOT_KEPT)
        headers = {**kept.headers, REPLAYED_HEADER: "true"}
        raise _Replayed(Response(kept.body, kept.status, headers))

    @property
    def _fingerprint(self) -> bytes:
        return hashlib.sha256(self._route + b"\n" + self._body.digest()).digest()

    async def _receive(self) -> Message:
        """Digests the body as the route reads it, also one that is larger than memory."""
        message = await self._received()
        self._body.update(message.get("body", b""))
        return message

    async def _before_commit(self, step: Step) -> None:
        self.last.append(step)

    async def _after_commit(self, step: Step) -> None:
        self.later.append(step)

    def _entry(self, response: Response) -> audit_log.Entry:
        kind, resource_id = _resource(self.request, response)
        return audit_log.Entry(
            at=self._now,
            api_key_id=self._caller.api_key_id,
            api_key_name=self._caller.key_name,
            partner_id=self._caller.partner_id,
            operation=self.request.scope["route"].name,
            kind=kind,
            resource_id=self._recorded.resource_id or resource_id,
            before=self._recorded.before,
            after=self._recorded.after,
            address=self._caller.address,
            request_id=request_id(),
        )


def _key(request: Request, caller: Caller) -> IdempotencyKey | None:
    text = request.headers.get(KEY_HEADER)
    if text is None:
        return None
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not _KEY.fullmatch(text):
        raise Refused("malformed_idempotency_key", MALFORMED)
    return IdempotencyKey(tenant_id=caller.tenant_id, api_key_id=caller.api_key_id, word=text)


def _unsent(caller: Caller, fingerprint: bytes) -> IdempotencyKey:
    """Of a request without the header. No client can send the word: it begins with a space."""
    word = f" {fingerprint.hex()}"
    return IdempotencyKey(tenant_id=caller.tenant_id, api_key_id=caller.api_key_id, word=word)


def _kept(response: Response, fingerprint: bytes) -> KeptAnswer:
    """A file has no body here; an answer that must not be stored shows a secret."""
    body: Any = getattr(response, "body", None)
    if "no-store" in response.headers.get("cache-control", "") or len(body or b"") > LARGEST_KEPT:
        body = None
    headers = {name: text for name, text in response.headers.items() if name != "content-length"}
    return KeptAnswer(
        fingerprint=fingerprint,
        status=response.status_code,
        headers=headers,
        body=None if body is None else bytes(body),
    )


# The parts of an address before the kind: `/v1/`, and a dialect's `/api/v2/`.
_VERSION = re.compile(r"|api|v\d+")


def _resource(request: Request, response: Response) -> tuple[str, str | None]:
    """The kind and the id of the resource that was made or changed, by its address."""
    made = response.headers.get("location")
    # Below the path of a façade.
    path = (made or request.url.path).removeprefix(request.scope.get("root_path", ""))
    kind = next(part for part in path.split("/") if not _VERSION.fullmatch(part))
    if made:
        return kind, made.rpartition("/")[2]
    return kind, next((str(value) for value in request.path_params.values()), None)
