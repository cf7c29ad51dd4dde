"""HTTP POST to receivers that fail in many ways, over real sockets."""

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest
import trustme

from chalicelib.clients.http_client import Limits, WebhookClient, resolve
from chalicelib.deliveries.model import WebhookResponse
from tests.support.receiver import (
    Answering,
    Receiver,
    drip,
    endless,
    hang,
    raw,
    receiving,
    status,
)

NAME = "hooks.example.com"
QUICK = Limits(resolve=0.5, connect=0.5, total=0.5, tail=0.1)
LOCAL = WebhookClient(local=True, limits=QUICK)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def client_trusting(authority: trustme.CA, *addresses: str) -> WebhookClient:
    """Create a client that resolves every name to these addresses and accepts local addresses."""
    return WebhookClient(
        local=True,
        limits=QUICK,
        resolve=lambda *_: addresses,
        tls=client_context(authority),
    )


def post(sender: WebhookClient, url: str) -> WebhookResponse:
    return sender.post(url, b'{"a": 1}', {"X-Ours": "yes"})


def test_post_sends_the_url_headers_and_body(receiver: Receiver) -> None:
    response = post(LOCAL, receiver.url + "?key=a%20b")
    assert response == WebhookResponse(204)
    (request,) = receiver.received
    assert request.path == "/hook?key=a%20b"
    assert request.body == b'{"a": 1}'
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["x-ours"] == "yes"
    assert request.headers["content-length"] == "8"


@pytest.mark.parametrize("code", [200, 202, 400, 404, 410, 429, 500, 503])
def test_post_returns_the_response_status(receiver: Receiver, code: int) -> None:
    receiver.responses = [status(code, b"ignored body", Retry_After="7")]
    assert post(LOCAL, receiver.url) == WebhookResponse(code, retry_after="7")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_post_does_not_follow_redirects(receiver: Receiver, code: int) -> None:
    with receiving() as other:
        receiver.responses = [status(code, Location=other.url)]
        assert post(LOCAL, receiver.url) == WebhookResponse(code)
        assert other.received == []


TIMED_OUT = "The receiver did not respond in time."
NOT_HTTP = "The receiver did not send a valid HTTP response."


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (hang, TIMED_OUT),
        (drip, TIMED_OUT),
        (raw(b""), NOT_HTTP),
        (raw(b"\x00\xff\xfegarbage"), NOT_HTTP),
        (raw(b"220 mail.example.com ESMTP\r\n"), NOT_HTTP),
        (raw(b"HTTP/1.1 abc OK\r\n\r\n"), NOT_HTTP),
        (raw(b"HTTP/1.1 99999 OK\r\n\r\n"), NOT_HTTP),
        (raw(b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n"), NOT_HTTP),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n"), NOT_HTTP),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), NOT_HTTP),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_response_that_is_not_http_in_time_is_a_failure(
    receiver: Receiver, response: Answering, failure: str
) -> None:
    receiver.responses = [response]
    assert post(LOCAL, receiver.url) == WebhookResponse(failure=failure)


def test_endless_100_continue_responses_time_out(receiver: Receiver) -> None:
    def send_continue_forever(out: object, handler: Receiver) -> None:
        while not handler.ended.wait(0.001):
            out.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # type: ignore[attr-defined]

    receiver.responses = [send_continue_forever]
    assert post(LOCAL, receiver.url) == WebhookResponse(failure=TIMED_OUT)


@pytest.mark.parametrize(
    "response",
    [
        endless,
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
        raw(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"),
    ],
)
def test_content_after_the_status_line_is_ignored(receiver: Receiver, response: Answering) -> None:
    receiver.responses = [response]
    assert post(LOCAL, receiver.url) == WebhookResponse(200)


def test_refused_connection_has_a_fixed_failure_text() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/secret"
        assert post(LOCAL, url) == WebhookResponse(failure="Cannot connect to the receiver.")


def test_unknown_host_name_has_a_fixed_failure_text() -> None:
    def fail_to_resolve(*_: object) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    response = post(
        WebhookClient(limits=QUICK, resolve=fail_to_resolve), "https://nobody.example.com/"
    )
    assert response == WebhookResponse(failure="The host name cannot be resolved.")


def test_hanging_dns_resolver_times_out() -> None:
    wake_up = threading.Event()

    def resolve_slowly(*_: object) -> Sequence[str]:
        wake_up.wait(5)
        return []

    assert post(
        WebhookClient(limits=QUICK, resolve=resolve_slowly), "https://slow.example.com/"
    ) == WebhookResponse(failure=TIMED_OUT)
    wake_up.set()


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("10.0.0.8",),
        ("169.254.169.254",),
        ("::1",),
        ("::ffff:127.0.0.1",),
        ("64:ff9b::7f00:1",),
        ("8.8.8.8", "127.0.0.1"),
        ("fe80::1%lo",),
    ],
)
def test_host_name_with_a_private_address_is_not_connected_to(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def must_not_connect(*_: object, **__: object) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "create_connection", must_not_connect)
    monkeypatch.setattr(socket.socket, "connect", must_not_connect)
    checking_client = WebhookClient(limits=QUICK, resolve=lambda *_: addresses)
    assert post(checking_client, f"https://{NAME}/") == WebhookResponse(
        failure="The host name resolves to a private network."
    )


def test_loopback_result_of_the_system_resolver_is_rejected() -> None:
    # The system resolver decides: the names may be unknown or resolve to loopback addresses.
    for host in ("localhost.localdomain", "127.0.0.1.nip.invalid"):
        assert post(WebhookClient(limits=QUICK), f"https://{host}/").status is None


@pytest.mark.parametrize("url", ["http://hooks.example.com/", "https://127.1/", "nonsense"])
def test_invalid_webhook_url_is_not_resolved(url: str) -> None:
    def must_not_resolve(*_: object) -> Sequence[str]:
        raise AssertionError("looked up")

    response = post(WebhookClient(limits=QUICK, resolve=must_not_resolve), url)
    assert response.failure is not None
    assert response.failure.startswith("The URL must")


@contextmanager
def tls_receiver(authority: trustme.CA, name: str) -> Iterator[Receiver]:
    with receiving(server_context(authority, name)) as receiver:
        yield receiver


def test_connection_uses_the_checked_address_and_the_host_name(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved_names: list[str] = []

    def resolve_once(host: str, _port: int) -> Sequence[str]:
        resolved_names.append(host)
        # A second lookup returns another address: DNS rebinding.
        return ["127.0.0.1"] if len(resolved_names) == 1 else ["127.9.9.9"]

    # The only difference from production: the loopback address counts as public.
    monkeypatch.setattr("chalicelib.clients.http_client.is_public", lambda _: True)
    checking_client = WebhookClient(
        limits=QUICK, resolve=resolve_once, tls=client_context(authority)
    )
    with tls_receiver(authority, NAME) as receiver:
        assert post(checking_client, f"https://{NAME}:{receiver.port}/hook") == WebhookResponse(204)
        (request,) = receiver.received
    assert resolved_names == [NAME]
    assert request.headers["host"] == f"{NAME}:{receiver.port}"


def test_certificate_of_another_name_is_rejected(authority: trustme.CA) -> None:
    with tls_receiver(authority, "other.example.com") as receiver:
        response = post(client_trusting(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
        assert response == WebhookResponse(
            failure="The TLS certificate or connection is not valid."
        )
        assert receiver.received == []


def test_certificate_of_the_address_is_rejected_for_the_name(authority: trustme.CA) -> None:
    with tls_receiver(authority, "127.0.0.1") as receiver:
        response = post(client_trusting(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
        assert response.status is None
        assert receiver.received == []


def test_certificate_of_an_unknown_authority_is_rejected(authority: trustme.CA) -> None:
    with tls_receiver(trustme.CA(), NAME) as receiver:
        response = post(client_trusting(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
        assert response == WebhookResponse(
            failure="The TLS certificate or connection is not valid."
        )


def test_test_authority_is_not_trusted_by_default(authority: trustme.CA) -> None:
    default_client = WebhookClient(local=True, limits=QUICK, resolve=lambda *_: ["127.0.0.1"])
    with tls_receiver(authority, NAME) as receiver:
        assert post(default_client, f"https://{NAME}:{receiver.port}/").status is None


def test_certificate_of_an_ip_address_is_accepted(authority: trustme.CA) -> None:
    with tls_receiver(authority, "127.0.0.1") as receiver:
        response = post(
            client_trusting(authority, "127.0.0.1"), f"https://127.0.0.1:{receiver.port}/"
        )
        assert response == WebhookResponse(204)


@pytest.mark.parametrize("response", [hang, drip])
def test_timeout_applies_over_tls(authority: trustme.CA, response: Answering) -> None:
    with tls_receiver(authority, NAME) as receiver:
        receiver.responses = [response]
        result = post(client_trusting(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
        assert result == WebhookResponse(failure=TIMED_OUT)


def test_hanging_tls_handshake_times_out(authority: trustme.CA) -> None:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"https://{NAME}:{listener.getsockname()[1]}/"
        assert post(client_trusting(authority, "127.0.0.1"), url) == WebhookResponse(
            failure=TIMED_OUT
        )


def test_plain_http_on_a_tls_port_is_a_tls_failure(
    authority: trustme.CA, receiver: Receiver
) -> None:
    response = post(client_trusting(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
    assert response == WebhookResponse(failure="The TLS certificate or connection is not valid.")


def test_next_address_is_tried_when_one_does_not_listen(authority: trustme.CA) -> None:
    with tls_receiver(authority, NAME) as receiver:
        url = f"https://{NAME}:{receiver.port}/"
        assert post(client_trusting(authority, "127.0.0.2", "127.0.0.1"), url) == WebhookResponse(
            204
        )
        assert post(client_trusting(authority, *["127.0.0.2"] * 3, "127.0.0.1"), url).status is None
        assert len(receiver.received) == 1


def test_system_resolver_returns_addresses() -> None:
    assert set(resolve("localhost", 443)) <= {"127.0.0.1", "::1"}
    assert resolve("127.0.0.1", 443) == ["127.0.0.1"]


def test_content_of_a_response_is_not_logged(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.responses = [raw(b"HTTP/1.1 200 OK\r\nno colon, but a password\r\n\r\npassword")]
    with caplog.at_level("DEBUG"):
        post(LOCAL, receiver.url + "?key=secret")
    assert "password" not in caplog.text
    assert "secret" not in caplog.text
