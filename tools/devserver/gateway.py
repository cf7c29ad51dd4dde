"""Local stand-in for API Gateway: routes requests to the application.

Unknown routes get the same responses as from the deployed API Gateway.
"""

import gzip
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from chalice.app import Chalice
from chalice.local import LambdaContext, LambdaEventConverter, LocalChalice, RouteMatcher

from chalicelib.core.errors import RouteNotFound, StintError
from chalicelib.http.responses import error_response, to_chalice

_FUNCTION_NAME = "stint-local"
_MEMORY_MB = 1024
_TIMEOUT_MILLISECONDS = 29_000
_MIN_COMPRESSED_BYTES = 1024
_REFUSED = re.compile(r";q=0(\.0*)?$")


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response, ready to be sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Gateway:
    """Calls a Chalice app; safe to use from many threads."""

    def __init__(self, app: Chalice) -> None:
        # Chalice stores the current request on the app; LocalChalice stores one per thread.
        app.__class__ = LocalChalice
        self._app = app
        self._routes = RouteMatcher(list(app.routes))
        self._events = LambdaEventConverter(self._routes)

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Return the response to a request; ``target`` is its path and query string."""
        if "//" in target.partition("?")[0]:
            # As API Gateway: an empty part of a path is not a value of a path parameter.
            return self.refuse(RouteNotFound())
        try:
            event = self._events.create_lambda_event(method, target, dict(headers), body)
        except ValueError:
            return self.refuse(RouteNotFound())
        event["requestContext"]["requestId"] = str(uuid.uuid4())
        context = LambdaContext(_FUNCTION_NAME, _MEMORY_MB, _TIMEOUT_MILLISECONDS)
        response = self._app(event, context)
        complete = Response(response["statusCode"], response["headers"], response["body"].encode())
        return _compressed(complete, headers.get("accept-encoding", ""))

    def refuse(self, error: StintError) -> Response:
        """Return the error response to a request that does not reach the application."""
        response = to_chalice(error_response(error), "*")
        return Response(
            response.status_code,
            {name: str(value) for name, value in response.headers.items()},
            str(response.body).encode(),
        )


def _compressed(response: Response, accept_encoding: str) -> Response:
    encodings = (part.replace(" ", "").lower() for part in accept_encoding.split(","))
    names = {part.partition(";")[0] for part in encodings if not _REFUSED.search(part)}
    if "gzip" not in names or len(response.body) < _MIN_COMPRESSED_BYTES:
        return response
    headers = {**response.headers, "Content-Encoding": "gzip"}
    return Response(response.status, headers, gzip.compress(response.body, mtime=0))
