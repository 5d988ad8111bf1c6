"""Completes the OpenAPI document with the parts that FastAPI cannot know from the routes."""

import re
from typing import Any, get_args

from services.api.native import links, patches, problems
from services.api.native.auth import IDEMPOTENCY_KEY, SECURITY_SCHEMES
from shared.kafka.messages.public import PublicEvent

SCHEMAS = "#/components/schemas/{model}"
SERVERS: list[dict[str, Any]] = [
    {"url": "/", "description": "the installation that serves this document"},
    {
        "url": "{installation}",
        "description": "any installation",
        "variables": {"installation": {"default": "http://127.0.0.1:8000"}},
    },
]
# Standard Webhooks 1.0.
WEBHOOK_HEADERS = {
    "webhook-id": (
        "string",
        "the `id` of the event, the same on each try; drop what you have seen",
    ),
    "webhook-timestamp": ("integer", "when this try was signed, in seconds since 1970"),
    "webhook-signature": (
        "string",
        "`v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`, by "
        "the secret of the webhook; several are separated by blanks",
    ),
}
WEBHOOK_ANSWERS = {
    "2XX": {"description": "The event is taken."},
    "410": {"description": "The receiver is gone: nothing more is sent to it."},
    "default": {
        "description": "The event is sent again later; 429 and 503 may say when by `Retry-After`."
    },
}


def complete(document: dict[str, Any]) -> None:
    components = document["components"]
    components["securitySchemes"] = SECURITY_SCHEMES
    schemas = components["schemas"]
    shapes = problems.Problem.model_json_schema(ref_template=SCHEMAS)
    schemas |= shapes.pop("$defs")
    schemas["Problem"] = shapes
    patches.documented_twice(document)
    _add_conflicts(document)
    links.add(document)
    document["webhooks"] = _webhooks(schemas)


def _add_conflicts(document: dict[str, Any]) -> None:
    """The answers that operations have beside their own: of the key, the body, the database."""
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].setdefault("503", problems.documented(503)[503])
            if operation["operationId"] != "issue_token":
                operation["responses"]["429"] = problems.documented(429)[429]
                # The client tenant for which a partner's key acts may not exist.
                operation["responses"].setdefault("404", problems.documented(404)[404])
            if IDEMPOTENCY_KEY in operation.get("parameters", ()):
                operation["responses"]["409"] = problems.documented(409)[409]
            if "requestBody" in operation:
                operation["responses"]["408"] = problems.documented(408)[408]


def _webhooks(schemas: dict[str, Any]) -> dict[str, Any]:
    """The post of each public event; the shapes of the events are added to `schemas`."""
    webhooks = {}
    for event in get_args(PublicEvent):
        shape = event.model_json_schema(ref_template=SCHEMAS, mode="serialization")
        schemas |= shape.pop("$defs")
        # A field without a value is left out, and any other is sent in every event.
        fields = event.model_fields.items()
        shape["required"] = [name for name, field in fields if field.default is not None]
        schemas[event.__name__] = shape
        webhooks[event.model_fields["type"].default] = {"post": _post(event.__name__, shape)}
    return webhooks


def _post(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": f"receive{_snake(name)}",
        "summary": shape["description"].removeprefix("Public: "),
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "schema": {"type": kind},
                "description": description,
            }
            for header, (kind, description) in WEBHOOK_HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": SCHEMAS.format(model=name)}},
            },
        },
        "responses": WEBHOOK_ANSWERS,
    }


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
