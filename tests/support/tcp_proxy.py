"""A TCP proxy to a local server. It can drop connections and lose responses."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

_CHUNK = 65_536


class TcpProxy:
    """Forwards bytes between clients and a server.

    ``losing`` is the first bytes of the requests whose responses are lost: the server processes the
    request, and the connection closes without a response. Then the event ``lost`` is set.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_cut = False
        self.losing: bytes | None = None
        self.lost = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        """Close all connections and refuse new ones."""
        with self._lock:
            self._is_cut = True
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def restore(self) -> None:
        """Accept connections again."""
        with self._lock:
            self._is_cut = False

    def run(self) -> None:
        """Serve until :meth:`close` is called."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _forward(self, client: socket.socket) -> None:
        address = ("127.0.0.1", self._server)
        with closing(client), closing(socket.create_connection(address)) as server:
            with self._lock:
                if self._is_cut:
                    return
                self._connections |= {client, server}
            is_lost = threading.Event()
            responses = threading.Thread(
                target=self._forward_responses, args=(server, client, is_lost)
            )
            responses.start()
            with suppress(OSError):
                while chunk := client.recv(_CHUNK):
                    if self.losing is not None and chunk.startswith(self.losing):
                        is_lost.set()
                    server.sendall(chunk)
            _shut_down(server)
            responses.join()
            with self._lock:
                self._connections -= {client, server}

    def _forward_responses(
        self, server: socket.socket, client: socket.socket, is_lost: threading.Event
    ) -> None:
        with suppress(OSError):
            while chunk := server.recv(_CHUNK):
                if is_lost.is_set():
                    self.lost.set()
                    break
                client.sendall(chunk)
        _shut_down(client)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(port: int) -> Iterator[TcpProxy]:
    """Run a proxy to the server on ``port``."""
    proxy = TcpProxy(port)
    thread = threading.Thread(target=proxy.run, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
