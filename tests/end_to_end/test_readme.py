"""The README does what it says: from a fresh clone, with empty caches, by its own commands.

``make check-readme`` runs this. It installs into the clone, from the network.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.stack.template import ROOT
from tests.support.local_server import Server, free_port, read_greeting

pytestmark = pytest.mark.readme

ADMIN = {"X-Auth-Token": "demo-admin", "X-Organization-Id": "2149"}
# The installation is part of the start.
START_SECONDS = 600
COMMAND_SECONDS = 120


def blocks(language: str) -> list[str]:
    """The code blocks of the README in a language, with all commands whole."""
    found: list[str] = re.findall(
        rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    return found


class Clone:
    """A clone of the repository, in an environment as on a machine that never saw it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "stint"
        self.port = free_port()
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "PIP_CACHE_DIR": str(folder / "pip"),
            "UV_CACHE_DIR": str(folder / "uv"),
            # Where packages come from is the machine's own business.
            **{name: value for name, value in os.environ.items() if _is_of_the_network(name)},
            "PORT": str(self.port),
        }
        git = shutil.which("git") or "git"
        subprocess.run([git, "clone", "--quiet", str(ROOT), str(self.folder)], check=True)

    def run(self, command: str, **settings: str) -> str:
        """Run a command of the README; return what it prints."""
        result = subprocess.run(
            ["/bin/sh", "-ec", self._at_port(command)],
            cwd=self.folder,
            env={**self._environment, **settings},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
        return result.stdout

    @contextmanager
    def serving(self, command: str, sent: signal.Signals = signal.SIGINT) -> Iterator[Server]:
        """Run a command of the README that serves, and end it as a person or a crash does."""
        with subprocess.Popen(
            ["/bin/sh", "-c", f"exec {self._at_port(command)}"],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            greeting = read_greeting(process, START_SECONDS)
            assert process.poll() is None, greeting
            try:
                yield Server(self.port, greeting)
            finally:
                os.killpg(process.pid, sent)
                process.wait(COMMAND_SECONDS)

    def _at_port(self, command: str) -> str:
        return command.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")


def _is_of_the_network(name: str) -> bool:
    is_installer = name.startswith(("PIP_", "UV_")) and "CACHE" not in name
    return is_installer or name.lower().endswith("_proxy")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("newcomer"))


def command_of(text: str) -> str:
    """The command of a block that begins with ``make run``, without its comment."""
    return text.partition("#")[0].strip()


def running(server: Server) -> list[str]:
    path = "/api/v2/timers?filter[person_id]=8779&filter[stopped_at]="
    status, _, document = server.send("GET", path, ADMIN)
    assert status == 200
    return [timer["id"] for timer in document["data"]]


def test_first_hour(clone: Clone) -> None:
    run, start, *_ = blocks("sh")
    assert command_of(run) == "make run"
    with clone.serving(command_of(run), signal.SIGKILL) as server:
        document = json.loads(clone.run(start.replace("curl ", "curl --silent --show-error ", 1)))
        assert_like(document, json.loads(blocks("json")[0]))
        assert document["meta"] == {"stopped_timer_ids": ["10"]}
        for page in re.findall(
            r"<http://127\.0\.0\.1:8000(/[^>]*)>", (ROOT / "README.md").read_text()
        ):
            assert server.send("GET", page, {})[0] == 200, page
        assert server.send("GET", "/docs", {})[0] == 200
        assert server.send("GET", "/api/v2/openapi.json", {})[0] == 200
        assert server.send("GET", "/", {})[0] == 200
        backup = clone.run("make backup")
        assert re.search(r"\.data/backups/\S+", backup), backup
        timer = document["data"]["id"]
    # It was killed: a request that was answered is on the disk.
    with clone.serving("make run") as server:
        assert running(server) == [timer]
    with clone.serving("make run FRESH=1") as server:
        assert running(server) == ["10"]


def test_organization_of_ones_own(clone: Clone) -> None:
    (recipe,) = [text for text in blocks("sh") if "STINT_DATA=.data-phone" in text]
    first, _, second = recipe.partition("# in a first terminal; then in a second:")
    with clone.serving("env " + first.strip()):
        created = clone.run(second)
        (organization,) = re.findall(r"\d{4,}", created.partition("\n")[0])
        pair = f".venv/bin/stint-admin tokens pair ana@example.com -o {organization}"
        shown = clone.run(pair, STINT_DATA=".data-phone")
        assert re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", shown), shown


def assert_like(document: Any, shown: Any) -> None:
    """Compare names and types with what the README shows: ids and times differ."""
    if isinstance(shown, dict):
        assert document.keys() == shown.keys()
        for name, value in shown.items():
            assert_like(document[name], value)
    else:
        assert type(document) is type(shown)
