"""The OpenAPI document, as it is kept in docs: `python -m services.api.openapi`."""

import json
import sys
from typing import Any

from services.api.native.app import create_native


def document() -> dict[str, Any]:
    return create_native().openapi()


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
