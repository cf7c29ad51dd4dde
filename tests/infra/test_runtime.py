"""The built package, run by AWS's own Lambda runtime client, on API Gateway's own events."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pynamodb.connection import Connection

from bench.forgotten import forget_timers
from chalicelib.domain.deliveries import Delivery
from chalicelib.domain.tallies import PersonDay
from chalicelib.domain.timers import Timer
from chalicelib.outbound.queues import encode
from chalicelib.settings import Settings
from chalicelib.store import keys
from infra.lambda_runtime import Function, FunctionError, running
from infra.package import ARCHIVE
from infra.proxy_events import API_ID, proxy_event
from infra.rollups import behind, read_all
from tests.events.test_rollup import changed, stream_event
from tests.events.test_sweep import EVENT
from tests.support.api import JSON_API, Api
from tests.support.clock import DAY, HOUR, MONDAY_NINE
from tests.support.stream_records import stream_record
from tests.support.world import ADMIN, ADMINS_ENTRY, ZAGREB, World

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
    assert endpoint is not None, "this needs DynamoDB Local: make check-package"
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
    with log.open("w") as written, running(unpacked, environment, written) as started:
        yield started


def _ask(function: Function, event: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer as API Gateway takes it, and its document."""
    answer: dict[str, Any] = function.invoke(event).value
    assert isinstance(answer["body"], str)
    assert not answer.get("isBase64Encoded")
    return answer, json.loads(answer["body"])


def test_a_timer_is_started_listed_and_stopped(function: Function, world: World) -> None:
    headers = world.headers(ADMIN)
    document = {"data": {"type": "timers", "attributes": {"time_entry_id": ADMINS_ENTRY}}}
    start = proxy_event("POST", TIMERS, headers | {"Content-Type": JSON_API}, document=document)
    started, made = _ask(function, start)
    timer_id = made["data"]["id"]
    assert started["statusCode"] == 201
    assert started["headers"]["Location"] == f"{BASE_URL}{TIMERS}/{timer_id}"

    listed, page = _ask(function, proxy_event("GET", TIMERS, headers, query="page[size]=5"))
    assert listed["statusCode"] == 200
    assert [it["id"] for it in page["data"]] == [timer_id]
    assert page["links"]["first"].startswith(f"{BASE_URL}{TIMERS}?")

    stop = proxy_event("PATCH", STOP, headers, arguments={"id": timer_id})
    stopped, kept = _ask(function, stop)
    assert stopped["statusCode"] == 200
    assert kept["data"]["attributes"]["stopped_at"] is not None


def test_the_package_brings_its_description_and_the_page_that_shows_it(
    function: Function,
) -> None:
    described, description = _ask(function, proxy_event("GET", "/api/v2/openapi.json", {}))
    assert described["statusCode"] == 200
    assert description["servers"] == [{"url": f"{BASE_URL}/api/v2"}]
    page = function.invoke(proxy_event("GET", "/docs", {})).value
    assert f'src="{urlsplit(BASE_URL).path}/docs/start.js"' in page["body"]
    renderer = {"file": "swagger-ui-bundle.js"}
    loaded = function.invoke(proxy_event("GET", "/docs/{file}", {}, arguments=renderer)).value
    assert loaded["statusCode"] == 200
    assert "SwaggerUIBundle" in loaded["body"]


def test_every_answer_has_the_common_headers(function: Function, world: World) -> None:
    answer, _ = _ask(function, proxy_event("GET", TIMERS, world.headers(ADMIN)))
    assert answer["headers"]["Content-Type"] == f"{JSON_API}; charset=utf-8"
    assert answer["headers"]["Access-Control-Allow-Origin"] == "https://app.example.com"


def test_a_trailing_slash_is_the_same_route(function: Function, world: World) -> None:
    answer, page = _ask(function, proxy_event("GET", TIMERS, world.headers(ADMIN), slash="/"))
    assert answer["statusCode"] == 200
    assert page["links"]["first"].startswith(f"{BASE_URL}{TIMERS}?")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "HEAD"])
def test_a_wrong_method_is_405(function: Function, world: World, method: str) -> None:
    answer, document = _ask(function, proxy_event(method, TIMERS, world.headers(ADMIN)))
    assert answer["statusCode"] == 405
    assert answer["headers"]["Allow"] == "GET, POST"
    assert document["errors"][0]["code"] == "method_not_allowed"


def test_nobody_gets_in_without_a_token(function: Function, world: World) -> None:
    headers = world.headers(ADMIN) | {"X-Auth-Token": "unknown"}
    answer, document = _ask(function, proxy_event("GET", TIMERS, headers))
    assert answer["statusCode"] == 401
    assert document["errors"][0]["code"] == "invalid_auth_token"


def test_what_it_logs_is_json_and_holds_no_token(
    function: Function, world: World, log: Path
) -> None:
    headers = world.headers(ADMIN)
    _ask(function, proxy_event("GET", TIMERS, headers, query="filter[person_id]=8779"))
    written = log.read_text()
    last = json.loads(written.splitlines()[-1])
    assert last["message"] == "request"
    assert last["level"] == "INFO"
    assert last["requestId"].startswith("request-")
    assert (last["route"], last["method"], last["status"]) == ("list_timers", "GET", 200)
    assert headers["X-Auth-Token"] not in written
    assert "8779" not in written


def test_the_sweep_runs_from_its_own_module(
    unpacked: Path, environment: dict[str, str], log: Path, connection: Connection
) -> None:
    forget_timers(connection, ZAGREB.id, range(3), MONDAY_NINE, HOUR)
    handler = "chalicelib.events.sweep.sweep"
    with log.open("a") as written, running(unpacked, environment, written, handler) as sweep:
        report = sweep.invoke(EVENT).value
    assert (report["found"], report["stopped"], report["complete"]) == (3, 3, True)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    # What the alarm on the sweep's lag is read off.
    assert [it["lag_seconds"] for it in lines if it["message"] == "sweep"] == [0]


def test_the_fan_out_runs_from_its_own_module(
    unpacked: Path, environment: dict[str, str], log: Path, world: World
) -> None:
    assert world.tokens
    timer = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE, MONDAY_NINE + HOUR)
    handler = "chalicelib.events.fan_out.fan_out"
    with log.open("a") as written, running(unpacked, environment, written, handler) as fan_out:
        answer = fan_out.invoke({"Records": [stream_record(None, timer)]}).value
    assert answer == {"batchItemFailures": []}
    last = json.loads(log.read_text().splitlines()[-1])
    # Nobody wants to hear of it: there is no queue here.
    assert (last["message"], last["events"], last["messages"]) == ("fan_out", 1, 0)


def test_the_delivery_worker_runs_from_its_own_module(
    unpacked: Path, environment: dict[str, str], log: Path, world: World
) -> None:
    assert world.tokens
    # Of a webhook that is no longer there: dropped, with all that it takes to deliver at hand.
    text = encode(Delivery("evt_1", "timer.started", ZAGREB.id, 78, "{}"))
    handler = "chalicelib.events.delivery.delivery"
    with log.open("a") as written, running(unpacked, environment, written, handler) as delivery:
        answer = delivery.invoke({"Records": [{"messageId": "1", "body": text}]}).value
    assert answer == {"batchItemFailures": []}
    last = json.loads(log.read_text().splitlines()[-1])
    assert (last["message"], last["dropped"]) == ("deliveries", 1)


def test_the_roll_up_runs_from_its_own_module(
    unpacked: Path, environment: dict[str, str], log: Path, admin: Api, connection: Connection
) -> None:
    assert admin.start(time_entry_id=ADMINS_ENTRY).status == 201
    today = PersonDay(ZAGREB.id, ADMIN, MONDAY_NINE // DAY)
    assert today in behind(read_all(connection))
    place = keys.tally(today)
    event = stream_event(changed(place["scope"], place["bucket"]))
    handler = "chalicelib.events.rollup.rollup"
    with log.open("a") as written, running(unpacked, environment, written, handler) as rollup:
        assert rollup.invoke(event).value == {"batchItemFailures": []}
    assert today not in behind(read_all(connection))


def test_a_database_that_is_away_is_503(
    unpacked: Path, environment: dict[str, str], log: Path, world: World
) -> None:
    nowhere = environment | {"DYNAMODB_ENDPOINT": "http://127.0.0.1:9"}
    with log.open("a") as written, running(unpacked, nowhere, written) as function:
        answer, document = _ask(function, proxy_event("GET", TIMERS, world.headers(ADMIN)))
    assert answer["statusCode"] == 503
    assert int(answer["headers"]["Retry-After"]) > 0
    assert document["errors"][0]["code"] == "unavailable"


def test_the_bytecode_is_what_runs(
    package: Path, tmp_path: Path, environment: dict[str, str], log: Path, world: World
) -> None:
    with zipfile.ZipFile(package / ARCHIVE) as archive:
        archive.extractall(tmp_path)
    for source in tmp_path.rglob("*.py"):
        source.write_text("raise RuntimeError('compiled at a cold start')\n")
    with log.open("a") as written, running(tmp_path, environment, written) as function:
        answer, _ = _ask(function, proxy_event("GET", TIMERS, world.headers(ADMIN)))
    assert answer["statusCode"] == 200


def test_what_is_missing_in_the_package_is_missing_here(
    package: Path, tmp_path: Path, environment: dict[str, str], log: Path, world: World
) -> None:
    with zipfile.ZipFile(package / ARCHIVE) as archive:
        kept = [name for name in archive.namelist() if not name.startswith("pynamodb/")]
        archive.extractall(tmp_path, kept)
    with (
        log.open("a") as written,
        running(tmp_path, environment, written) as function,
        pytest.raises(FunctionError, match="pynamodb"),
    ):
        function.invoke(proxy_event("GET", TIMERS, world.headers(ADMIN)))
