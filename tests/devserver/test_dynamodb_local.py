"""tools.devserver.dynamodb_local names a missing program in its error message."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(("program", "installed"), [("java", []), ("npm", ["java"])])
def test_missing_program_is_named_in_the_error(
    tmp_path: Path, program: str, installed: list[str]
) -> None:
    for name in installed:
        stand_in = tmp_path / name
        stand_in.write_text("#!/bin/sh\n")
        stand_in.chmod(0o755)
    script = (
        "import sys, pathlib, tools.devserver.dynamodb_local as module;"
        f"module._ENGINE = pathlib.Path({str(tmp_path / 'nothing')!r});"
        "sys.exit(module.main(['true']))"
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
