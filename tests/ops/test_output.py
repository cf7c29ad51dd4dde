"""Operations commands escape control characters in their output and in their errors."""

import argparse
import logging
import sys

import pytest

from tools.environment import log_to_terminal
from tools.ops import __main__ as ops
from tools.ops import auto_stop

EVIL = "\x1b[2K\u202eevil\x9b\r"
ESCAPED = r"\u001b[2K\u202eevil\u009b\u000d"


def test_output_of_a_command_is_escaped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(options: argparse.Namespace) -> int:
        assert options.dry_run
        sys.stdout.write(f"first {EVIL}\nsecond\n")
        return 3

    monkeypatch.setattr(auto_stop, "run", run)
    assert ops.run(["auto-stop", "--dry-run"]) == 3
    assert capsys.readouterr().out == f"first {ESCAPED}\nsecond\n"


def test_error_of_a_command_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(options: argparse.Namespace) -> int:
        raise SystemExit(f"Cannot read {EVIL}: {options.dry_run}")

    monkeypatch.setattr(auto_stop, "run", run)
    with pytest.raises(SystemExit) as raised:
        ops.run(["auto-stop"])
    assert raised.value.code == f"Cannot read {ESCAPED}: False"


def test_log_lines_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("stint")
    before = list(logger.handlers), logger.level
    try:
        log_to_terminal("INFO")
        logger.info("message %s", EVIL, extra={"person": f"a\n{EVIL}"})
    finally:
        logger.handlers[:], level = before
        logger.setLevel(level)
    line = capsys.readouterr().err
    assert line.endswith(rf"INFO message {ESCAPED} person=a\u000a{ESCAPED}" + "\n")
