"""The dialects that the api serves, each below its own path."""

from starlette.applications import Starlette

from services.api.dialect_credentials import Dialect
from services.api.dialects import smartalex, voiceaiwrapper, wavix

CREATE = {
    Dialect.WAVIX: wavix.create,
    Dialect.SMARTALEX: smartalex.create,
    Dialect.VOICEAIWRAPPER: voiceaiwrapper.create,
}


def served() -> dict[str, Starlette]:
    return {f"/{dialect}": create() for dialect, create in CREATE.items()}
