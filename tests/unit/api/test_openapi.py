"""The OpenAPI document is valid, stored in docs, and lists the errors of each operation."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from services.api import openapi
from services.api.native.app import create_native
from services.api.native.auth import Guarded
from shared.domain.access import KeyScope
from shared.kafka.messages.public import PublicEvent

DOCS = Path(__file__).parents[3] / "docs"
# It answers as RFC 6749 says, and needs no key.
TOKENS = "/oauth2/token"
STORED = DOCS / "openapi.json"
MESSAGES = Path(__file__).parents[2] / "messages"
KEYS = DOCS / "api-keys.md"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """All but that which issues tokens."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path != TOKENS
    ]


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_the_stored_document_is_the_generated_one(document: dict[str, Any]) -> None:
    """After a wanted change: python -m services.api.openapi > docs/openapi.json"""
    assert json.loads(STORED.read_text()) == document


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]

    assert len(set(names)) == len(names)


def test_no_schema_has_the_path_of_a_module_in_its_name(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_every_operation_lists_its_errors_as_problems(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        errors = {
            code: response for code, response in operation["responses"].items() if code >= "400"
        }
        assert {"401", "403", "404", "422", "429", "503"} <= errors.keys(), name
        takes_cursor = any(
            field.get("name") == "cursor" for field in operation.get("parameters", ())
        )
        assert ("400" in errors) == ("requestBody" in operation or takes_cursor), name
        for error in errors.values():
            (media_type,) = error["content"]
            assert media_type == "application/problem+json", name


def opening(operation: dict[str, Any]) -> list[str]:
    """The scopes of which any one opens the operation."""
    return [scope for scheme in operation["security"] for scope in scheme.get("api_key", ())]


def test_every_operation_names_the_scopes_that_open_it(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert opening(operation), name
        assert set(opening(operation)) <= set(KeyScope), name


def test_every_route_but_that_of_tokens_is_guarded() -> None:
    routes = [context.original_route for context in iter_route_contexts(create_native().routes)]
    named = {
        getattr(route, "name", "")
        for route in routes
        if isinstance(route, APIRoute) and not isinstance(route, Guarded)
    }

    assert sum(isinstance(route, Guarded) for route in routes) > 70
    assert named == {"issue_token"}


def test_the_page_of_keys_says_which_scopes_open_which_routes(document: dict[str, Any]) -> None:
    rows = re.findall(r"^\| ([\w ,]+) \| (.+?) \|(.+?)\|$", KEYS.read_text(), re.MULTILINE)
    told = {
        (routes, way): list(KeyScope) if "any" in cell else re.findall(r"`(\w+)`", cell)
        for routes, *cells in rows
        for way, cell in zip(("reading", "changing"), cells, strict=True)
    }

    for name, operation in operations(document):
        (routes,) = operation["tags"]
        way = "reading" if name.startswith("GET") else "changing"
        if name.endswith("/preflight"):
            routes, way = "the preflight of a campaign, which changes nothing", "reading"
        assert told[routes, way] == opening(operation), name


@pytest.mark.parametrize(
    "name", [each.model_fields["type"].default for each in get_args(PublicEvent)]
)
def test_the_webhook_of_each_public_event_is_described(document: dict[str, Any], name: str) -> None:
    content = document["webhooks"][name]["post"]["requestBody"]["content"]
    event = json.loads((MESSAGES / f"{name}.json").read_text())
    described = content["application/json"]["schema"] | {"components": document["components"]}

    Draft202012Validator(described, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        event
    )
    assert not Draft202012Validator(described).is_valid(event | {"type": "another"})


def test_every_resource_is_linked_to_from_an_answer_that_names_it(document: dict[str, Any]) -> None:
    components = document["components"]["schemas"]
    answers = [answer for _, each in operations(document) for answer in each["responses"].items()]
    linked = set()
    for _, answer in answers:
        for target, link in answer.get("links", {}).items():
            linked.add(target)
            (place,) = link["parameters"].values()
            shape = answer["content"]["application/json"]["schema"]
            for step in place.removeprefix("$response.body#/").split("/"):
                shape = components[shape["$ref"].split("/")[-1]] if "$ref" in shape else shape
                shape = shape["items"] if step == "0" else shape["properties"][step]

    named = {
        each["operationId"]
        for name, each in operations(document)
        if name.count("{") == 1 and "/operations/" not in name
    }
    assert named <= linked
