"""A JSON merge patch (RFC 7396): a change of a document, in the form of the document."""

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

# Deeper than any definition is; a patch is a client's own.
DEEPEST = 50


def merged(document: Any, patch: Any, *, deepest: int = DEEPEST) -> Any:
    """Members of the patch replace those of the document, objects part by part; null removes."""
    if not isinstance(patch, dict) or not deepest:
        return patch
    kept = document if isinstance(document, dict) else {}
    changed = {
        name: merged(kept.get(name), value, deepest=deepest - 1)
        for name, value in patch.items()
        if value is not None
    }
    return {name: value for name, value in kept.items() if name not in patch} | changed


@dataclass(frozen=True, slots=True)
class MergePatch:
    parts: dict[str, Any]

    def and_then(self, parts: dict[str, Any]) -> "MergePatch":
        """The patch with what another one changes in it."""
        return MergePatch(merged(self.parts, parts))

    def edited(self, before: M) -> M:
        """The definition after the patch; ValidationError if it is not valid.

        A part that is removed has its default again.
        """
        return type(before).model_validate(merged(before.model_dump(mode="json"), self.parts))
