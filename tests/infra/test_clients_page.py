"""The page of recipes: those for curl and Python do what they say, on the real local server."""

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


def recipe(language: str, server: Server) -> str:
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
    shutil.which("curl") is None and "CI" not in os.environ, reason="there is no curl here"
)
def test_the_recipe_for_curl(server: Server, tmp_path: Path) -> None:
    said = run(["bash", "-euc", recipe("sh", server)], tmp_path)
    assert '"name":"Adriatic Studio"' in said
    started = re.findall(r'\{"data":\{"id":"(\d+)","type":"timers"[^}]*"stopped_at":null', said)
    assert len(started) == 2
    assert len(set(started)) == 1
    assert re.search(r"idempotency-replayed: true", said, re.IGNORECASE)
    assert re.search(rf'"id":"{started[0]}"[^}}]*"stopped_at":"2', said)
    assert said.endswith("200\n304\n")


def test_the_recipe_for_python(server: Server, tmp_path: Path) -> None:
    script = tmp_path / "recipe.py"
    script.write_text(recipe("python", server))
    said = run([sys.executable, str(script)], tmp_path)
    started, stopped = (
        re.search(rf"^{word} (\d+) ", said, re.MULTILINE) for word in ("started", "stopped")
    )
    assert started
    assert stopped
    assert started[1] == stopped[1]
    assert "refused attribute is invalid (invalid_attribute) data/attributes/service" in said
    assert len(LISTED.findall(said)) == 3


def test_what_the_other_outlines_lack_is_said() -> None:
    """Whoever changes them knows that nothing checks them."""
    page = PAGE.read_text()
    assert "is not run by a test" in page
    assert "**not compiled**" in page
    for rule in ("Idempotency-Key", "Retry-After", "started_at", "stopped_at", '"conflict"'):
        for language in ("kotlin", "swift"):
            (code,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
            assert rule in code
