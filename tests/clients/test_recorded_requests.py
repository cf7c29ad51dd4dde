"""Clients of Productive find what they read: the requests of ``recorded_requests.py``."""

import json
from typing import Any

import pytest

from tests.clients.recorded_requests import PRESENT, SCENARIOS, Request
from tests.support.api import Api, Response
from tests.support.clock import MINUTE, FakeClock

Ids = dict[str, str]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_client_finds_what_it_reads(admin: Api, clock: FakeClock, scenario: str) -> None:
    ids: Ids = {}
    for request in SCENARIOS[scenario]:
        clock.advance(request.minutes * MINUTE)
        response = send(admin, request, ids)
        assert response.status == request.status, (request.path, response.body)
        for name, value in request.headers_read.items():
            assert response.headers[name] == value
        if request.method in ("HEAD", "OPTIONS"):
            assert response.body == b""
            continue
        document = response.document
        assert differences(filled(request.expected, ids), document) == [], request.path
        check_related(request, document)
        if request.method == "POST" and request.path == "/timers" and response.status == 201:
            ids = started(admin, document)


def send(api: Api, request: Request, ids: Ids) -> Response:
    headers = {**api.headers, **request.headers}
    body = b""
    if request.body is not None:
        headers["Content-Type"] = request.content_type
        body = json.dumps(filled(request.body, ids)).encode()
    sent = {name: value for name, value in headers.items() if value}
    return Api(api._app, sent).send(request.method, filled(request.path, ids), body)


def started(api: Api, document: dict[str, Any]) -> Ids:
    timer = document["data"]["id"]
    shown = api.get(f"/timers/{timer}?include=time_entry").data
    return {"timer": timer, "entry": shown["relationships"]["time_entry"]["data"]["id"]}


def filled(value: Any, ids: Ids) -> Any:
    """Return a value with the ids in the places of their names."""
    match value:
        case str():
            for name, record_id in ids.items():
                value = value.replace(f"{{{name}}}", record_id)
            return value
        case dict():
            return {name: filled(member, ids) for name, member in value.items()}
        case list():
            return [filled(element, ids) for element in value]
    return value


def differences(expected: Any, actual: Any, place: str = "") -> list[str]:
    """Return where the actual value lacks something that is expected."""
    if expected is PRESENT:
        return [f"{place} is missing"] if actual is None else []
    match expected, actual:
        case dict(), dict():
            return [
                problem
                for name, member in expected.items()
                for problem in (
                    differences(member, actual[name], f"{place}/{name}")
                    if name in actual
                    else [f"{place}/{name} is missing"]
                )
            ]
        case list(), list() if len(expected) == len(actual):
            pairs = enumerate(zip(expected, actual, strict=True))
            return [
                problem
                for index, (element, found) in pairs
                for problem in differences(element, found, f"{place}/{index}")
            ]
    is_same = type(expected) is type(actual) and expected == actual
    return [] if is_same else [f"{place}: {actual!r} is not {expected!r}"]


def check_related(request: Request, document: dict[str, Any]) -> None:
    if not request.related:
        return
    data = document["data"]
    records = [*(data if isinstance(data, list) else [data]), *document["included"]]
    for (type_, relationship), expected in request.related.items():
        found = [
            record["relationships"].get(relationship)
            for record in records
            if record["type"] == type_
        ]
        assert found, type_
        assert all(linkage == expected for linkage in found), (relationship, found)


@pytest.mark.parametrize(
    ("expected", "actual", "problem"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, None),
        ({"a": PRESENT}, {"a": None}, "/a is missing"),
        ({"a": None}, {}, "/a is missing"),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], ": [{'a': 1}, {'a': 2}] is not [{'a': 1}]"),
        ({"a": [1]}, {"a": [2]}, "/a/0: 2 is not 1"),
        ({"a": 0}, {"a": False}, "/a: False is not 0"),
    ],
)
def test_missing_parts_are_found(expected: Any, actual: Any, problem: str | None) -> None:
    assert differences(expected, actual) == ([] if problem is None else [problem])
