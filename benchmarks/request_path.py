"""Files, functions and call depth of a request: ``make bench-request-path``.

Traces requests on the embedded DynamoDB with the demo data, from the view function of the Chalice
route until the request to DynamoDB that commits is sent; for a list, until its last query. Each
request was sent once before: the caller is in the process's cache, and every module is loaded.
Comprehensions and generator expressions belong to the function that contains them. ``--show``
prints each function where it is first entered, indented by its depth.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from chalice.app import Chalice
from pynamodb.connection import Connection

import chalicelib
from chalicelib.core.dependencies import build_dependencies
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from chalicelib.registry import models
from infra.command_line import new_parser
from tools.devserver.demo_data import load_demo_data
from tools.devserver.embedded import embedded_dynamodb
from tools.devserver.proxy_events import proxy_event
from tools.tables import create_tables

START, STOP, LIST = "POST /timers", "PATCH /timers/{id}/stop", "GET /timers"

_PACKAGE = f"{Path(chalicelib.__file__).parent}/"
_BASE_PATH = "/api/v2"
_HEADERS = {
    "X-Auth-Token": "demo-admin",
    "X-Organization-Id": "2149",
    "Content-Type": "application/vnd.api+json",
}
_DOCUMENT = {"data": {"type": "timers", "attributes": {"time_entry_id": 364}}}
_LAST_CALLS = {START: "TransactWriteItems", STOP: "TransactWriteItems", LIST: "Query"}
_FIRST_ERROR_STATUS = 400
_INLINE = ("<dictcomp>", "<genexpr>", "<listcomp>", "<setcomp>")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of chalicelib: its file, below the package, and its qualified name."""

    file: str
    name: str


@dataclass(frozen=True, slots=True)
class RequestPath:
    """The functions that a request enters, in order, each with its depth; the view's depth is 1.

    ``depth`` is the largest number of chalicelib's functions on the stack.
    """

    functions: Mapping[Function, int]
    depth: int

    @property
    def files(self) -> set[str]:
        """The files of the functions."""
        return {function.file for function in self.functions}


class Tracer:
    """Traces one request, from a view function until the last call of an operation."""

    def __init__(self, view: CodeType, operation: str) -> None:
        self._view = view
        self._operation = operation
        self._functions: dict[Function, int] = {}
        self._depth = 0
        self._max_depth = 0
        self._path: RequestPath | None = None

    @property
    def path(self) -> RequestPath:
        """The request's path. Raises ``LookupError`` if no call of the operation was sent."""
        if self._path is None:
            raise LookupError(f"no {self._operation} was sent")
        return self._path

    @contextmanager
    def tracing(self, connection: Connection) -> Iterator[None]:
        """Trace what this thread does inside the context."""
        events = connection.client.meta.events
        events.register("before-send.dynamodb", self._before_send)
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(None)
            events.unregister("before-send.dynamodb", self._before_send)

    def _profile(self, frame: FrameType, event: str, argument: Any) -> None:
        del argument
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(_PACKAGE):
            return
        if code.co_name in _INLINE or not (self._depth or code is self._view):
            return
        if event == "return":
            self._depth -= 1
            return
        self._depth += 1
        self._max_depth = max(self._max_depth, self._depth)
        function = Function(code.co_filename.removeprefix(_PACKAGE), code.co_qualname)
        self._functions.setdefault(function, self._depth)

    def _before_send(self, event_name: str, **_: Any) -> None:
        if event_name.endswith(f".{self._operation}"):
            self._path = RequestPath(dict(self._functions), self._max_depth)


def trace() -> dict[str, RequestPath]:
    """Return the path of each request, by its name."""
    settings = Settings()
    with embedded_dynamodb():
        connection = connect(settings, models())
        create_tables()
        database = Database(connection)
        load_demo_data(database, int(time.time()))
        app = create_app(settings, build_dependencies(database, settings))
        _send_all(lambda name, arguments: _send(app, name, arguments))
        paths: dict[str, RequestPath] = {}

        def send_traced(name: str, arguments: Mapping[str, str]) -> str:
            tracer = Tracer(_view(app, name), _LAST_CALLS[name])
            with tracer.tracing(connection):
                body = _send(app, name, arguments)
            paths[name] = tracer.path
            return body

        _send_all(send_traced)
    return paths


def _send_all(send: Callable[[str, Mapping[str, str]], str]) -> None:
    timer_id = json.loads(send(START, {}))["data"]["id"]
    send(STOP, {"id": timer_id})
    send(LIST, {})


def _send(app: Chalice, name: str, arguments: Mapping[str, str]) -> str:
    method, _, path = name.partition(" ")
    document = _DOCUMENT if name == START else None
    event = proxy_event(
        method, f"{_BASE_PATH}{path}", _HEADERS, arguments=arguments, document=document
    )
    response: dict[str, Any] = app(event, None)
    if response["statusCode"] >= _FIRST_ERROR_STATUS:
        sys.exit(f"{name}: {response}")
    body: str = response["body"]
    return body


def _view(app: Chalice, name: str) -> CodeType:
    method, _, path = name.partition(" ")
    code: CodeType = app.routes[f"{_BASE_PATH}{path}"][method].view_function.__code__
    return code


def main(arguments: list[str]) -> None:
    """Trace each request and print its numbers; with ``--show``, its functions too."""
    parser = new_parser("benchmarks.request_path", "Count the functions that a request enters.")
    parser.add_argument("--show", action="store_true", help="print the functions")
    options = parser.parse_args(arguments)
    paths = trace()
    print("| request | files | functions | depth |")
    print("| --- | ---: | ---: | ---: |")
    for name, path in paths.items():
        print(f"| `{name}` | {len(path.files)} | {len(path.functions)} | {path.depth} |")
    if options.show:
        for name, path in paths.items():
            print(f"\n{name}")
            for function, depth in path.functions.items():
                print(f"{'  ' * depth}{function.file}: {function.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
