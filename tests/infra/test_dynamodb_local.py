"""The wrapper around AWS's engine says what is missing, and passes exit codes on."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("program", "others"), [("java", []), ("npm", ["java"])])
def test_what_is_missing_is_said_clearly(tmp_path: Path, program: str, others: list[str]) -> None:
    for other in others:
        stand_in = tmp_path / other
        stand_in.write_text("#!/bin/sh\n")
        stand_in.chmod(0o755)
    script = (
        "import sys, pathlib, infra.dynamodb_local as it;"
        f"it._ENGINE = pathlib.Path({str(tmp_path / 'nothing')!r});"
        "sys.exit(it.main(['true']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith(f"{program} is missing")
    assert "Traceback" not in result.stderr
