"""The terminals of docs/administration.md, without any variable of AWS and without a home."""

import shutil
from pathlib import Path

import pytest

from tests.support.engine import ENDPOINT
from tests.support.kept_server import kept_server, run_module
from tests.support.local_server import free_port

CREATE = (
    *("organizations", "create", "Example Studio", "--time-zone", "Europe/Zagreb"),
    *("--first-name", "Ana", "--last-name", "Horvat", "--email", "ana@example.com"),
)


def test_commands_find_the_local_server(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with kept_server(folder, STINT_DEMO="0") as running:
        assert "DYNAMODB_ENDPOINT=" in running.server.greeting
        assert run_module(folder, "tools.admin", *CREATE).returncode == 0
        assert "Example Studio" in run_module(folder, "tools.admin", "organizations", "list").stdout
        for command in ("auto-stop", "check-invariants"):
            result = run_module(folder, "tools.ops", command)
            assert result.returncode == 0, result.stderr


def test_server_of_a_missing_database_says_so(tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    result = run_module(
        tmp_path, "tools.devserver", DYNAMODB_ENDPOINT=endpoint, PORT=str(free_port())
    )
    assert result.returncode == 1
    assert f"No tables at {endpoint}: DynamoDB: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.every_engine
@pytest.mark.skipif(ENDPOINT is None, reason="needs DynamoDB Local: set DYNAMODB_ENDPOINT")
def test_server_and_commands_share_dynamodb_local(tmp_path: Path) -> None:
    shared = {
        "DYNAMODB_ENDPOINT": str(ENDPOINT),
        "STINT_TABLE_PREFIX": f"stint-terminals-{free_port()}",
    }
    with kept_server(tmp_path, STINT_DEMO="0", **shared):
        created = run_module(tmp_path, "tools.admin", *CREATE, **shared)
        assert created.returncode == 0, created.stderr
        listed = run_module(tmp_path, "tools.admin", "organizations", "list", **shared)
        assert "Example Studio" in listed.stdout


@pytest.mark.every_engine
@pytest.mark.skipif(
    ENDPOINT is None or shutil.which("java") is None, reason="starts DynamoDB Local itself"
)
def test_dynamodb_local_keeps_its_data_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with kept_server(folder, STINT_DEMO="0", ENGINE="dynamodb-local") as running:
        assert run_module(folder, "tools.admin", *CREATE).returncode == 0
        running.kill()
    # The lock is free as soon as the engine of the killed server has ended.
    with kept_server(folder, STINT_DEMO="0", ENGINE="dynamodb-local"):
        assert "Example Studio" in run_module(folder, "tools.admin", "organizations", "list").stdout
