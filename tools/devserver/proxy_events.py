"""Events that API Gateway sends to a function behind a REST API (``proxy_event.json``)."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

_EVENT: dict[str, Any] = json.loads(Path(__file__).with_name("proxy_event.json").read_text())

API_ID: str = _EVENT["requestContext"]["apiId"]


def proxy_event(
    method: str,
    resource: str,
    headers: Mapping[str, str],
    *,
    arguments: Mapping[str, str] | None = None,
    query: str = "",
    document: object = None,
    slash: str = "",
) -> dict[str, Any]:
    """Return the event of a request on a resource such as ``/api/v2/timers/{id}``.

    ``arguments`` are the path parameters; ``slash`` is appended to the path.
    """
    event = copy.deepcopy(_EVENT)
    path = resource.format(**(arguments or {})) + slash
    event |= {"httpMethod": method, "resource": resource, "path": path}
    event["requestContext"] |= {
        "httpMethod": method,
        "resourcePath": resource,
        "path": f"/live{path}",
    }
    event["pathParameters"] = dict(arguments) if arguments else None
    event["headers"] |= headers
    event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
    if query:
        parameters = parse_qs(query, keep_blank_values=True)
        event["multiValueQueryStringParameters"] = parameters
        event["queryStringParameters"] = {name: values[-1] for name, values in parameters.items()}
    if document is not None:
        event["body"] = json.dumps(document)
    return event
