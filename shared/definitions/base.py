"""What all parts of a definition share."""

from pydantic import BaseModel, ConfigDict


class Definition(BaseModel):
    """Base of the parts: immutable, and a field that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
