"""Posting to receivers that fail in every way, over real sockets."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest
import trustme

from chalicelib.domain.deliveries import Answer
from chalicelib.outbound.posting import Limits, Poster, resolve
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
LOCAL = Poster(local=True, limits=QUICK)

# The tests' receivers are on this machine, and the poster believes what it is told of names: what
# it is not told is that 203.0.113.7 is not public.
PUBLIC = "203.0.113.7"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def poster(authority: trustme.CA, *addresses: str) -> Poster:
    """One for which the name leads to these addresses, all of which it takes for public."""
    return Poster(
        local=True,
        limits=QUICK,
        resolve=lambda *_: addresses,
        tls=trusting(authority),
    )


def post(to: Poster, url: str) -> Answer:
    return to.post(url, b'{"a": 1}', {"X-Ours": "yes"})


def test_it_posts_what_it_is_given(receiver: Receiver) -> None:
    answer = post(LOCAL, receiver.url + "?key=a%20b")
    assert answer == Answer(204)
    (request,) = receiver.received
    assert request.path == "/hook?key=a%20b"
    assert request.body == b'{"a": 1}'
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["x-ours"] == "yes"
    assert request.headers["content-length"] == "8"


@pytest.mark.parametrize("code", [200, 202, 400, 404, 410, 429, 500, 503])
def test_it_tells_the_status(receiver: Receiver, code: int) -> None:
    receiver.answers = [status(code, b"who cares", Retry_After="7")]
    assert post(LOCAL, receiver.url) == Answer(code, retry_after="7")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_it_follows_nobody(receiver: Receiver, code: int) -> None:
    with receiving() as other:
        receiver.answers = [status(code, Location=other.url)]
        assert post(LOCAL, receiver.url) == Answer(code)
        assert other.received == []


IN_TIME = "did not answer in time"
NO_HTTP = "did not answer in HTTP"


@pytest.mark.parametrize(
    ("answering", "failure"),
    [
        (hang, IN_TIME),
        (drip, IN_TIME),
        (raw(b""), NO_HTTP),
        (raw(b"\x00\xff\xfegarbage"), NO_HTTP),
        (raw(b"220 mail.example.com ESMTP\r\n"), NO_HTTP),
        (raw(b"HTTP/1.1 abc OK\r\n\r\n"), NO_HTTP),
        (raw(b"HTTP/1.1 99999 OK\r\n\r\n"), NO_HTTP),
        (raw(b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n"), NO_HTTP),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n"), NO_HTTP),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), NO_HTTP),
    ],
    ids=lambda it: it if isinstance(it, str) else None,
)
def test_whoever_speaks_no_http_in_time_has_failed(
    receiver: Receiver, answering: Answering, failure: str
) -> None:
    receiver.answers = [answering]
    began = time.monotonic()
    assert post(LOCAL, receiver.url) == Answer(failure=failure)
    assert time.monotonic() - began < 2


def test_hundred_continue_for_ever_is_no_answer(receiver: Receiver) -> None:
    def going_on(out: object, told: Receiver) -> None:
        while not told.ended.wait(0.001):
            out.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # type: ignore[attr-defined]

    receiver.answers = [going_on]
    assert post(LOCAL, receiver.url) == Answer(failure=IN_TIME)


@pytest.mark.parametrize(
    "answering",
    [
        endless,
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
        raw(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"),
    ],
)
def test_what_follows_the_status_does_not_matter(receiver: Receiver, answering: Answering) -> None:
    receiver.answers = [answering]
    began = time.monotonic()
    assert post(LOCAL, receiver.url) == Answer(200)
    assert time.monotonic() - began < 2


def test_nobody_there_is_told_in_our_words() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/secret"
        assert post(LOCAL, url) == Answer(failure="cannot be connected to")


def test_an_unknown_name_is_told_in_our_words() -> None:
    def unknown(*_: object) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    answer = post(Poster(limits=QUICK, resolve=unknown), "https://nobody.example.com/")
    assert answer == Answer(failure="the name is not known")


def test_a_resolver_that_hangs_makes_nobody_wait() -> None:
    asleep = threading.Event()

    def slow(*_: object) -> Sequence[str]:
        asleep.wait(5)
        return []

    assert post(Poster(limits=QUICK, resolve=slow), "https://slow.example.com/") == Answer(
        failure=IN_TIME
    )
    asleep.set()


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
def test_a_name_that_leads_inside_is_not_connected_to(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "create_connection", never)
    monkeypatch.setattr(socket.socket, "connect", never)
    guarded = Poster(limits=QUICK, resolve=lambda *_: addresses)
    assert post(guarded, f"https://{NAME}/") == Answer(
        failure="the name leads into a private network"
    )


def test_a_name_that_leads_to_this_machine_is_refused_for_real() -> None:
    # By the machine's own resolver: whatever it makes of these.
    for host in ("localhost.localdomain", "127.0.0.1.nip.invalid"):
        assert post(Poster(limits=QUICK), f"https://{host}/").status is None


@pytest.mark.parametrize("url", ["http://hooks.example.com/", "https://127.1/", "nonsense"])
def test_a_url_that_is_no_receivers_is_not_looked_up(url: str) -> None:
    def never(*_: object) -> Sequence[str]:
        raise AssertionError("looked up")

    answer = post(Poster(limits=QUICK, resolve=never), url)
    assert answer.failure is not None
    assert answer.failure.startswith("the URL must")


@contextmanager
def secure(authority: trustme.CA, name: str) -> Iterator[Receiver]:
    with receiving(serving(authority, name)) as started:
        yield started


def test_the_address_that_was_checked_is_connected_to_under_the_name(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def once(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        # Whoever is asked a second time answers otherwise: DNS rebinding.
        return ["127.0.0.1"] if len(asked) == 1 else ["127.9.9.9"]

    # All that differs from production: this machine counts as public.
    monkeypatch.setattr("chalicelib.outbound.posting.is_public", lambda _: True)
    guarded = Poster(limits=QUICK, resolve=once, tls=trusting(authority))
    with secure(authority, NAME) as receiver:
        assert post(guarded, f"https://{NAME}:{receiver.port}/hook") == Answer(204)
        (request,) = receiver.received
    assert asked == [NAME]
    assert request.headers["host"] == f"{NAME}:{receiver.port}"


def test_a_certificate_of_another_name_is_not_good(authority: trustme.CA) -> None:
    with secure(authority, "other.example.com") as receiver:
        answer = post(poster(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
        assert answer == Answer(failure="the TLS certificate or connection is not good")
        assert receiver.received == []


def test_a_certificate_of_the_address_does_not_do_for_the_name(authority: trustme.CA) -> None:
    with secure(authority, "127.0.0.1") as receiver:
        answer = post(poster(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
        assert answer.status is None
        assert receiver.received == []


def test_a_certificate_that_nobody_vouches_for_is_not_good(authority: trustme.CA) -> None:
    with secure(trustme.CA(), NAME) as receiver:
        answer = post(poster(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
        assert answer == Answer(failure="the TLS certificate or connection is not good")


def test_no_authority_of_the_tests_is_trusted_by_itself(authority: trustme.CA) -> None:
    everyday = Poster(local=True, limits=QUICK, resolve=lambda *_: ["127.0.0.1"])
    with secure(authority, NAME) as receiver:
        assert post(everyday, f"https://{NAME}:{receiver.port}/").status is None


def test_an_address_may_have_a_certificate_too(authority: trustme.CA) -> None:
    with secure(authority, "127.0.0.1") as receiver:
        answer = post(poster(authority, "127.0.0.1"), f"https://127.0.0.1:{receiver.port}/")
        assert answer == Answer(204)


@pytest.mark.parametrize("answering", [hang, drip])
def test_time_is_limited_over_tls_too(authority: trustme.CA, answering: Answering) -> None:
    with secure(authority, NAME) as receiver:
        receiver.answers = [answering]
        began = time.monotonic()
        answer = post(poster(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
        assert answer == Answer(failure=IN_TIME)
        assert time.monotonic() - began < 2


def test_a_handshake_that_hangs_ends(authority: trustme.CA) -> None:
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"https://{NAME}:{silent.getsockname()[1]}/"
        assert post(poster(authority, "127.0.0.1"), url) == Answer(failure=IN_TIME)


def test_plain_http_at_a_secure_port_is_no_tls(authority: trustme.CA, receiver: Receiver) -> None:
    answer = post(poster(authority, "127.0.0.1"), f"https://{NAME}:{receiver.port}/")
    assert answer == Answer(failure="the TLS certificate or connection is not good")


def test_another_address_is_tried_where_one_does_not_listen(authority: trustme.CA) -> None:
    with secure(authority, NAME) as receiver:
        url = f"https://{NAME}:{receiver.port}/"
        assert post(poster(authority, "127.0.0.2", "127.0.0.1"), url) == Answer(204)
        assert post(poster(authority, *["127.0.0.2"] * 3, "127.0.0.1"), url).status is None
        assert len(receiver.received) == 1


def test_the_machines_own_resolver_gives_addresses() -> None:
    assert set(resolve("localhost", 443)) <= {"127.0.0.1", "::1"}
    assert resolve("127.0.0.1", 443) == ["127.0.0.1"]


def test_what_a_receiver_writes_is_not_logged(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [raw(b"HTTP/1.1 200 OK\r\nno colon, but a password\r\n\r\npassword")]
    with caplog.at_level("DEBUG"):
        post(LOCAL, receiver.url + "?key=secret")
    assert "password" not in caplog.text
    assert "secret" not in caplog.text
