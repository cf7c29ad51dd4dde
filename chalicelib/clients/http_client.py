"""Posts to webhook receivers: only to public addresses, with time limits.

The client connects to the address that it checked, and verifies the certificate for the host name:
a second DNS response cannot change the address. It does not follow redirects, and does not store
response bodies.
"""

import logging
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException

from botocore.httpsession import where
from msgspec import Struct, field
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.response import BaseHTTPResponse

from chalicelib.clients.receiver_urls import InvalidReceiverUrl, Target, is_public, read_url
from chalicelib.deliveries.model import WebhookResponse

# urllib3 logs the URLs of invalid responses, and URLs may contain secrets.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_MAX_ADDRESSES = 3
_MAX_BODY_BYTES_READ = 4096

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host name, for a port. Raises :class:`OSError`."""


class Limits(Struct, frozen=True):
    """Time limits in seconds.

    :param resolve: to resolve the host name.
    :param connect: to connect to one address, including TLS.
    :param total: to send the request and to receive the status and the headers.
    :param tail: to receive the body.
    """

    resolve: float = 3.0
    connect: float = 3.0
    total: float = 10.0
    tail: float = 0.5


class _PrivateAddress(Exception):
    """The host name resolves to an address that is not public."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host name, IPv4 first: without a VPC, Lambda cannot reach IPv6."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = dict.fromkeys(str(address[0]) for *_, address in infos)
    return sorted(addresses, key=lambda address: ":" in address)


class WebhookClient(Struct, frozen=True):
    """Posts to webhook receivers. Safe to use in several threads.

    :param local: for development: also post to http URLs and to any address.
    :param tls: verifies certificates; by default with the certificate authorities of botocore.
    """

    local: bool = False
    limits: Limits = field(default_factory=Limits)
    resolve: Resolve = resolve
    tls: ssl.SSLContext = field(default_factory=lambda: ssl.create_default_context(cafile=where()))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebhookResponse:
        """Post a body. Failures are in the returned response; no receiver makes this raise."""
        try:
            target = read_url(url, local=self.local)
            with self._connected(target) as connection:
                return self._exchange(connection, target, body, headers)
        except InvalidReceiverUrl as error:
            return WebhookResponse(failure=str(error))
        except _PrivateAddress:
            return WebhookResponse(failure="The host name resolves to a private network.")
        except TimeoutError:
            return WebhookResponse(failure="The receiver did not respond in time.")
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            return WebhookResponse(failure=_failure(error))

    def _exchange(
        self,
        connection: HTTPConnection,
        target: Target,
        body: bytes,
        headers: Mapping[str, str],
    ) -> WebhookResponse:
        with _time_limit(connection, self.limits.total) as expired:
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
                if expired.is_set():
                    raise TimeoutError from error
                raise
            if expired.is_set():
                # Closed while reading the headers, which then seem to be complete.
                raise TimeoutError
            webhook_response = WebhookResponse(
                response.status, retry_after=response.headers.get("Retry-After")
            )
            _read_body(connection, response, self.limits.tail)
        return webhook_response

    @contextmanager
    def _connected(self, target: Target) -> Iterator[HTTPConnection]:
        failure: Exception = OSError("no address")
        for address in self._addresses(target)[:_MAX_ADDRESSES]:
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
        """Resolve the host name. Raises ``_PrivateAddress`` unless all addresses are public."""
        results: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

        def resolve_host() -> None:
            try:
                results.put(self.resolve(target.host, target.port))
            except (OSError, UnicodeError) as error:
                results.put(error)

        # In a thread, because the system's resolver has long timeouts of its own.
        threading.Thread(target=resolve_host, name="resolve", daemon=True).start()
        try:
            addresses = results.get(timeout=self.limits.resolve)
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(addresses, Exception):
            raise addresses
        if not self.local and not all(map(is_public, addresses)):
            raise _PrivateAddress
        return addresses


@contextmanager
def _time_limit(connection: HTTPConnection, seconds: float) -> Iterator[threading.Event]:
    """Shut the connection down after so many seconds; the event is then set.

    The timeout of a socket is for each read: a receiver that sends a byte now and then would never
    reach it.
    """
    expired = threading.Event()

    def shut_down() -> None:
        expired.set()
        if connection.sock is not None:
            with suppress(OSError):
                # Not the method of the SSL socket, which takes its lock and changes its state.
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _read_body(connection: HTTPConnection, response: BaseHTTPResponse, seconds: float) -> None:
    """Read a short body, so that its sender does not see a broken connection."""
    with suppress(HTTPError, HTTPException, OSError, ValueError):
        if connection.sock is not None:
            connection.sock.settimeout(seconds)
        response.read(_MAX_BODY_BYTES_READ, decode_content=False)
    response.close()


def _failure(error: Exception) -> str:
    """Describe an error. Its own message may contain the URL, or text of the receiver."""
    cause = error.__cause__ or error.__context__
    if isinstance(error, socket.gaierror):
        return "The host name cannot be resolved."
    if isinstance(error, (ConnectTimeoutError, NewConnectionError)):
        return "Cannot connect to the receiver."
    if isinstance(error, ssl.SSLError) or isinstance(cause, ssl.SSLError):
        return "The TLS certificate or connection is not valid."
    return "The receiver did not send a valid HTTP response."
