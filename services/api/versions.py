"""The version of a resource, by which a caller changes only what it has seen."""

from dataclasses import dataclass
from hashlib import sha256

from pydantic_core import to_json

from services.api.refusals import Refused

CHANGED = "it is not as you have seen it; read it again, and send the ETag of that answer"


def version_of(row: object) -> str:
    """The same for the same values, in every process."""
    return sha256(to_json(row)).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Seen:
    """The versions that a caller takes for the present one; None: it changes what is there."""

    versions: frozenset[str] | None = None

    def check(self, row: object) -> None:
        """Refuse a row of another version. It must be locked, so that it stays as it is."""
        if self.versions is not None and version_of(row) not in self.versions:
            raise Refused("stale", CHANGED)


ANYTHING = Seen()
