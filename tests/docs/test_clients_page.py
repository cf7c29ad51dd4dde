"""docs/clients.md: the curl and Python examples work against the real local server."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.stack.template import ROOT
from tests.support.local_server import Server, free_port, serving

PAGE = ROOT / "docs" / "clients.md"
LISTED = re.compile(r"^\d+ (Design|Development) \d+$", re.MULTILINE)


@pytest.fixture
def server() -> Iterator[Server]:
    port = free_port()
    with serving(port, STINT_TABLE_PREFIX=f"stint-clients-{port}") as started:
        yield started


def example_code(language: str, server: Server) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert "http://127.0.0.1:8000/" in code
    return str(code).replace("http://127.0.0.1:8000/", f"http://127.0.0.1:{server.port}/")


def run(command: list[str], folder: Path) -> str:
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.skipif(
    shutil.which("curl") is None and "CI" not in os.environ, reason="curl is not installed"
)
def test_curl_example_works(server: Server, tmp_path: Path) -> None:
    output = run(["bash", "-euc", example_code("sh", server)], tmp_path)
    assert '"name":"Adriatic Studio"' in output
    started = re.findall(r'\{"data":\{"id":"(\d+)","type":"timers"[^}]*"stopped_at":null', output)
    assert len(started) == 2
    assert len(set(started)) == 1
    assert re.search(r"idempotency-replayed: true", output, re.IGNORECASE)
    assert re.search(rf'"id":"{started[0]}"[^}}]*"stopped_at":"2', output)
    assert output.endswith("200\n304\n")


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")) and "CI" not in os.environ,
    reason="curl or jq is not installed",
)
def test_recipes_with_jq_work(server: Server, tmp_path: Path) -> None:
    output = run(["bash", "-euo", "pipefail", "-c", example_code("bash", server)], tmp_path)
    lines = output.splitlines()
    running = {tuple(line.split("\t")[:2]) for line in lines if "\t" in line}
    assert running == {("Ana", "Design"), ("Ivan", "Design"), ("Mia", "Development")}
    started, stopped, *hours, mistake = lines[3:]
    timer = re.match(r"timer (\d+) runs since 2", started)
    assert timer
    assert stopped == f"timer {timer[1]}: 0 minutes"
    assert hours == ["Design: 1.5 hours", "Development: 1 hours"]
    assert mistake == "invalid_attribute: attribute is invalid"


def test_page_names_the_versions_of_the_generators() -> None:
    page = PAGE.read_text()
    pinned = (ROOT / "requirements" / "generators.txt").read_text()
    packages = json.loads((ROOT / "tests/generators/npm/package.json").read_text())["dependencies"]
    for name in ("openapi-generator", "openapi-python-client"):
        (version,) = re.findall(rf"^{name}(?:-cli)?==(\d+\.\d+)", pinned, re.MULTILINE)
        assert re.search(rf"\[{name}\]\([^)]+\) {version}\b", page)
    for name in ("openapi-typescript", "openapi-fetch"):
        version, _, _ = packages[name].rpartition(".")
        assert re.search(rf"{name}(\]\([^)]+\))? {version}\b", page)


def test_python_example_works(server: Server, tmp_path: Path) -> None:
    script = tmp_path / "example_code.py"
    script.write_text(example_code("python", server))
    output = run([sys.executable, str(script)], tmp_path)
    started, stopped = (
        re.search(rf"^{word} (\d+) ", output, re.MULTILINE) for word in ("started", "stopped")
    )
    assert started
    assert stopped
    assert started[1] == stopped[1]
    assert "refused attribute is invalid (invalid_attribute) data/attributes/service" in output
    assert len(LISTED.findall(output)) == 3


def test_page_says_that_the_other_examples_are_untested() -> None:
    """A person who edits the Kotlin or Swift example must know that no test runs it."""
    page = PAGE.read_text()
    assert "is not run by a test" in page
    assert "**not compiled**" in page
    for rule in ("Idempotency-Key", "Retry-After", "started_at", "stopped_at", '"conflict"'):
        for language in ("kotlin", "swift"):
            (code,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
            assert rule in code
