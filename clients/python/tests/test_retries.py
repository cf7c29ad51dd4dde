"""Repeats: what is sent again, when, and what remains the same."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from stint_client import ApiError, Client, ConnectionFailed, UnexpectedResponse, redeem_pairing
from stint_client.responses import retry_after
from stint_client.transport import Retries
from tests.conftest import FakeClock
from tests.scripted_server import RESET, Answer, ScriptedServer, error, timer

STARTED = Answer(201, timer())


@pytest.fixture
def client(script: ScriptedServer, clock: FakeClock) -> Iterator[Client]:
    with Client(script.url, "secret-token", 2149, retries=clock.retries()) as client:
        yield client


def test_retry_after_is_obeyed_with_the_same_key_and_body(
    client: Client, script: ScriptedServer, clock: FakeClock
) -> None:
    script.answers = [error(429, "rate_limited", Retry_After="7"), STARTED]
    started = client.timers.start(service_id="1296")
    assert started.data.id == "245995407616875"
    assert clock.sleeps == [7]
    first, second = script.requests
    assert first.body == second.body
    assert json.loads(first.body)["data"]["attributes"] == {"service_id": "1296"}
    key, repeated = script.header("idempotency-key")
    assert key
    assert key == repeated
    assert all(script.header("client-time"))


@pytest.mark.parametrize(
    "fault",
    [
        RESET,
        error(503, "unavailable"),
        error(500, "server_error"),
        error(408, "timeout"),
        Answer(502, {"message": "Bad gateway"}, media_type="application/json"),
        Answer(504, {"message": "Timeout"}, media_type="text/html"),
        Answer(201, timer(), missing_bytes=10),
    ],
    ids=["reset", "503", "500", "408", "502", "504", "truncated"],
)
def test_a_fault_is_followed_by_growing_waits(
    client: Client, script: ScriptedServer, clock: FakeClock, fault: Answer
) -> None:
    script.answers = [fault, fault, fault, STARTED]
    assert client.timers.start(service_id="1296").data.id
    assert clock.sleeps == [0.25, 0.5, 1.0]
    assert len(set(script.header("idempotency-key"))) == 1
    assert len(script.requests) == 4


def test_client_time_is_that_of_each_attempt(client: Client, script: ScriptedServer) -> None:
    script.answers = [error(503, "unavailable"), STARTED]
    before = datetime.now(UTC)
    client.timers.start(service_id="1296")
    first, second = (datetime.fromisoformat(str(each)) for each in script.header("client-time"))
    assert before - timedelta(seconds=1) <= first <= second <= datetime.now(UTC)
    assert first.utcoffset() is not None


def test_a_read_is_repeated_and_has_no_key(client: Client, script: ScriptedServer) -> None:
    script.answers = [RESET, Answer(200, timer())]
    assert client.timers.get("1").data.id
    assert script.header("idempotency-key") == [None, None]
    assert script.header("client-time") == [None, None]


def test_each_call_has_its_own_key_unless_one_is_given(
    client: Client, script: ScriptedServer
) -> None:
    script.answers = [STARTED]
    client.timers.start(service_id="1")
    client.timers.start(service_id="1")
    client.timers.start(service_id="1", idempotency_key="mine")
    first, second, third = script.header("idempotency-key")
    assert first != second
    assert third == "mine"


def test_only_a_lost_race_is_repeated(client: Client, script: ScriptedServer) -> None:
    script.answers = [error(409, "conflict", Retry_After="1"), STARTED]
    assert client.timers.start(service_id="1").data.id
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        error(409, "conflict"),
        error(409, "id_conflict", Retry_After="1"),
        error(422, "overlaps_session"),
        error(401, "invalid_auth_token"),
        error(412, "precondition_failed"),
    ],
)
def test_a_refusal_is_not_repeated(
    client: Client, script: ScriptedServer, clock: FakeClock, refusal: Answer
) -> None:
    script.answers = [refusal, STARTED]
    with pytest.raises(ApiError) as raised:
        client.timers.start(service_id="1")
    assert raised.value.status == refusal.status
    assert not raised.value.is_outcome_unknown
    assert len(script.requests) == 1
    assert clock.sleeps == []


def test_patience_ends_before_a_wait_that_is_too_long(
    client: Client, script: ScriptedServer, clock: FakeClock
) -> None:
    script.answers = [error(429, "rate_limited", Retry_After="61")]
    with pytest.raises(ApiError) as raised:
        client.timers.start(service_id="1")
    assert raised.value.retry_after == 61
    assert clock.sleeps == []
    assert len(script.requests) == 1


def test_patience_limits_all_waits_together(script: ScriptedServer, clock: FakeClock) -> None:
    script.answers = [error(429, "rate_limited", Retry_After="25")]
    with (
        Client(script.url, "secret-token", 2149, retries=clock.retries(attempts=99)) as client,
        pytest.raises(ApiError),
    ):
        client.timers.start(service_id="1")
    assert clock.sleeps == [25, 25]


def test_attempts_are_limited(script: ScriptedServer, clock: FakeClock) -> None:
    script.answers = [error(503, "unavailable")]
    with (
        Client(script.url, "secret-token", 2149, retries=clock.retries(attempts=3)) as client,
        pytest.raises(ApiError) as raised,
    ):
        client.timers.start(service_id="1")
    assert len(script.requests) == 3
    assert raised.value.is_outcome_unknown
    assert raised.value.idempotency_key == script.header("idempotency-key")[0]


def test_a_lost_response_has_an_unknown_outcome(client: Client, script: ScriptedServer) -> None:
    script.answers = [RESET]
    with pytest.raises(ConnectionFailed) as raised:
        client.timers.stop()
    assert raised.value.is_outcome_unknown
    assert {raised.value.idempotency_key} == set(script.header("idempotency-key"))
    with pytest.raises(ConnectionFailed) as raised:
        client.timers.get("1")
    assert not raised.value.is_outcome_unknown


def test_a_refused_connection_has_a_known_outcome(clock: FakeClock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/api/v2"
        with (
            Client(address, "secret-token", 2149, retries=clock.retries()) as client,
            pytest.raises(ConnectionFailed) as raised,
        ):
            client.timers.start(service_id="1")
    assert not raised.value.is_outcome_unknown
    assert len(clock.sleeps) == 5


def test_a_wrong_address_is_not_tried_again(clock: FakeClock) -> None:
    with (
        Client("stint.example.com", "secret-token", 1, retries=clock.retries()) as client,
        pytest.raises(ConnectionFailed),
    ):
        client.timers.start(service_id="1")
    assert clock.sleeps == []


@pytest.mark.parametrize(
    "page",
    [
        Answer(200, "Log in to the hotel's network", media_type="text/html"),
        Answer(302, headers={"Location": "http://127.0.0.1:9/login"}),
        Answer(404, {"message": "no such page"}, media_type="application/json"),
    ],
)
def test_a_page_of_somebody_else_is_no_response(
    client: Client, script: ScriptedServer, page: Answer
) -> None:
    script.answers = [page]
    with pytest.raises(UnexpectedResponse) as raised:
        client.timers.start(service_id="1")
    assert raised.value.status == page.status
    assert raised.value.is_outcome_unknown
    assert len(script.requests) == 1


def test_an_error_of_a_newer_server_can_be_read(client: Client, script: ScriptedServer) -> None:
    refusal = error(422, "code_of_next_year")
    refusal.document["errors"][0] |= {
        "source": {"pointer": "data/attributes/service"},
        "meta": {"reason": "archived"},
    }
    script.answers = [refusal]
    with pytest.raises(ApiError) as raised:
        client.timers.start(service_id="1")
    (first,) = raised.value.errors
    assert (first.code, first.detail) == ("code_of_next_year", "What to do.")
    assert first.pointer == "data/attributes/service"
    assert raised.value.meta == {"reason": "archived"}


def test_an_error_without_a_document_is_an_error(client: Client, script: ScriptedServer) -> None:
    script.answers = [Answer(403, {"errors": []})]
    with pytest.raises(ApiError, match="403"):
        client.timers.get("1")


def test_a_code_is_not_sent_again_after_a_lost_response(
    script: ScriptedServer, clock: FakeClock
) -> None:
    script.answers = [RESET]
    with pytest.raises(ConnectionFailed) as raised:
        redeem_pairing(script.url, "7K3MQ9XA04TP", retries=clock.retries())
    assert len(script.requests) == 1
    assert raised.value.is_outcome_unknown
    assert script.header("idempotency-key") == [None]
    assert script.header("x-auth-token") == [None]


def test_jitter_lengthens_a_wait_and_never_shortens_retry_after() -> None:
    retries = Retries(jitter=lambda: 1.0)
    assert retries.wait(1, None) == 0.5
    assert retries.wait(9, None) == 10
    assert retries.wait(1, 3) == 3.5
    assert Retries(jitter=lambda: 0.0).wait(1, 3) == 3


def test_retry_after_can_be_a_date() -> None:
    date = datetime.now(UTC) + timedelta(seconds=30)
    response = httpx.Response(503, headers={"Retry-After": format_datetime(date, usegmt=True)})
    seconds = retry_after(response)
    assert seconds is not None
    assert 25 < seconds <= 30
    assert retry_after(httpx.Response(503, headers={"Retry-After": "soon"})) is None
    assert retry_after(httpx.Response(503)) is None


def test_proxies_of_the_environment_are_used(
    script: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", script.url.removesuffix("/api/v2"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    script.answers = [STARTED]
    with Client("http://stint.invalid/api/v2", "secret-token", 2149) as client:
        assert client.timers.start(service_id="1").data.id
    assert script.requests[0].path.startswith("http://stint.invalid/api/v2/timers")


def test_the_token_is_in_no_repr_log_or_error(
    client: Client, script: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    script.answers = [error(503, "unavailable"), error(403, "access_denied")]
    with pytest.raises(ApiError) as raised:
        client.timers.start(service_id="1")
    http = client.api.get_httpx_client()
    texts = [caplog.text, repr(client), repr(client.api), repr(http), repr(http.auth)]
    texts += [repr(client.timers), repr(raised.value), str(raised.value), repr(vars(raised.value))]
    assert "503" in caplog.text
    assert not [text for text in texts if "secret-token" in text]
    assert script.header("x-auth-token") == ["secret-token", "secret-token"]


@pytest.mark.parametrize("token", ["", "two\nlines", "two words", "naïve"])
def test_a_token_that_cannot_be_a_header_is_not_shown(token: str) -> None:
    with pytest.raises(ValueError, match="no token has") as raised:
        Client("http://127.0.0.1:9", token, 1)
    assert not token or token not in str(raised.value)
