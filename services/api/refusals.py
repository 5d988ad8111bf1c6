"""Why a use case refuses a request. There is no HTTP here: each façade translates refusals."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from shared.intake.instants import expiry_fault
from shared.intake.remedies import REMEDIES

# The path of a field in the definition: ("calendar", "end_date").
FieldPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidField:
    """One of several faults. Neither `code` nor `detail` repeats the value that was sent."""

    code: str
    detail: str
    field: FieldPath | None = None
    line: int | None = None


class Refused(Exception):  # noqa: N818 - an expected answer, not an error
    """An expected refusal. With `field` that field is invalid, else the stored state forbids it.

    `errors` lists the faults if there may be several; of a file they are the first faults of
    `error_count`. After `retry_after` seconds, or at `next_at`, the same request may be granted.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field: FieldPath | None = None,
        errors: Sequence[InvalidField] = (),
        error_count: int | None = None,
        retry_after: int | None = None,
        next_at: datetime | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.field = field
        self.errors = errors
        self.error_count = error_count
        self.retry_after = retry_after
        self.next_at = next_at


def not_found(kind: str) -> Refused:
    """`kind` is the resource's, such as "campaign".

    It does not exist or belongs to another tenant; the answer does not say which.
    """
    return Refused("not_found", f"the tenant of this API key has no such {kind}")


def invalid(errors: Iterable[InvalidField]) -> Refused:
    return Refused("invalid", "the request is not valid", errors=list(errors))


@contextmanager
def refusing_invalid() -> Iterator[None]:
    """What comes of a change is validated as a whole; each fault is refused by its field."""
    try:
        yield
    except ValidationError as error:
        raise invalid(
            InvalidField(
                code=fault["type"],
                detail=fault["msg"].removeprefix("Value error, "),
                field=fault["loc"],
            )
            for fault in error.errors(include_url=False, include_input=False)
        ) from None


def unknown_region() -> Refused:
    detail = "no country with phone numbers of its own; use ISO 3166-1, such as US"
    return Refused("unknown_region", detail, field=("default_region",))


def refuse_invalid_expiry(expires_at: datetime | None, now: datetime) -> None:
    fault = expires_at and expiry_fault(expires_at, now)
    if fault:
        raise Refused(fault, REMEDIES[fault], field=("expires_at",))


def campaign_ended() -> Refused:
    return Refused("campaign_ended", "the campaign is completed or cancelled")
