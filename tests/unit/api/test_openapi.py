"""The OpenAPI document is valid, stored in docs, and lists the errors of each operation."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from services.api import openapi

STORED = Path(__file__).parents[3] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
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
        assert {"401", "422"} <= errors.keys(), name
        assert ("404" in errors) == ("{" in name), name
        assert ("400" in errors) == ("requestBody" in operation), name
        for error in errors.values():
            (media_type,) = error["content"]
            assert media_type == "application/problem+json", name


def test_every_operation_asks_for_a_key(document: dict[str, Any]) -> None:
    assert all(operation["security"] for _, operation in operations(document))
