"""A line to a server on this machine that can be cut, and that can lose an answer: over TCP."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

_CHUNK = 65_536


class Line:
    """Carries bytes between whoever connects to its port and a server.

    ``losing`` is how requests begin whose answers are lost: they arrive, the server does what they
    say, and the connection ends without an answer. ``lost`` is set when that has happened.
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
        """End what is connected, and let nobody through."""
        with self._lock:
            self._is_cut = True
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        with self._lock:
            self._is_cut = False

    def run(self) -> None:
        """Serve until it is closed."""
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(caller,), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _carry(self, caller: socket.socket) -> None:
        with closing(caller), closing(socket.create_connection(("127.0.0.1", self._server))) as far:
            with self._lock:
                if self._is_cut:
                    return
                self._connections |= {caller, far}
            is_lost = threading.Event()
            back = threading.Thread(target=self._bring_back, args=(far, caller, is_lost))
            back.start()
            with suppress(OSError):
                while chunk := caller.recv(_CHUNK):
                    if self.losing is not None and chunk.startswith(self.losing):
                        is_lost.set()
                    far.sendall(chunk)
            _end(far)
            back.join()
            with self._lock:
                self._connections -= {caller, far}

    def _bring_back(
        self, far: socket.socket, caller: socket.socket, is_lost: threading.Event
    ) -> None:
        with suppress(OSError):
            while chunk := far.recv(_CHUNK):
                if is_lost.is_set():
                    self.lost.set()
                    break
                caller.sendall(chunk)
        _end(caller)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    line = Line(port)
    thread = threading.Thread(target=line.run, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.close()
        thread.join()
