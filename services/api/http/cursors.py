"""Cursors: the place in a list where its next page begins, sealed for one list of one tenant."""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256, shake_256
from secrets import token_bytes

import orjson

from services.api.refusals import Refused

SEAL = 16

_unseal = partial(base64.b64decode, altchars=b"-_", validate=True)


def _new_key() -> bytes:
    return token_bytes(32)


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes cursors, and reads those that were made with the same key for the same list.

    A cursor is signed, so that none can be made up, and masked by a stream that follows from its
    signature: the place may be a person's number, and addresses are kept in many logs.
    """

    key: bytes = field(default_factory=_new_key, repr=False)

    def cursor(self, place: Sequence[object], *, of: bytes) -> str:
        """`of` is the list: its tenant, its path, its filters."""
        text = orjson.dumps(list(place), default=str)
        seal = self._seal(of, text)
        return base64.urlsafe_b64encode(seal + self._masked(seal, text)).decode().rstrip("=")

    def place(self, cursor: str, *, of: bytes) -> list[int | str]:
        try:
            sealed = _unseal(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except ValueError:
            raise _invalid() from None
        seal, text = sealed[:SEAL], self._masked(sealed[:SEAL], sealed[SEAL:])
        if not hmac.compare_digest(seal, self._seal(of, text)):
            raise _invalid()
        place: list[int | str] = orjson.loads(text)
        return place

    def _seal(self, of: bytes, text: bytes) -> bytes:
        lists = sha256(of).digest()
        return hmac.digest(self.key, b"seal" + lists + text, "sha256")[:SEAL]

    def _masked(self, seal: bytes, text: bytes) -> bytes:
        """The text masked, or a masked one as it was."""
        stream = shake_256(hmac.digest(self.key, b"mask" + seal, "sha256")).digest(len(text))
        return bytes(left ^ right for left, right in zip(text, stream, strict=True))


def _invalid() -> Refused:
    detail = "not a cursor of this list with these filters; begin again without one"
    return Refused("cursor_invalid", detail)
