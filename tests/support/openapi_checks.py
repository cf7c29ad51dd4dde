"""Check responses against the OpenAPI document, more strictly than clients must."""

import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema_rs
from pynamodb.connection import Connection

from chalicelib.core.dependencies import build_dependencies
from chalicelib.dynamodb.database import Database
from chalicelib.http.openapi.document import openapi_document
from chalicelib.jsonapi.requests import JSON_API
from chalicelib.registry import RESOURCES, build_routes

Description = dict[str, Any]

ALL_ROUTES = build_routes(build_dependencies(Database(Connection())))
"""All routes, for inspection only: no database is behind them."""
TABLE = tuple(route for route in ALL_ROUTES if not route.is_public)
"""The routes that need a token."""

_DATA = ("examples", "example", "enum", "const")


@cache
def description() -> Description:
    """Return the OpenAPI document of the route table."""
    return openapi_document(ALL_ROUTES, RESOURCES, "http://stint.test")


def close(schemas: dict[str, Any]) -> None:
    """Forbid undocumented members in all schemas. The published document does not promise this."""
    for schema in schemas.values():
        for part in _parts(schema):
            if "properties" in part:
                part["additionalProperties"] = False


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for name, part in schema.items():
            if name not in _DATA:
                yield from _parts(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _parts(part)


def schema(name: str) -> Description:
    """Return a schema in ``components``."""
    found: Description = description()["components"]["schemas"][name]
    return found


def resolved(part: Description) -> Description:
    """Return the part that a reference names, with the members beside the reference."""
    if "$ref" not in part:
        return part
    beside = {name: value for name, value in part.items() if name != "$ref"}
    target: Description = description()
    for name in part["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    return {**resolved(target), **beside}


def is_valid(part: Description, value: Any) -> bool:
    """Return whether a value matches a schema of the description."""
    complete = {**part, "components": description()["components"]}
    return jsonschema_rs.Draft202012Validator(complete, validate_formats=True).is_valid(value)


def operation(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation that serves a path below ``/api/v2``, or None."""
    for pattern, operations in _patterns():
        if pattern.fullmatch(path.rstrip("/")):
            described: dict[str, Any] | None = operations.get(method.lower())
            return described
    return None


def openapi_violation(
    method: str, path: str, status: int, document: dict[str, Any] | None
) -> str | None:
    """Return how a response differs from the OpenAPI document, or None if it conforms."""
    described = operation(method, path)
    if described is None:
        return None
    name = described["operationId"]
    response = described["responses"].get(str(status))
    if response is None:
        return f"{name}: status {status} is not documented"
    if document is None:
        return (
            f"{name}: the response with status {status} has no body"
            if "content" in response
            else None
        )
    content = response["content"][JSON_API]
    for error in document.get("errors", ()):
        if error["code"] not in content["examples"]:
            return f"{name}: status {status} with code {error['code']} is not documented"
    reference = content["schema"]["$ref"].rpartition("/")[2]
    for error in _validator(reference).iter_errors(document):
        return f"{name}: the response differs from its schema: {error}"
    return None


def is_described_csv(method: str, path: str, status: int) -> bool:
    """Return whether the description has CSV, or no body at all, for this status."""
    described = operation(method, path) if method != "HEAD" else operation("GET", path)
    assert described is not None
    response = described["responses"][str(status)]
    return "text/csv" in response.get("content", ("text/csv",))


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    # Longer and concrete paths first, because {id} matches any text.
    def concrete_first(item: tuple[str, Any]) -> str:
        return item[0].replace("{", "\0")

    paths = sorted(description()["paths"].items(), key=concrete_first, reverse=True)
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]*", path)), operations) for path, operations in paths
    ]


@cache
def _closed() -> dict[str, Any]:
    # A copy: parts of the document are constants of the modules that write it.
    schemas: dict[str, Any] = deepcopy(description()["components"]["schemas"])
    close(schemas)
    return schemas


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": _closed()}}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
