"""Browser tests without a browser are skipped, and say how to get one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILE = "tests/end_to_end/browser/test_reference.py"


def test_browser_tests_without_chromium_are_skipped(tmp_path: Path) -> None:
    pytest.importorskip("playwright")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "browser", "-q", "-p", "no:cacheprovider", FILE],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout
    assert (
        "Chromium is missing: apt-get install chromium, or install Google Chrome" in result.stdout
    )
    assert "passed" not in result.stdout
