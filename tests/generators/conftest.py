"""Fixtures: a local server with demo data, and the description that it serves."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.local_server import Server, free_port, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    port = free_port()
    with serving(port, STINT_TABLE_PREFIX=f"stint-generators-{port}") as started:
        yield started


@pytest.fixture(scope="session")
def base_url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/api/v2"


@pytest.fixture(scope="session")
def description_file(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    status, _, description = server.send("GET", "/api/v2/openapi.json", {})
    assert status == 200
    file = tmp_path_factory.mktemp("description") / "openapi.json"
    file.write_text(json.dumps(description))
    return file
