"""Importing the application loads few modules: each one costs time at every cold start."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}

SCRIPT = """
import json, sys
before = set(sys.modules)
import app
print(json.dumps(sorted(set(sys.modules) - before)))
"""

# Not in the package. botocore and Chalice import them when development tools installed them.
OPTIONAL = {"certifi", "typing_extensions"}

ALLOWED = {
    "app",
    "botocore",
    "chalice",
    "chalicelib",
    "dateutil",
    "jmespath",
    "msgspec",
    "pynamodb",
    "six",
    "urllib3",
}


MAX_MODULES = 495
"""All modules, with the standard library's. Python finds, reads and runs each at a cold start."""


def loaded_modules() -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    modules: list[str] = json.loads(result.stdout)
    return modules


def test_importing_the_app_loads_only_allowed_packages() -> None:
    packages = {name.partition(".")[0] for name in loaded_modules()} - sys.stdlib_module_names
    assert {name for name in packages if not name.startswith("_")} - OPTIONAL == ALLOWED


def test_importing_the_app_stays_within_the_module_limit() -> None:
    modules = [name for name in loaded_modules() if name.partition(".")[0] not in OPTIONAL]
    assert len(modules) <= MAX_MODULES


def test_importing_the_app_loads_of_live_updates_only_their_declaration() -> None:
    """Few requests create a ticket, and no request pushes: that is the event fan-out's work."""
    loaded = {name for name in loaded_modules() if name.startswith("chalicelib.live.")}
    assert loaded == {f"chalicelib.live.{name}" for name in ("api", "model", "repository")}
    assert "chalicelib.clients.websocket_connections" not in loaded_modules()


def test_modules_do_not_use_the_standard_dataclass_decorator() -> None:
    """It costs 0.4 ms per class; there are more than 100 classes. msgspec.Struct is faster."""
    slow_modules = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "chalicelib").rglob("*.py")
        if re.search(r"^from dataclasses import .*\bdataclass\b", path.read_text(), re.MULTILINE)
    ]
    assert slow_modules == []


def test_import_freezes_objects_and_enables_garbage_collection() -> None:
    script = "import app, gc; print(gc.isenabled(), gc.get_freeze_count() > 10_000)"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    assert result.stdout.split() == ["True", "True"]
