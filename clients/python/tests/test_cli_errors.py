"""The command line: errors, and the whole program."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from stint_client import Login
from stint_client.cli.commands import stint
from tests.scripted_server import RESET, Answer, ScriptedServer, error, timer
from tests.terminal import Terminal

DESIGN = "1294"


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
