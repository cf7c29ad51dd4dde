"""Every command answers ``--help`` and ``--version``, and does nothing else then."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.command_line import version

ROOT = Path(__file__).parents[2]

COMMANDS = (
    *("infra.deploy", "infra.destroy", "infra.package", "infra.reference"),
    *("tools.admin", "tools.compatibility", "tools.devserver", "tools.devserver.backup"),
    "tools.devserver.dynamodb_local",
    *("tools.lint_words", "tools.openapi_description", "tools.ops", "tools.request_files"),
    "tests.fuzz",
    *("benchmarks.auto_stop", "benchmarks.bill", "benchmarks.cold_start", "benchmarks.lists"),
    *(
        "benchmarks.first_run",
        "benchmarks.load",
        "benchmarks.request_path",
        "benchmarks.reports",
        "benchmarks.requests",
    ),
    "benchmarks.round_trips",
)
NO_COMMAND = {"benchmarks.tls"}
"""A part of a benchmark that runs in a process of its own."""


def run(folder: Path, command: str, option: str) -> str:
    """Run a command in an empty folder; return what it printed. It must succeed."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", command, option],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_version_are_printed_and_nothing_is_done(tmp_path: Path, command: str) -> None:
    assert re.match("usage: ", run(tmp_path, command, "--help"), re.IGNORECASE)
    assert run(tmp_path, command, "--version") == f"stint {version()}\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        ("auto_stop", "--timers 0", "'0' is not a whole number of 1 or more, such as 10"),
        ("auto_stop", "--step nan", "'nan' is not a number above 0, such as 2.5"),
        ("bill", "--runs 1.5", "'1.5' is not a whole number of 1 or more, such as 10"),
        ("cold_start", "--runs x", "'x' is not a whole number of 1 or more, such as 10"),
        ("lists", "--timers 10,", "'10,' must be whole numbers of 1 or more with commas"),
        ("load", "--users 0", "'0' is not a whole number of 1 or more, such as 10"),
        ("load", "--seconds 0", "'0' is not a number above 0, such as 2.5"),
        ("reports", "--months 0", "'0' is not a whole number of 1 or more, such as 10"),
        ("requests", "--runs -1", "'-1' is not a whole number of 1 or more, such as 10"),
        ("request_path", "--fast", "unrecognized arguments: --fast"),
        ("round_trips", "fast", "unrecognized arguments: fast"),
        ("first_run", "fast", "unrecognized arguments: fast"),
    ],
)
def test_benchmark_says_which_arguments_it_accepts(
    tmp_path: Path, command: str, arguments: str, message: str
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{command}", *arguments.split()],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_every_command_is_listed() -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
        for folder in ("infra", "tools", "benchmarks", "tests/fuzz")
        for path in (ROOT / folder).rglob("*.py")
        if 'if __name__ == "__main__":' in path.read_text()
    }
    assert modules == {*COMMANDS, *NO_COMMAND}
