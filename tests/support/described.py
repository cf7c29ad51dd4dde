"""Holds answers to the API's description, more strictly than clients are told to."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
from pynamodb.connection import Connection

from chalicelib.http.openapi.document import describe
from chalicelib.http.table import route_table
from chalicelib.services.toolbox import real_toolbox
from chalicelib.store.store import Store

Description = dict[str, Any]

TABLE = route_table(real_toolbox(Store(Connection())))
"""The routes, to be looked at: nothing answers behind them."""

_DATA = ("examples", "example", "enum", "const")


@cache
def description() -> Description:
    """The description of the route table."""
    return describe(TABLE, "http://stint.test")


def close(schemas: dict[str, Any]) -> None:
    """Let nothing have a member that is not described. Clients are told of no such promise."""
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


def operation(method: str, path: str) -> dict[str, Any] | None:
    """The operation that serves a path below ``/api/v2``; None where there is none."""
    for pattern, operations in _patterns():
        if pattern.fullmatch(path.rstrip("/")):
            found: dict[str, Any] | None = operations.get(method.lower())
            return found
    return None


def complaint(method: str, path: str, status: int, document: dict[str, Any] | None) -> str | None:
    """What is wrong with an answer, by the description; None: nothing."""
    served = operation(method, path)
    if served is None:
        return None
    name = served["operationId"]
    response = served["responses"].get(str(status))
    if response is None:
        return f"{name} is not described to answer {status}"
    if document is None:
        return f"{name} answers {status} without a body" if "content" in response else None
    (content,) = response["content"].values()
    for error in document.get("errors", ()):
        if error["code"] not in content["examples"]:
            return f"{name} is not described to answer {status} {error['code']}"
    reference = content["schema"]["$ref"].rpartition("/")[2]
    for error in _validator(reference).iter_errors(document):
        return f"{name} answers what is not described: {error}"
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    # Longer paths first: {id} takes whatever clients put there.
    paths = sorted(description()["paths"].items(), reverse=True)
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]*", path)), found) for path, found in paths]


@cache
def _closed() -> dict[str, Any]:
    schemas: dict[str, Any] = describe(TABLE, "http://stint.test")["components"]["schemas"]
    close(schemas)
    return schemas


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": _closed()}}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
