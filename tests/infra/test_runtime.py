"""The built package in AWS's Lambda runtime client, with API Gateway proxy events."""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pynamodb.connection import Connection

from benchmarks.seed_overdue import create_overdue_timers
from chalicelib.clients.sqs import encode_delivery
from chalicelib.core.settings import Settings
from chalicelib.counters.model import PersonDay
from chalicelib.deliveries.model import Delivery
from chalicelib.dynamodb import keys
from chalicelib.timers.model import Timer
from infra.lambda_runtime import Function, FunctionError, running
from infra.package import ARCHIVE
from tests.handlers.test_auto_stop import EVENT
from tests.handlers.test_counter_rollup import changed, stream_event
from tests.support.api import JSON_API, Api
from tests.support.clock import DAY, HOUR, MONDAY_NINE
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, ZAGREB, Fixtures, token_id
from tests.support.stream_records import stream_record
from tools.devserver.proxy_events import API_ID, proxy_event
from tools.ops.counter_repair import behind, read_all

pytestmark = pytest.mark.package

TIMERS = "/api/v2/timers"
STOP = "/api/v2/timers/{id}/stop"
BASE_URL = f"https://{API_ID}.execute-api.eu-central-1.amazonaws.com/live"


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package / ARCHIVE) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def environment(settings: Settings) -> dict[str, str]:
    endpoint = settings.dynamodb_endpoint
    assert endpoint is not None, "this test needs DynamoDB Local: make check-package"
    return {
        "DYNAMODB_ENDPOINT": endpoint,
        "STINT_TABLE_PREFIX": settings.table_prefix,
        "STINT_ALLOWED_ORIGIN": "https://app.example.com",
        "STINT_LOG_LEVEL": "INFO",
        "STINT_PUBLIC_BASE_URL": "https://{api_id}.execute-api.eu-central-1.amazonaws.com/live",
    }


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "function.log"


@pytest.fixture(scope="module")
def function(unpacked: Path, environment: dict[str, str], log: Path) -> Iterator[Function]:
    with log.open("w") as log_file, running(unpacked, environment, log_file) as started:
        yield started


def _invoke(function: Function, event: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The proxy response of the function, and its decoded JSON body."""
    response: dict[str, Any] = function.invoke(event).value
    assert isinstance(response["body"], str)
    assert not response.get("isBase64Encoded")
    return response, json.loads(response["body"])


def test_timer_can_be_started_listed_and_stopped(function: Function, fixtures: Fixtures) -> None:
    headers = fixtures.headers(ADMIN)
    request_document = {"data": {"type": "timers", "attributes": {"time_entry_id": ADMINS_ENTRY}}}
    start = proxy_event(
        "POST", TIMERS, headers | {"Content-Type": JSON_API}, document=request_document
    )
    started, created = _invoke(function, start)
    timer_id = created["data"]["id"]
    assert started["statusCode"] == 201
    assert started["headers"]["Location"] == f"{BASE_URL}{TIMERS}/{timer_id}"

    listed, page = _invoke(function, proxy_event("GET", TIMERS, headers, query="page[size]=5"))
    assert listed["statusCode"] == 200
    assert [timer["id"] for timer in page["data"]] == [timer_id]
    assert page["links"]["first"].startswith(f"{BASE_URL}{TIMERS}?")

    stop = proxy_event("PATCH", STOP, headers, arguments={"id": timer_id})
    stopped, document = _invoke(function, stop)
    assert stopped["statusCode"] == 200
    assert document["data"]["attributes"]["stopped_at"] is not None


def test_package_serves_the_openapi_description_and_its_page(
    function: Function,
) -> None:
    described, description = _invoke(function, proxy_event("GET", "/api/v2/openapi.json", {}))
    assert described["statusCode"] == 200
    assert description["servers"] == [{"url": f"{BASE_URL}/api/v2"}]
    page = function.invoke(proxy_event("GET", "/docs", {})).value
    assert f'src="{urlsplit(BASE_URL).path}/docs/start.' in page["body"]
    (file_name,) = re.findall(r"swagger-ui-bundle\.[0-9a-f]+\.js", page["body"])
    renderer = {"file": file_name}
    loaded = function.invoke(proxy_event("GET", "/docs/{file}", {}, arguments=renderer)).value
    assert loaded["statusCode"] == 200
    assert "SwaggerUIBundle" in loaded["body"]


@pytest.mark.parametrize("page", ["app", "admin"])
def test_package_serves_a_page_and_its_files(function: Function, page: str) -> None:
    shown = function.invoke(proxy_event("GET", f"/{page}", {}, slash="/")).value
    prefix = urlsplit(BASE_URL).path
    (script,) = re.findall(rf'src="{prefix}(/{page}/\w+/{page}/main\.js)"', shown["body"])
    _, _, version, folder, file = script.split("/")
    resource = f"/{page}/{{version}}/{{folder}}/{{file}}"
    arguments = {"version": version, "folder": folder, "file": file}
    event = proxy_event("GET", resource, {}, arguments=arguments)
    loaded = function.invoke(event).value
    assert (loaded["statusCode"], loaded["headers"]["Cache-Control"]) == (
        200,
        "public, max-age=31536000, immutable",
    )
    assert loaded["body"].startswith("// ")
    unchanged = {"If-None-Match": loaded["headers"]["ETag"]}
    event = proxy_event("GET", resource, unchanged, arguments=arguments)
    assert function.invoke(event).value["statusCode"] == 304
    event = proxy_event("GET", resource, {}, arguments=arguments | {"file": "..%2fmain.js"})
    assert function.invoke(event).value["statusCode"] == 404


def test_every_response_has_the_common_headers(function: Function, fixtures: Fixtures) -> None:
    headers = {**fixtures.headers(ADMIN), "Origin": "https://app.example.com"}
    response, _ = _invoke(function, proxy_event("GET", TIMERS, headers))
    assert response["headers"]["Content-Type"] == f"{JSON_API}; charset=utf-8"
    assert response["headers"]["Access-Control-Allow-Origin"] == "https://app.example.com"


def test_trailing_slash_is_the_same_route(function: Function, fixtures: Fixtures) -> None:
    response, page = _invoke(
        function, proxy_event("GET", TIMERS, fixtures.headers(ADMIN), slash="/")
    )
    assert response["statusCode"] == 200
    assert page["links"]["first"].startswith(f"{BASE_URL}{TIMERS}?")


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
def test_unsupported_method_returns_405(
    function: Function, fixtures: Fixtures, method: str
) -> None:
    response, document = _invoke(function, proxy_event(method, TIMERS, fixtures.headers(ADMIN)))
    assert response["statusCode"] == 405
    assert response["headers"]["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert document["errors"][0]["code"] == "method_not_allowed"


def test_unknown_token_returns_401(function: Function, fixtures: Fixtures) -> None:
    headers = fixtures.headers(ADMIN) | {"X-Auth-Token": "unknown"}
    response, document = _invoke(function, proxy_event("GET", TIMERS, headers))
    assert response["statusCode"] == 401
    assert document["errors"][0]["code"] == "invalid_auth_token"


def test_log_lines_are_json_without_tokens(
    function: Function, fixtures: Fixtures, log: Path
) -> None:
    headers = fixtures.headers(ADMIN)
    _invoke(function, proxy_event("GET", TIMERS, headers, query="filter[person_id]=8784"))
    log_text = log.read_text()
    last = json.loads(log_text.splitlines()[-1])
    assert last["message"] == "request"
    assert last["level"] == "INFO"
    assert last["requestId"].startswith("request-")
    assert (last["route"], last["method"], last["status"]) == ("list_timers", "GET", 200)
    assert headers["X-Auth-Token"] not in log_text
    assert "8784" not in log_text
    # The ids of the caller say who sent the request.
    assert (last["person_id"], last["token_id"]) == (ADMIN, token_id(ADMIN))


def test_debug_level_logs_no_requests_of_libraries(
    unpacked: Path, environment: dict[str, str], tmp_path: Path, fixtures: Fixtures
) -> None:
    # The worst case: the level of the runtime's root logger is DEBUG, too.
    debug = environment | {"AWS_LAMBDA_LOG_LEVEL": "DEBUG", "STINT_LOG_LEVEL": "DEBUG"}
    headers = fixtures.headers(ADMIN)
    note = "a note that must not be logged"
    document = {"data": {"attributes": {"note": note, "time_entry_id": ADMINS_ENTRY}}}
    start = proxy_event("POST", TIMERS, headers | {"Content-Type": JSON_API}, document=document)
    log = tmp_path / "debug.log"
    with log.open("w") as log_file, running(unpacked, debug, log_file) as api:
        _invoke(api, start)
    handler = "chalicelib.handlers.auto_stop.auto_stop"
    with log.open("a") as log_file, running(unpacked, debug, log_file, handler) as auto_stop:
        auto_stop.invoke(EVENT)
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    # While it is imported, PynamoDB says that it has no settings file.
    assert {line["logger"] for line in lines} <= {"stint", "pynamodb.settings"}
    assert {"request", "auto-stop run"} <= {line["message"] for line in lines}
    for secret in (headers["X-Auth-Token"], note, "botocore", "AWS4-HMAC-SHA256"):
        assert secret not in text


def test_uncaught_error_is_a_log_line_of_level_error(
    unpacked: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    # The metric filter of the alarm `Failures` reads this field.
    log = tmp_path / "error.log"
    handler = "chalicelib.handlers.counter_rollup.counter_rollup"
    with (
        log.open("w") as log_file,
        running(unpacked, environment, log_file, handler) as rollup,
        pytest.raises(FunctionError),
    ):
        rollup.invoke({"Records": [{}]})
    assert "ERROR" in [json.loads(line)["level"] for line in log.read_text().splitlines()]


def test_auto_stop_handler_runs_from_its_own_module(
    unpacked: Path, environment: dict[str, str], log: Path, connection: Connection
) -> None:
    create_overdue_timers(connection, ZAGREB.id, range(3), MONDAY_NINE, HOUR)
    handler = "chalicelib.handlers.auto_stop.auto_stop"
    with log.open("a") as log_file, running(unpacked, environment, log_file, handler) as function:
        report = function.invoke(EVENT).value
    assert (report["found"], report["stopped"], report["complete"]) == (3, 3, True)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    # The metric filter of the lag alarm reads this field.
    assert [line["lag_seconds"] for line in lines if line["message"] == "auto-stop run"] == [0]


def test_event_fan_out_handler_runs_from_its_own_module(
    unpacked: Path, environment: dict[str, str], log: Path, fixtures: Fixtures
) -> None:
    assert fixtures.tokens
    timer = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE, MONDAY_NINE + HOUR)
    handler = "chalicelib.handlers.event_fanout.event_fanout"
    with log.open("a") as log_file, running(unpacked, environment, log_file, handler) as fan_out:
        response = fan_out.invoke({"Records": [stream_record(None, timer)]}).value
    assert response == {"batchItemFailures": []}
    last = json.loads(log.read_text().splitlines()[-1])
    # No webhook exists, so the function needs no queue.
    assert (last["message"], last["events"], last["messages"]) == ("event fan-out", 1, 0)


def test_delivery_handler_runs_from_its_own_module(
    unpacked: Path, environment: dict[str, str], log: Path, fixtures: Fixtures
) -> None:
    assert fixtures.tokens
    # A delivery of an unknown webhook is dropped; the worker still loads all its modules.
    text = encode_delivery(Delivery("evt_1", "timer.started", ZAGREB.id, 78, "{}"))
    handler = "chalicelib.handlers.webhook_delivery.webhook_delivery"
    with log.open("a") as log_file, running(unpacked, environment, log_file, handler) as delivery:
        response = delivery.invoke({"Records": [{"messageId": "1", "body": text}]}).value
    assert response == {"batchItemFailures": []}
    last = json.loads(log.read_text().splitlines()[-1])
    assert (last["message"], last["dropped"]) == ("delivery batch", 1)


def test_roll_up_handler_runs_from_its_own_module(
    unpacked: Path, environment: dict[str, str], log: Path, admin: Api, connection: Connection
) -> None:
    assert admin.start(time_entry_id=ADMINS_ENTRY).status == 201
    today = PersonDay(ZAGREB.id, ADMIN, MONDAY_NINE // DAY)
    assert today in behind(read_all(connection))
    key = keys.counter(today)
    event = stream_event(changed(key["scope"], key["bucket"]))
    handler = "chalicelib.handlers.counter_rollup.counter_rollup"
    with log.open("a") as log_file, running(unpacked, environment, log_file, handler) as rollup:
        assert rollup.invoke(event).value == {"batchItemFailures": []}
    assert today not in behind(read_all(connection))


def test_unreachable_database_returns_503(
    unpacked: Path, environment: dict[str, str], log: Path, fixtures: Fixtures
) -> None:
    unreachable = environment | {"DYNAMODB_ENDPOINT": "http://127.0.0.1:9"}
    with log.open("a") as log_file, running(unpacked, unreachable, log_file) as function:
        response, document = _invoke(function, proxy_event("GET", TIMERS, fixtures.headers(ADMIN)))
    assert response["statusCode"] == 503
    assert int(response["headers"]["Retry-After"]) > 0
    assert document["errors"][0]["code"] == "unavailable"


def test_function_runs_the_packaged_bytecode(
    package: Path, tmp_path: Path, environment: dict[str, str], log: Path, fixtures: Fixtures
) -> None:
    with zipfile.ZipFile(package / ARCHIVE) as archive:
        archive.extractall(tmp_path)
    for source in tmp_path.rglob("*.py"):
        source.write_text("raise RuntimeError('compiled at a cold start')\n")
    with log.open("a") as log_file, running(tmp_path, environment, log_file) as function:
        response, _ = _invoke(function, proxy_event("GET", TIMERS, fixtures.headers(ADMIN)))
    assert response["statusCode"] == 200


def test_function_fails_when_the_package_lacks_a_dependency(
    package: Path, tmp_path: Path, environment: dict[str, str], log: Path, fixtures: Fixtures
) -> None:
    with zipfile.ZipFile(package / ARCHIVE) as archive:
        names = [name for name in archive.namelist() if not name.startswith("pynamodb/")]
        archive.extractall(tmp_path, names)
    with (
        log.open("a") as log_file,
        running(tmp_path, environment, log_file) as function,
        pytest.raises(FunctionError, match="pynamodb"),
    ):
        function.invoke(proxy_event("GET", TIMERS, fixtures.headers(ADMIN)))
