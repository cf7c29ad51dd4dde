"""Time from nothing to the first answer: ``git clone``, ``make run``, a request.

With empty and with filled caches of pip and uv; with uv from the PATH if it is there, and without
it. The network is part of the result.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from infra.command_line import new_parser
from tools.devserver.dynamodb_local import free_port

_ROOT = Path(__file__).parents[1]
_MAX_SECONDS = 600
_POLL_SECONDS = 0.05
_ADMIN = {"X-Auth-Token": "demo-admin", "X-Organization-Id": "2149"}


def main(arguments: list[str]) -> int:
    """Print a table of seconds; return the exit code."""
    new_parser("benchmarks.first_run", __doc__.partition("\n")[0]).parse_args(arguments)
    print("seconds from `git clone` to the first answer of `make run`:")
    for with_uv in (True, False):
        if with_uv and shutil.which("uv") is None:
            continue
        with tempfile.TemporaryDirectory() as caches:
            for state in ("empty", "filled"):
                seconds = _measure(Path(caches), with_uv=with_uv)
                installer = "uv installed" if with_uv else "no uv"
                print(f"  {installer:14} {state:7} caches {seconds:6.1f}", flush=True)
    return 0


def _measure(caches: Path, *, with_uv: bool) -> float:
    port = free_port()
    environment = {
        **os.environ,
        "PATH": os.environ["PATH"] if with_uv else _path_without_uv(),
        "PIP_CACHE_DIR": str(caches / "pip"),
        "UV_CACHE_DIR": str(caches / "uv"),
        "PORT": str(port),
    }
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        git = shutil.which("git") or "git"
        subprocess.run([git, "clone", "--quiet", str(_ROOT), folder], check=True)  # noqa: S603
        command = [shutil.which("make") or "make", "run"]
        with subprocess.Popen(  # noqa: S603
            command, cwd=folder, env=environment, stdout=sys.stderr, start_new_session=True
        ) as process:
            try:
                _wait_for(port, process)
                return time.monotonic() - started
            finally:
                os.killpg(process.pid, signal.SIGTERM)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _MAX_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), closing(HTTPConnection("127.0.0.1", port, timeout=20)) as http:
            http.request("GET", "/api/v2/timers", headers=_ADMIN)
            if http.getresponse().status == HTTPStatus.OK:
                return
        time.sleep(_POLL_SECONDS)
    sys.exit("`make run` did not answer; see its output above")


def _path_without_uv() -> str:
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(each for each in folders if shutil.which("uv", path=each) is None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
