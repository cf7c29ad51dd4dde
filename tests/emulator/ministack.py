"""Start MiniStack in a process of its own, and stop it with everything that it started."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from infra.stack.template import ROOT
from tests.support.local_server import free_port

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ADMINISTRATOR = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The credentials of the account's root user, which may do everything."""

PYTHON = ROOT / ".cache" / "emulator-venv" / "bin" / "python"
_PROCESS = Path(__file__).with_name("process.py")
_START_SECONDS = 60
_MEMORY = Path("/dev/shm")  # noqa: S108
_MEMORY_BYTES = 2_000_000_000


@dataclass(frozen=True, eq=False)
class Emulator:
    """A running emulator. ``folder`` holds all files of the emulator and of the commands."""

    port: int
    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """The endpoint of all AWS services."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command that uses the emulator as AWS, as an administrator."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(self.folder / "tmp"),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **ADMINISTRATOR,
        }

    def client(
        self, service: str, credentials: Mapping[str, str] = ADMINISTRATOR, path: str = ""
    ) -> Any:
        """Return a botocore client of a service: an administrator's, or that of a ``user``.

        ``path``: that of the service's endpoint, if it has one.
        """
        return _client(self.url + path, service, *credentials.values())

    def user(self, policy: Mapping[str, Any]) -> dict[str, str]:
        """Create a user with one policy; return the variables with the user's credentials."""
        iam = self.client("iam")
        name = f"user-{len(iam.list_users()['Users'])}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }

    @contextmanager
    def failing(self, logical_id: str, reason: str) -> Iterator[None]:
        """In this context, CloudFormation cannot create or update a resource."""
        failure = self.folder / "faults" / f"{logical_id}.fail"
        failure.write_text(reason)
        try:
            yield
        finally:
            failure.unlink()

    @contextmanager
    def held(self, logical_id: str) -> Iterator[Callable[[], bool]]:
        """In this context, CloudFormation stops before a resource.

        Yields a function that says whether a stack is stopped there.
        """
        faults = self.folder / "faults"
        hold, reached = faults / f"{logical_id}.hold", faults / f"{logical_id}.reached"
        hold.touch()
        try:
            yield reached.exists
        finally:
            hold.unlink()
            reached.unlink(missing_ok=True)

    @contextmanager
    def quick_schedules(self) -> Iterator[None]:
        """In this context, a schedule of minutes runs every that many seconds."""
        switch = self.folder / "faults" / "quick-schedules"
        switch.touch()
        try:
            yield
        finally:
            switch.unlink()

    def log(self, lines: int = 100) -> str:
        """Return the last lines of the emulator's log."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    @property
    def log_path(self) -> Path:
        """The file with the emulator's log, and those of the functions."""
        return self.folder / "emulator.log"


@contextmanager
def emulating(*, shims: bool = True, **settings: str) -> Iterator[Emulator]:
    """Run an emulator for the duration of this context.

    ``shims``: whether MiniStack is corrected. ``settings`` are MiniStack's environment variables.
    """
    if not PYTHON.exists():
        raise RuntimeError("MiniStack is not installed. Run: make check-aws")
    with tempfile.TemporaryDirectory(prefix="stint-emulator-", dir=_parent()) as name:
        folder = Path(name)
        for subfolder in ("tmp", "faults"):
            (folder / subfolder).mkdir()
        emulator = _start(folder, {"STINT_SHIMS": "1" if shims else "0", **settings})
        try:
            _wait_until_ready(emulator)
            yield emulator
        finally:
            _stop(emulator)


def _parent() -> Path | None:
    """Return a folder in memory, if it has much space; None: the usual temporary folder.

    Each process of a function has a copy of the package, with a thousand small files.
    """
    has_space = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_BYTES
    return _MEMORY if has_space else None


def _start(folder: Path, settings: Mapping[str, str]) -> Emulator:
    port = free_port()
    # Without AWS_ENDPOINT_URL: functions would inherit it.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "STINT_FAULTS": str(folder / "faults"),
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        **ADMINISTRATOR,
        **settings,
    }
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [str(PYTHON), str(_PROCESS)],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Emulator(port, folder, process)


def _wait_until_ready(emulator: Emulator) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while emulator.process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            http = HTTPConnection("127.0.0.1", emulator.port, timeout=5)
            http.request("GET", "/_ministack/health")
            if http.getresponse().status == 200:
                http.close()
                return
        time.sleep(0.05)
    raise RuntimeError(f"MiniStack did not start:\n{emulator.log()}")


def _stop(emulator: Emulator) -> None:
    assert emulator.process.stdin is not None
    # The group of the process: the emulator and the functions, which are its children.
    with suppress(ProcessLookupError):
        os.killpg(emulator.process.pid, signal.SIGKILL)
    emulator.process.wait()
    emulator.process.stdin.close()


@cache
def _client(url: str, service: str, key_id: str, key: str) -> Any:
    return botocore.session.Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=key_id,
        aws_secret_access_key=key,
        config=Config(retries={"total_max_attempts": 1}),
    )


def run(
    arguments: list[str], environment: Mapping[str, str | None], seconds: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run a command of this repository; return its exit code and its output.

    A variable that is None is not set.
    """
    return subprocess.run(
        arguments,
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


BIN = Path(sys.executable).parent
"""The folder with the commands of the virtual environment that runs the tests."""
