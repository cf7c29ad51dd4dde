"""What importing the application loads: each module costs time at every cold start."""

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

# Not in the package: botocore and Chalice use them where development tools have brought them.
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


MOST_MODULES = 440
"""Of all, the standard library's included. Each is found, read and run at every cold start."""


def loaded_modules() -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    modules: list[str] = json.loads(result.stdout)
    return modules


def test_importing_the_app_loads_these_packages_and_no_others() -> None:
    packages = {name.partition(".")[0] for name in loaded_modules()} - sys.stdlib_module_names
    assert {name for name in packages if not name.startswith("_")} - OPTIONAL == ALLOWED


def test_importing_the_app_loads_no_more_modules() -> None:
    modules = [it for it in loaded_modules() if it.partition(".")[0] not in OPTIONAL]
    assert len(modules) <= MOST_MODULES


def test_every_dataclass_is_cheap_to_make() -> None:
    """The standard library's costs 0.4 ms a class, and there are more than a hundred."""
    dear = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "chalicelib").rglob("*.py")
        if re.search(r"^from dataclasses import .*\bdataclass\b", path.read_text(), re.MULTILINE)
    ]
    # Imported where the delivery worker posts, and nowhere else.
    assert set(dear) - {"chalicelib/dataclass.py"} == {"chalicelib/outbound/posting.py"}


def test_the_package_puts_garbage_collection_off_until_it_has_started() -> None:
    script = "import app, gc; print(gc.isenabled(), gc.get_freeze_count() > 10_000)"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    assert result.stdout.split() == ["True", "True"]
