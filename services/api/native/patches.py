"""The body of a PATCH: parts that replace those of a resource, or a JSON merge patch (RFC 7396)."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Body, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from services.api.http.json_bodies import media_type
from shared.definitions.merge import MergePatch

MERGE_PATCH = "application/merge-patch+json"


class _Like:
    """Any JSON value; the OpenAPI document shows it as the model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.any_schema()

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(self._model.__pydantic_core_schema__)


def patch_of(model: type[BaseModel], examples: Sequence[Any]) -> Any:
    """A dependency: the body as this model, or as a merge patch if its media type says so."""

    async def read(
        request: Request, body: Annotated[Any, _Like(model), Body(examples=list(examples))]
    ) -> BaseModel | MergePatch:
        if media_type(request) == MERGE_PATCH and isinstance(body, dict):
            return MergePatch(body)
        try:
            return model.model_validate(body)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            raise RequestValidationError(
                [fault | {"loc": ("body", *fault["loc"])} for fault in faults]
            ) from None

    return Depends(read)


def documented_twice(document: dict[str, Any]) -> None:
    """Say of each PATCH that it takes a merge patch as well; give each shape a name."""
    for operations in document["paths"].values():
        if "patch" in operations:
            content = operations["patch"]["requestBody"]["content"]
            shape = content["application/json"]["schema"]
            if "$ref" not in shape:
                document["components"]["schemas"][shape["title"]] = shape
                reference = {"$ref": f"#/components/schemas/{shape['title']}"}
                content["application/json"]["schema"] = reference
            content[MERGE_PATCH] = content["application/json"]
