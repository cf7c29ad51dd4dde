"""Print the OpenAPI description as JSON, for generators of clients.

::

    python -m tools.openapi_description > openapi.json
"""

import json
from typing import Any

from pynamodb.connection import Connection

from chalicelib.core.dependencies import build_dependencies
from chalicelib.dynamodb.database import Database
from chalicelib.http.openapi.document import openapi_document
from chalicelib.registry import RESOURCES, build_routes
from infra.command_line import new_parser

LOCAL = "http://127.0.0.1:8000"
"""Where ``make run`` serves; the part of URLs before ``/api/v2``."""


def description() -> dict[str, Any]:
    """Return the OpenAPI document of the local server. Needs no server and no database."""
    routes = build_routes(build_dependencies(Database(Connection())))
    return openapi_document(routes, RESOURCES, LOCAL)


def main() -> None:
    """Print the description."""
    new_parser("tools.openapi_description", "Print the OpenAPI description.").parse_args()
    print(json.dumps(description(), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
