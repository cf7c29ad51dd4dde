"""The command line, against the local server."""

import json
import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import keyring
import keyring.backends.null
import pytest
from click.testing import CliRunner, Result
from keyring.backend import KeyringBackend

from stint_client import Client, Login
from stint_client.cli.commands import stint
from stint_client.generated.api.pairings import create_pairing
from stint_client.generated.models import (
    CreatePairingAttributes,
    CreatePairingBody,
    CreatePairingData,
    CreatePairingDocument,
)
from stint_client.models import Service
from tests.scripted_server import RESET, Answer, ScriptedServer, error, timer

DESIGN, DEVELOPMENT = "1294", "1296"


class Terminal:
    """Runs commands as a person does. No output may contain the token."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secrets: list[str] = []
        self.environment = {"STINT_CONFIG_DIR": str(folder), "STINT_PATIENCE": "0"}

    def run(self, *words: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(stint, words, input=typed, env=self.environment)
        assert not [secret for secret in self.secrets if secret in result.output + result.stderr]
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert "Traceback" not in result.output
        return result

    def text(self, *words: str, typed: str | None = None) -> str:
        """Return the output of a command that succeeds."""
        result = self.run(*words, typed=typed)
        assert result.exit_code == 0, result.output
        return result.output

    def json(self, *words: str, typed: str | None = None) -> Any:
        result = self.run(*words, "--json", typed=typed)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "settings")


@pytest.fixture
def logged_in(terminal: Terminal, login: Login) -> Terminal:
    terminal.secrets.append(login.token)
    terminal.text("login", "--token", login.base_url, typed=f"{login.token}\n")
    return terminal


class MemoryKeyring(KeyringBackend):
    """A keyring that works."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


class LockedKeyring(MemoryKeyring):
    """A keyring whose owner refuses to unlock it."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"locked: {service} {username} {len(password)}")


def pairing_code(admin: Client, person_id: str) -> str:
    attributes = CreatePairingAttributes(person_id=person_id)
    document = create_pairing.sync(
        client=admin.api,
        body=CreatePairingBody(data=CreatePairingData(attributes=attributes)),
    )
    assert isinstance(document, CreatePairingDocument)
    assert isinstance(document.meta.code, str)
    return document.meta.code


# Login and logout.


def test_login_with_a_code(terminal: Terminal, admin: Client, login: Login) -> None:
    code = pairing_code(admin, login.person_id)
    server = login.base_url.removesuffix("/api/v2")
    assert f"Logged in as {login.person_name}" in terminal.text("login", server, code)
    assert (terminal.folder / "token").read_text() not in terminal.text("status", "--json")
    assert terminal.json("status") == {"timer": None}
    terminal.text("logout")
    again = terminal.run("login", server, code)
    assert again.exit_code == 1
    assert "This code is not valid" in again.stderr


def test_login_with_a_link_and_a_prompt(terminal: Terminal, admin: Client, login: Login) -> None:
    server = login.base_url.removesuffix("/api/v2")
    link = f"{server}/app#pair={pairing_code(admin, login.person_id)}"
    assert terminal.json("login", link)["person"]["id"] == login.person_id
    terminal.text("logout")
    code = pairing_code(admin, login.person_id)
    assert "Logged in as" in terminal.text("login", typed=f"{server}\n{code}\n")


def test_login_with_a_token_from_stdin(logged_in: Terminal, login: Login) -> None:
    second = logged_in.run("login", login.base_url, "code")
    assert second.exit_code == 1
    assert "Log out first" in second.stderr
    account = json.loads((logged_in.folder / "account.json").read_text())
    assert account["person_id"] == login.person_id
    assert account["stored_in"] == "file"
    assert login.token not in str(account)


def test_a_link_to_another_api_is_confirmed(terminal: Terminal) -> None:
    link = "https://stint.example.com/app#pair=7K3MQ9XA04TP&api=https%3A%2F%2Fother.example%2Fapi"
    result = terminal.run("login", link, typed="n\n")
    assert "https://other.example/api. Log in there?" in result.output
    assert result.exit_code == 1
    assert not terminal.folder.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("stint.example.com", "7K3M"), "Use an address such as"),
        (("https://user@stint.example.com", "7K3M"), "Use an address such as"),
        (("http://stint.example.com", "7K3M"), "not encrypted"),
        (("https://stint.example.com", "--token"), "no token has"),
    ],
)
def test_wrong_logins(terminal: Terminal, words: Sequence[str], message: str) -> None:
    result = terminal.run("login", *words, typed="\n")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not terminal.folder.exists()


def test_a_wrong_token_is_not_stored(terminal: Terminal, url: str) -> None:
    terminal.secrets.append("no-such-token")
    result = terminal.run("login", "--token", url, typed="no-such-token\n")
    assert result.exit_code == 3
    assert not terminal.folder.exists()
    unknown = terminal.run("login", "--token", url, "--organization", "1", typed="demo-admin\n")
    assert unknown.exit_code == 1
    assert "2149 (Adriatic Studio)" in unknown.stderr


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_only_the_owner_can_read_the_token(logged_in: Terminal) -> None:
    token = logged_in.folder / "token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert stat.S_IMODE((logged_in.folder / "account.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(logged_in.folder.stat().st_mode) == 0o700
    token.chmod(0o640)
    result = logged_in.run("status")
    assert result.exit_code == 3
    assert "Others can read" in result.stderr
    token.chmod(0o600)
    logged_in.text("status")


@pytest.mark.parametrize("backend", [LockedKeyring, keyring.backends.null.Keyring])
def test_without_a_keyring_that_works_the_token_is_in_a_file(
    terminal: Terminal, login: Login, backend: Callable[[], KeyringBackend]
) -> None:
    keyring.set_keyring(backend())
    terminal.secrets.append(login.token)
    terminal.text("login", "--token", login.base_url, typed=f"{login.token}\n")
    assert (terminal.folder / "token").read_text() == login.token
    terminal.text("status")


def test_the_token_is_in_the_keyring(terminal: Terminal, login: Login) -> None:
    memory = MemoryKeyring()
    keyring.set_keyring(memory)
    terminal.secrets.append(login.token)
    answer = terminal.json("login", "--token", login.base_url, typed=f"{login.token}\n")
    assert answer["stored_in"] == "keyring"
    assert [*memory.passwords.values()] == [login.token]
    assert not (terminal.folder / "token").exists()
    terminal.text("status")
    terminal.text("logout")
    assert memory.passwords == {}
    assert not (terminal.folder / "account.json").exists()


def test_logout_revokes_or_forgets(logged_in: Terminal, login: Login) -> None:
    assert logged_in.json("logout", "--forget") == {"revoked": False}
    logged_in.text("login", "--token", login.base_url, typed=f"{login.token}\n")
    assert logged_in.text("logout") == "Logged out.\n"
    assert [*logged_in.folder.iterdir()] == []
    with Client(login.base_url, login.token, 2149) as client:
        revoked = [error for error in [_log_out_again(client)] if error]
    assert revoked == [401]
    assert logged_in.run("status").exit_code == 3


def _log_out_again(client: Client) -> int:
    """Return the status of a second revocation. It reads the token itself, not the copy of 60 s."""
    try:
        client.log_out()
    except Exception as error:  # noqa: BLE001 - the test compares it
        return int(getattr(error, "status", 0))
    return 0


# Start, stop, status.


def test_start_switch_status_stop(logged_in: Terminal) -> None:
    assert logged_in.text("status") == "No timer is running.\n"
    assert logged_in.text("stop") == "No timer is running.\n"
    assert re.fullmatch(r"Started Design at \d\d:\d\d\.\n", logged_in.text("start", "Design"))
    switched = logged_in.text("start", "dev", "--note", "Review")
    assert re.fullmatch(r"Stopped Design, 0:00\.\nStarted Development at \d\d:\d\d\.\n", switched)
    assert logged_in.text("status").startswith("Development, 0:00, since ")
    assert "Review" in logged_in.text("status")
    assert logged_in.text("stop") == "Stopped Development, 0:00.\n"
    assert "The last one, Development, stopped at" in logged_in.text("stop")


def test_times_of_the_past(logged_in: Terminal) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    begun = logged_in.json("start", "Design", "--at", start.isoformat())
    assert datetime.fromisoformat(begun["timer"]["started_at"]) == start
    running = logged_in.json("status")["timer"]
    assert 7200 <= running["seconds"] <= 7260
    assert running["service"] == {"id": DESIGN, "name": "Design"}
    assert running["stopped_at"] is None
    stop = start + timedelta(minutes=50)
    stopped = logged_in.json("stop", "--at", stop.isoformat())
    assert stopped["was_running"] is True
    assert stopped["timer"]["seconds"] == 3000
    assert 15 <= len(stopped["timer"]["id"]) <= 16
    overlap = logged_in.run("start", "Design", "--at", (start + timedelta(minutes=9)).isoformat())
    assert overlap.exit_code == 1
    assert f"Start at {stop.astimezone():%H:%M} or later" in overlap.stderr


def test_a_time_that_has_not_come_yet(logged_in: Terminal) -> None:
    later = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    result = logged_in.run("start", "Design", "--at", later)
    assert result.exit_code == 2
    assert "has not come yet" in result.stderr


def test_services_are_found_by_parts_of_their_names(
    logged_in: Terminal, service: Callable[[str], Service]
) -> None:
    service("Čišćenje ureda")
    service("Čišćenje skladišta")
    assert "Started Čišćenje ureda" in logged_in.text("start", "ciscenje ur")
    assert "Started Čišćenje skladišta" in logged_in.text("start", "SKLADISTA")
    several = logged_in.run("start", "čiš")
    assert several.exit_code == 1
    assert "Čišćenje ureda" in several.stderr
    assert "Čišćenje skladišta" in several.stderr
    nothing = logged_in.run("start", "Sleep")
    assert nothing.exit_code == 1
    assert 'No service is called "Sleep"' in nothing.stderr
    assert "Started Design" in logged_in.text("start", "Design")


# Log, report, services.


def test_log(logged_in: Terminal, client: Client) -> None:
    today = datetime.now(UTC).date()
    assert "No time" in logged_in.text("log")
    client.time_entries.create(service_id=DESIGN, time=90, date=today, note="Two\nlines")
    client.time_entries.create(service_id=DEVELOPMENT, time=45, date=today - timedelta(days=10))
    recent = logged_in.json("log")
    assert recent["seconds"] == 90 * 60
    (entry,) = recent["entries"]
    assert entry["service"] == {"id": DESIGN, "name": "Design"}
    assert (entry["date"], entry["note"]) == (str(today), "Two\nlines")
    assert logged_in.json("log", "--days", "11")["seconds"] == 135 * 60
    old = str(today - timedelta(days=10))
    assert logged_in.json("log", "--from", old, "--to", old)["seconds"] == 45 * 60
    text = logged_in.text("log", "--days", "11")
    lines = text.splitlines()
    assert lines[0].startswith(f"{today - timedelta(days=10):%a} {old}")
    assert lines[-1].split() == ["Total", "2:15"]
    assert "Design       Two lines" in text
    client.timers.start(service_id=DESIGN)
    assert "(running)" in logged_in.text("log")


def test_report(logged_in: Terminal, client: Client, login: Login) -> None:
    for service_id, minutes, day in ((DESIGN, 50, 1), (DEVELOPMENT, 25, 31), (DESIGN, 20, 31)):
        client.time_entries.create(service_id=service_id, time=minutes, date=date(2026, 10, day))
    report = logged_in.json("report", "--month", "2026-10", "--by", "service,person")
    assert (report["from"], report["to"]) == ("2026-10-01", "2026-10-31")
    assert report["seconds"] == 95 * 60
    first, second = report["rows"]
    assert first["group"]["service"] == {"id": DESIGN, "name": "Design"}
    assert first["group"]["person"] == {"id": login.person_id, "name": login.person_name}
    assert (first["minutes"], first["entries"]) == (70, 2)
    assert second["minutes"] == 25
    text = logged_in.text("report", "--month", "2026-10", "--mine")
    assert [line.split() for line in text.splitlines()] == [
        ["2026-10-01", "to", "2026-10-31"],
        ["Service", "Time", "Billable", "Entries"],
        ["Design", "1:10", "1:10", "2"],
        ["Development", "0:25", "0:25", "1"],
        ["Total", "1:35", "1:35", "3"],
    ]
    assert logged_in.json("report", "--from", "2026-10-02", "--to", "2026-10-31")["seconds"] == 2700
    assert "No time" in logged_in.text("report", "--month", "2025-01")


@pytest.mark.parametrize(
    "words",
    [
        ("report", "--by", "colour"),
        ("report", "--by", "service,service"),
        ("report", "--month", "October"),
        ("report", "--month", "2026-10", "--from", "2026-10-01"),
        ("report", "--from", "2026-10-02", "--to", "2026-10-01"),
        ("log", "--days", "0"),
        ("log", "--from", "yesterday"),
        ("log", "--from", "2026-10-01", "--days", "3"),
        ("start",),
        ("start", "Design", "--at", "noon"),
        ("start", "Design", "--at", "25:00"),
        ("sing",),
    ],
)
def test_wrong_command_lines(logged_in: Terminal, words: Sequence[str]) -> None:
    assert logged_in.run(*words).exit_code == 2


def test_services(logged_in: Terminal) -> None:
    lines = [line.split() for line in logged_in.text("services").splitlines()]
    assert ["Design", DESIGN] in lines
    listed = logged_in.json("services")["services"]
    assert {"id": DEVELOPMENT, "name": "Development", "billable": True} in listed


# Errors.


@pytest.mark.parametrize(
    "words",
    [("status",), ("start", "x"), ("stop",), ("log",), ("report",), ("services",), ("logout",)],
)
def test_every_command_says_that_nobody_is_logged_in(
    terminal: Terminal, words: Sequence[str]
) -> None:
    result = terminal.run(*words)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "stint login" in result.stderr
    as_json = terminal.run(*words, "--json")
    assert as_json.exit_code == 3
    assert json.loads(as_json.stderr)["error"]["code"] == "not_logged_in"


@pytest.fixture
def scripted(terminal: Terminal, script: ScriptedServer) -> Terminal:
    """Logged in on the scripted server."""
    terminal.folder.mkdir(mode=0o700)
    account = {
        "base_url": script.url,
        "organization_id": "2149",
        "organization_name": "Studio",
        "person_id": "8779",
        "person_name": "Ana Horvat",
        "stored_in": "file",
    }
    (terminal.folder / "account.json").write_text(json.dumps(account))
    token = terminal.folder / "token"
    token.write_text("secret-token")
    token.chmod(0o600)
    terminal.secrets.append("secret-token")
    return terminal


SERVICES = Answer(
    200,
    {
        "data": [
            {
                "id": "1294",
                "type": "services",
                "attributes": {"name": "Design"},
                "relationships": {},
            }
        ],
        "links": {"first": "x"},
        "meta": {"page_size": 200, "max_page_size": 200},
    },
)


def test_an_unknown_outcome_says_how_to_repeat(scripted: Terminal, script: ScriptedServer) -> None:
    script.answers = [SERVICES, RESET]
    result = scripted.run("start", "Design", "--note", "Two words")
    assert result.exit_code == 4
    assert "may or may not have started" in result.stderr
    key = script.header("idempotency-key")[-1]
    again = result.stderr.strip().splitlines()[-1].strip()
    assert shlex.split(again) == [
        *("stint", "start", "Design", "--note", "Two words", "--key", str(key))
    ]
    sent = script.requests[-1]

    script.requests.clear()
    script.answers = [SERVICES, Answer(201, timer())]
    assert "Started" in scripted.text(*shlex.split(again)[1:])
    assert script.header("idempotency-key")[-1] == key
    assert script.requests[-1].body == sent.body


def test_a_repeat_with_a_time_sends_the_same_time(
    scripted: Terminal, script: ScriptedServer
) -> None:
    script.answers = [SERVICES, RESET]
    result = scripted.run("start", "Design", "--at", "2026-10-31 9:30")
    again = shlex.split(result.stderr.strip().splitlines()[-1])
    sent = script.requests[-1].body
    script.requests.clear()
    script.answers = [SERVICES, Answer(201, timer())]
    scripted.text(*again[1:])
    assert script.requests[-1].body == sent
    assert b"2026-10-31T09:30:00" in sent


def test_a_server_that_is_away_is_a_known_outcome(scripted: Terminal) -> None:
    account = scripted.folder / "account.json"
    settings = json.loads(account.read_text()) | {"base_url": "http://127.0.0.1:9/api/v2"}
    account.write_text(json.dumps(settings))
    result = scripted.run("stop")
    assert result.exit_code == 4
    assert "No timer was stopped" in result.stderr
    assert "--key" not in result.stderr
    left = scripted.run("logout")
    assert left.exit_code == 4
    assert "still logged in" in left.stderr
    assert (scripted.folder / "token").exists()
    assert json.loads(scripted.run("stop", "--json").stderr)["error"]["exit_code"] == 4


@pytest.mark.parametrize(
    ("answer", "exit_code", "message"),
    [
        (error(401, "invalid_auth_token"), 3, "Log in again"),
        (error(422, "invalid_attribute", "note is too long."), 1, "note is too long."),
        (error(429, "rate_limited", Retry_After="120"), 1, "Try again in 120 seconds."),
        (error(503, "unavailable"), 4, "What to do."),
        (Answer(200, "hotel", media_type="text/html"), 4, "asks you to log in"),
        (Answer(200, {"data": 5}), 4, "Install a newer one"),
    ],
)
def test_errors_are_explained(
    scripted: Terminal, script: ScriptedServer, answer: Answer, exit_code: int, message: str
) -> None:
    if answer.document and "errors" in answer.document:
        answer.document["errors"][0]["source"] = {"pointer": "data/attributes/secret_place"}
    script.answers = [answer]
    result = scripted.run("stop")
    assert result.exit_code == exit_code
    assert message in result.stderr
    assert "secret_place" not in result.stderr


@pytest.mark.parametrize("reason", ["archived", "time_tracking_disabled", "unknown"])
def test_a_service_that_takes_no_time_is_explained(
    scripted: Terminal, script: ScriptedServer, reason: str
) -> None:
    refusal = error(422, "invalid_attribute", "attribute is invalid")
    refusal.document["errors"][0]["meta"] = {"reason": reason}
    script.answers = [SERVICES, refusal]
    result = scripted.run("start", "Design")
    assert "`stint services` lists the others" in result.stderr
    assert "attribute is invalid" not in result.stderr


def test_a_folder_that_cannot_be_written_is_noticed_before_the_code_is_used(
    terminal: Terminal, script: ScriptedServer
) -> None:
    terminal.folder.write_text("a file")
    result = terminal.run("login", script.url, "7K3MQ9XA04TP")
    assert result.exit_code == 1
    assert "settings" in result.stderr
    assert script.requests == []


def test_an_error_of_the_program_has_no_traceback(
    scripted: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stint_client.Client.__enter__", lambda _: 1 / 0)
    result = scripted.run("status")
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.stderr
    assert json.loads(scripted.run("status", "--json").stderr)["error"]["code"] == "internal"


# The whole program.


def test_version_help_and_completion(terminal: Terminal) -> None:
    assert re.fullmatch(r"stint, version \d+\.\d+\.\d+\n", terminal.text("--version"))
    for command in ("", *stint.commands):
        assert "Usage:" in terminal.text(*filter(None, [command, "--help"]))
    for shell in ("bash", "zsh", "fish"):
        assert "_STINT_COMPLETE" in terminal.text("completion", shell)


@pytest.mark.parametrize("command", [name for name in stint.commands if name != "completion"])
def test_every_command_takes_json(command: str) -> None:
    assert any("--json" in parameter.opts for parameter in stint.commands[command].params)


def test_as_a_program(terminal: Terminal, login: Login) -> None:
    program = Path(sys.executable).with_name("stint")
    backend = "keyring.backends.fail.Keyring"
    environment = {
        **os.environ,
        **terminal.environment,
        "PYTHON_KEYRING_BACKEND": backend,
        "PYTHONWARNINGS": "error",
    }

    def run(*words: str, **more: str) -> str:
        done = subprocess.run(
            [program, *words],
            env={**environment, **more},
            input=f"{login.token}\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert login.token not in done.stdout + done.stderr
        return done.stdout

    assert "Logged in as" in run("login", "--token", login.base_url)
    assert "Started Design" in run("start", "design")
    assert json.loads(run("status", "--json"))["timer"]["service"]["id"] == DESIGN
    assert "Stopped Design" in run("stop")
    names = run(_STINT_COMPLETE="bash_complete", COMP_WORDS="stint start De", COMP_CWORD="2")
    assert {"plain,Design", "plain,Development"} <= set(names.splitlines())
    assert run("logout") == "Logged out.\n"
