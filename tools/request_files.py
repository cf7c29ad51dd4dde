"""Write docs/stint.http and docs/stint.postman_collection.json from the OpenAPI description.

::

    python -m tools.request_files
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from chalicelib.registry import RESOURCES
from infra.command_line import new_parser
from tools.openapi_description import LOCAL, description

DOCS = Path(__file__).parents[1] / "docs"
HTTP_FILE = DOCS / "stint.http"
POSTMAN_FILE = DOCS / "stint.postman_collection.json"

_VARIABLES = {"base_url": f"{LOCAL}/api/v2", "token": "demo-admin", "organization": "2149"}
_HEADERS = {"X-Auth-Token": "{{token}}", "X-Organization-Id": "{{organization}}"}
# Not the caller and its token: without them, every later request would be a 401.
_OTHER_IDS = {"people": "8784", "api_tokens": "2"}
_OPERATORS = (
    "Filters also have operators, such as `filter[person_id][not_eq]`: "
    "`/api/v2/openapi.json` lists them."
)
_POSTMAN_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

_HTTP_HEAD = """\
# Every operation of stint, for the HTTP clients of VS Code and JetBrains.
# `python -m tools.request_files` writes this file from the OpenAPI description.
# It calls `make run` with its demo data. To call another server, change the variables.
# In a program, send an Idempotency-Key with every write: docs/clients.md.
"""


class _Request(Struct, frozen=True):
    """An operation with example values.

    :param query: the parameters of the query, all of them optional: name, example, description.
    :param body: the example body; None if the operation takes none.
    """

    name: str
    tag: str
    summary: str
    description: str
    method: str
    path: str
    id: str
    is_write: bool
    query: list[tuple[str, str, str]]
    media_type: str
    body: Any


def http_file() -> str:
    """Return the text of the HTTP file."""
    variables = "".join(f"@{name} = {value}\n" for name, value in _VARIABLES.items())
    parts = [f"{_HTTP_HEAD}\n{variables}"]
    for request in _requests():
        path = request.path.replace("{id}", request.id)
        lines = [
            f"### {request.summary}",
            f"# @name {request.name}",
            f"{request.method} {{{{base_url}}}}{path}",
            *(f"{name}: {value}" for name, value in _headers(request).items()),
        ]
        if request.body is not None:
            lines += ["", json.dumps(request.body, indent=2, ensure_ascii=False)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def postman_collection() -> str:
    """Return the text of the Postman collection. It sends no optional parameter."""
    document = description()
    requests = list(_requests())
    folders = [
        {
            "name": tag["name"],
            "description": tag["description"],
            "item": [_item(request) for request in requests if request.tag == tag["name"]],
        }
        for tag in document["tags"]
    ]
    collection = {
        "info": {
            "name": "stint",
            "description": f"{document['info']['summary']} {_OPERATORS}",
            "schema": _POSTMAN_SCHEMA,
        },
        "variable": [{"key": name, "value": value} for name, value in _VARIABLES.items()],
        "item": folders,
    }
    return json.dumps(collection, indent=1, ensure_ascii=False) + "\n"


def _item(request: _Request) -> dict[str, Any]:
    headers = dict(_headers(request))
    if request.is_write:
        headers["Idempotency-Key"] = "{{$guid}}"
    path = request.path.replace("{id}", ":id")
    url: dict[str, Any] = {
        "raw": f"{{{{base_url}}}}{path}",
        "host": ["{{base_url}}"],
        "path": path.strip("/").split("/"),
        "query": [
            {"key": name, "value": value, "description": description, "disabled": True}
            for name, value, description in request.query
        ],
    }
    if ":id" in path:
        url["variable"] = [{"key": "id", "value": request.id}]
    item: dict[str, Any] = {
        "method": request.method,
        "description": request.description,
        "header": [{"key": name, "value": value} for name, value in headers.items()],
        "url": url,
    }
    if request.body is not None:
        text = json.dumps(request.body, indent=2, ensure_ascii=False)
        item["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
    return {"name": request.summary, "request": item}


def _headers(request: _Request) -> Mapping[str, str]:
    if request.body is None:
        return _HEADERS
    return {**_HEADERS, "Content-Type": request.media_type}


def _requests() -> Iterator[_Request]:
    document = description()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            (media_type,) = content or ("",)
            yield _Request(
                name=operation["operationId"],
                tag=operation["tags"][0],
                summary=operation["summary"],
                description=operation["description"],
                method=method.upper(),
                path=path,
                id=_example_id(path.split("/")[1]),
                is_write=method != "get",
                query=list(_query(document, operation)),
                media_type=media_type,
                body=content[media_type]["example"] if content else None,
            )


def _example_id(type_: str) -> str:
    if type_ not in RESOURCES:
        return ""
    resource = RESOURCES[type_]
    return _OTHER_IDS.get(type_) or str(resource.id(resource.example()))


def _query(
    document: Mapping[str, Any], operation: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Return the query parameters, without the operators of filters."""
    shared = document["components"]["parameters"]
    for reference in operation["parameters"]:
        parameter = shared.get(reference.get("$ref", "").rpartition("/")[2], reference)
        if parameter["in"] == "query" and "][" not in parameter["name"]:
            example = parameter["schema"]["examples"][0]
            yield parameter["name"], _query_value(example), parameter["description"]


def _query_value(example: Any) -> str:
    """Return a value as a query has it: the values of a list are separated by commas."""
    if isinstance(example, list):
        return ",".join(map(str, example))
    return str(example).lower() if isinstance(example, bool) else str(example)


def main() -> int:
    """Write the files."""
    new_parser("tools.request_files", "Write the request files of docs/.").parse_args()
    HTTP_FILE.write_text(http_file())
    POSTMAN_FILE.write_text(postman_collection())
    print(f"wrote {HTTP_FILE} and {POSTMAN_FILE}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
