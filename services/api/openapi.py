"""The OpenAPI document, as it is kept in docs: `python -m services.api.openapi`."""

import json
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any

from services.api.app import create_app
from services.api.http.resources import Resources


def document() -> dict[str, Any]:
    return create_app(_never_opened).openapi()


def _never_opened() -> AbstractAsyncContextManager[Resources]:
    raise RuntimeError("the document is made without resources")


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
