"""``make run`` keeps its data: restarts, ``kill -9``, a full disk, backups, commands beside it."""

import json
import random
import resource
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from tests.support.kept_server import KeptServer, kept_server, run_module
from tests.support.receiver import Receiver, eventually
from tools.data_folder import DataFolder

JSON_API = {"Content-Type": "application/vnd.api+json"}
ADMIN = {"X-Auth-Token": "demo-admin", "X-Organization-Id": "2149", **JSON_API}
CALLERS = {
    # The time entry, and the headers, of each person with a token.
    364: ADMIN,
    365: {**ADMIN, "X-Auth-Token": "demo-member"},
    368: {**ADMIN, "X-Auth-Token": "demo-other", "X-Organization-Id": "2150"},
}
KILLS = 3


def start(running: KeptServer, entry: int = 364) -> Any:
    body = {"data": {"type": "timers", "attributes": {"time_entry_id": entry}}}
    status, _, document = running.server.send(
        "POST", "/api/v2/timers", CALLERS[entry], json.dumps(body).encode()
    )
    assert status == 201, document
    return document["data"]


def stop(running: KeptServer, timer_id: str, entry: int = 364) -> Any:
    path = f"/api/v2/timers/{timer_id}/stop"
    status, _, document = running.server.send("PATCH", path, CALLERS[entry])
    assert status == 200, document
    return document["data"]


def read(running: KeptServer, timer_id: str, entry: int = 364) -> Any:
    status, _, document = running.server.send("GET", f"/api/v2/timers/{timer_id}", CALLERS[entry])
    assert status == 200, document
    return document["data"]


class Acknowledged:
    """What the server acknowledged: the last document of each timer, with its time entry."""

    def __init__(self) -> None:
        self.timers: dict[str, tuple[int, Any]] = {}

    def work(self, running: KeptServer, entry: int) -> None:
        """Start and stop timers until the server is gone."""
        with suppress(OSError, HTTPException):
            while True:
                timer = start(running, entry)
                self.timers[timer["id"]] = (entry, timer)
                timer = stop(running, timer["id"], entry)
                self.timers[timer["id"]] = (entry, timer)

    def check(self, running: KeptServer) -> None:
        """Every acknowledged timer is there, with its times."""
        for timer_id, (entry, acknowledged) in self.timers.items():
            before, after = acknowledged["attributes"], read(running, timer_id, entry)["attributes"]
            assert after["started_at"] == before["started_at"]
            if before["stopped_at"] is not None:
                assert after == before


def test_killed_server_loses_no_acknowledged_act(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    acknowledged = Acknowledged()
    for _ in range(KILLS):
        with kept_server(folder) as running:
            acknowledged.check(running)
            with ThreadPoolExecutor(len(CALLERS)) as threads:
                for entry in CALLERS:
                    threads.submit(acknowledged.work, running, entry)
                time.sleep(random.uniform(0.5, 2))  # noqa: S311 - any moment
                running.kill()
    assert len(acknowledged.timers) > KILLS
    with kept_server(folder) as running:
        acknowledged.check(running)
        checked = run_module(folder, "tools.ops", "check-invariants")
        assert checked.returncode == 0, checked.stdout + checked.stderr
    with closing(sqlite3.connect(folder / "stint.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        # The roll-up and the fan-out have processed what was left.
        assert database.execute("SELECT count(*) FROM stream_records").fetchone() == (0,)


def test_events_of_a_killed_server_are_sent_by_the_next_one(
    tmp_path: Path, receiver: Receiver
) -> None:
    folder = tmp_path / "data"
    with kept_server(folder) as running:
        webhook = {"data": {"attributes": {"name": "mine", "url": receiver.url}}}
        status, _, created = running.server.send(
            "POST", "/api/v2/webhooks", ADMIN, json.dumps(webhook).encode()
        )
        assert status == 201
        timer = start(running)
        running.kill()
    with kept_server(folder):
        assert eventually(lambda: timer["id"] in _timer_ids(receiver))
    # The secret of the webhook is derived from a key, which is kept too.
    for request in receiver.received:
        Webhook(created["meta"]["secret"]).verify(request.body, dict(request.headers))


def _timer_ids(receiver: Receiver) -> list[str]:
    return [json.loads(request.body)["data"]["id"] for request in receiver.received]


def test_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with kept_server(tmp_path / "data"):
        second = run_module(tmp_path / "data", "tools.devserver")
    assert second.returncode == 1
    assert "already uses" in second.stderr
    assert "Traceback" not in second.stderr


def test_data_are_kept_and_fresh_starts_over(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with kept_server(folder) as running:
        assert "demo data loaded" in running.server.greeting
        timer = start(running)
    with kept_server(folder) as running:
        assert "demo data none added" in running.server.greeting
        assert read(running, timer["id"]) == timer
    with kept_server(folder, FRESH="1") as running:
        assert "demo data loaded" in running.server.greeting
        assert running.server.send("GET", f"/api/v2/timers/{timer['id']}", ADMIN)[0] == 404
    assert len(list((folder / "backups").glob("replaced-*.sqlite"))) == 1


def test_request_fails_on_a_full_disk_and_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with kept_server(folder) as running:
        timer = start(running)
        pid = running.process.pid
        # No file of the process may grow, as on a full disk.
        unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        body = {"data": {"type": "timers", "attributes": {"time_entry_id": 366}}}
        status, headers, document = running.server.send(
            "POST", "/api/v2/timers", ADMIN, json.dumps(body).encode()
        )
        assert (status, document["errors"][0]["code"]) == (503, "unavailable")
        assert "Retry-After" in headers
        assert read(running, timer["id"]) == timer
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
        stopped = stop(running, timer["id"])
        running.kill()
    with kept_server(folder) as running:
        assert read(running, timer["id"])["attributes"] == stopped["attributes"]


def test_unusable_folder_or_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, content, expected in (
        (tmp_path / "file" / "data", None, "is a file, not a folder"),
        (tmp_path / "text", b"not a database, but long enough for its header" * 20, "is damaged"),
    ):
        if content is not None:
            folder.mkdir()
            (folder / "stint.sqlite").write_bytes(content)
        result = run_module(folder, "tools.devserver")
        assert result.returncode == 1
        assert expected in result.stderr
        assert "Traceback" not in result.stderr


def test_file_of_another_version_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with kept_server(folder):
        pass
    with closing(sqlite3.connect(folder / "stint.sqlite")) as database:
        database.execute("PRAGMA user_version = 99")
    result = run_module(folder, "tools.devserver")
    assert result.returncode == 1
    assert "has format 99" in result.stderr
    assert "FRESH=1" in result.stderr


def test_backup_beside_a_server_can_be_restored(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    backup = tmp_path / "mine.sqlite"
    with kept_server(folder) as running:
        kept = start(running)
        result = run_module(folder, "tools.devserver.backup", "backup", backup)
        assert result.returncode == 0, result.stderr
        lost = start(running)
        refused = run_module(folder, "tools.devserver.backup", "restore", backup)
        assert refused.returncode == 1
        assert "already uses" in refused.stderr
    assert run_module(folder, "tools.devserver.backup", "backup", backup).returncode == 1
    restored = run_module(folder, "tools.devserver.backup", "restore", backup)
    assert restored.returncode == 0, restored.stderr
    assert len(list((folder / "backups").glob("replaced-*.sqlite"))) == 1
    with kept_server(folder) as running:
        assert read(running, kept["id"])["attributes"] == kept["attributes"]
        assert running.server.send("GET", f"/api/v2/timers/{lost['id']}", ADMIN)[0] == 404


def test_broken_backup_replaces_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with kept_server(folder):
        pass
    before = (folder / "stint.sqlite").read_bytes()
    (tmp_path / "broken.sqlite").write_bytes(b"SQLite format 3\x00" + b"x" * 5_000)
    for file in (tmp_path / "broken.sqlite", tmp_path / "missing.sqlite"):
        result = run_module(folder, "tools.devserver.backup", "restore", file)
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
    assert (folder / "stint.sqlite").read_bytes() == before


def test_commands_reach_the_running_server_by_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with kept_server(folder, STINT_DEMO="0", STINT_TABLE_PREFIX="stint-mine") as running:
        created = run_module(
            folder,
            "tools.admin",
            *("organizations", "create", "Example Studio", "--time-zone", "Europe/Zagreb"),
            *("--first-name", "Ana", "--last-name", "Horvat", "--email", "ana@example.com"),
            "--json",
        )
        assert created.returncode == 0, created.stderr
        assert f"stint-mine-* at {running.server.endpoint}" in created.stderr
        swept = run_module(folder, "tools.ops", "auto-stop")
        assert swept.returncode == 0, swept.stderr
        running.kill()
    organization = json.loads(created.stdout)["organization"]["id"]
    late = run_module(folder, "tools.ops", "auto-stop")
    assert late.returncode == 2
    assert "make run" in late.stderr
    with kept_server(folder, STINT_DEMO="1", STINT_TABLE_PREFIX="stint-mine") as running:
        # Never among the data of somebody.
        assert "demo data none added" in running.server.greeting
        listed = run_module(folder, "tools.admin", "people", "list", "-o", organization)
        assert "ana@example.com" in listed.stdout


def test_lock_is_seen_and_released(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert not folder.is_used()
    with folder.locked():
        assert folder.is_used()
        assert folder.endpoint() is None
        with folder.announced("http://127.0.0.1:1", "stint-local"):
            assert folder.endpoint() == ("http://127.0.0.1:1", "stint-local")
    assert not folder.is_used()
