"""Posts to receivers that somebody else named: only to public addresses, never for long.

The address that was checked is the one that is connected to, while the certificate must be good for
the name: so nobody can answer our question about a name in one way and the connection's in another.
Redirects are not followed, and what a receiver writes is not kept.
"""

import logging
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException

from botocore.httpsession import where
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.response import BaseHTTPResponse

from chalicelib.clients.receiver_urls import BadUrl, Target, is_public, read_url
from chalicelib.deliveries.rules import Answer

# urllib3 would write URLs into the log where an answer is garbage: some hold a secret.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_ADDRESSES_TRIED = 3
_BYTES_READ = 4096

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a name, for a port. Raises :class:`OSError`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a receiver may take, in seconds.

    ``connect`` is for each address, TLS included; ``total`` for all that follows, however slowly
    it trickles in; ``tail`` for the rest of an answer whose status is known.
    """

    resolve: float = 3.0
    connect: float = 3.0
    total: float = 10.0
    tail: float = 0.5


class _Refused(Exception):
    """The name leads to where nobody outside may go."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, those of IPv4 first: Lambda reaches no others by itself."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = dict.fromkeys(str(address[0]) for *_, address in found)
    return sorted(addresses, key=lambda it: ":" in it)


@dataclass(frozen=True)
class Poster:
    """Posts. May be used by many threads at once.

    :param local: for development: plain HTTP and any address will do.
    :param tls: what certificates must be good by; the authorities that botocore brings along.
    """

    local: bool = False
    limits: Limits = field(default_factory=Limits)
    resolve: Resolve = resolve
    tls: ssl.SSLContext = field(default_factory=lambda: ssl.create_default_context(cafile=where()))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """What came of it. Never raises for anything that a receiver does."""
        try:
            target = read_url(url, local=self.local)
            with self._connected(target) as connection:
                return self._exchange(connection, target, body, headers)
        except BadUrl as error:
            return Answer(failure=str(error))
        except _Refused:
            return Answer(failure="The host name resolves to a private network.")
        except TimeoutError:
            return Answer(failure="The receiver did not respond in time.")
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            return Answer(failure=_words(error))

    def _exchange(
        self,
        connection: HTTPConnection,
        target: Target,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Answer:
        with _watched(connection, self.limits.total) as ended:
            try:
                connection.request(
                    "POST",
                    target.path,
                    body,
                    {**headers, "Host": target.authority, "Connection": "close"},
                    preload_content=False,
                )
                response = connection.getresponse()
            except (HTTPError, HTTPException, OSError) as error:
                if ended.is_set():
                    raise TimeoutError from error
                raise
            if ended.is_set():
                # Cut off amid the headers, which looks as if they ended there.
                raise TimeoutError
            answer = Answer(response.status, retry_after=response.headers.get("Retry-After"))
            _read_a_little(connection, response, self.limits.tail)
        return answer

    @contextmanager
    def _connected(self, target: Target) -> Iterator[HTTPConnection]:
        failure: Exception = OSError("no address")
        for address in self._addresses(target)[:_ADDRESSES_TRIED]:
            connection = self._connection(target, address)
            try:
                connection.connect()
                connection.timeout = self.limits.total
                if connection.sock is not None:
                    connection.sock.settimeout(self.limits.total)
            except (NewConnectionError, ConnectTimeoutError) as error:
                connection.close()
                failure = error
                continue
            except BaseException:
                connection.close()
                raise
            try:
                yield connection
            finally:
                connection.close()
            return
        raise failure

    def _connection(self, target: Target, address: str) -> HTTPConnection:
        if not target.is_secure:
            return HTTPConnection(address, target.port, timeout=self.limits.connect)
        return HTTPSConnection(
            address,
            target.port,
            timeout=self.limits.connect,
            ssl_context=self.tls,
            server_hostname=target.host,
        )

    def _addresses(self, target: Target) -> Sequence[str]:
        """The name's addresses: all of them public, or none is used."""
        answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self.resolve(target.host, target.port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        # The resolver has time limits of its own, and they are long.
        threading.Thread(target=ask, name="resolve", daemon=True).start()
        try:
            found = answers.get(timeout=self.limits.resolve)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(found, Exception):
            raise found
        if not self.local and not all(map(is_public, found)):
            raise _Refused
        return found


@contextmanager
def _watched(connection: HTTPConnection, seconds: float) -> Iterator[threading.Event]:
    """Cuts the connection off when its time is over; tells whether it did.

    A socket's own time limit is for each read: who sends a byte now and then would never meet it.
    """
    ended = threading.Event()

    def cut() -> None:
        ended.set()
        if connection.sock is not None:
            with suppress(OSError):
                # Not the SSL socket's own method, which would take its lock and its state away.
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield ended
    finally:
        timer.cancel()


def _read_a_little(connection: HTTPConnection, response: BaseHTTPResponse, seconds: float) -> None:
    """Take the usual short answer off the line, so that its sender sees no broken connection."""
    with suppress(HTTPError, HTTPException, OSError, ValueError):
        if connection.sock is not None:
            connection.sock.settimeout(seconds)
        response.read(_BYTES_READ, decode_content=False)
    response.close()


def _words(error: Exception) -> str:
    """Ours: an exception's own may hold what a receiver wrote, or the URL."""
    cause = error.__cause__ or error.__context__
    if isinstance(error, socket.gaierror):
        return "The host name cannot be resolved."
    if isinstance(error, (ConnectTimeoutError, NewConnectionError)):
        return "Cannot connect to the receiver."
    if isinstance(error, ssl.SSLError) or isinstance(cause, ssl.SSLError):
        return "The TLS certificate or connection is not valid."
    return "The receiver did not send a valid HTTP response."
