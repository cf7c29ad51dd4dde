"""``make run`` installs only requirements/run.txt: the commands need no other package."""

import re
import subprocess
import sys

import pytest

from infra.stack.template import ROOT
from tests.infra.test_supply_chain import commands

SCRIPT = """
import importlib, importlib.metadata, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
distributions = importlib.metadata.packages_distributions()
names = {name for top in {name.partition(".")[0] for name in sys.modules}
         for name in distributions.get(top, ())}
print(*names)
"""
MODULES = (
    *("tools.admin.cli", "tools.devserver.__main__", "tools.devserver.backup"),
    *("tools.devserver.dynamodb_local", "tools.ops.__main__"),
)


def pins(file: str) -> dict[str, str]:
    text = (ROOT / "requirements" / file).read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def test_commands_import_only_packages_of_the_file() -> None:
    imported = subprocess.run(
        [sys.executable, "-c", SCRIPT, *MODULES], capture_output=True, text=True, check=True
    ).stdout.split()
    names = {re.sub(r"[._]", "-", name.lower()) for name in imported} - {"stint"}
    assert {"moto", "pynamodb", "chalice"} <= names
    assert names <= pins("run.txt").keys()


def test_tests_run_with_the_same_versions() -> None:
    developed = pins("dev.txt")
    for name, version in pins("run.txt").items():
        assert developed.get(name, version) == version


@pytest.mark.parametrize("target", ["run", "backup", "admin"])
def test_running_installs_nothing_for_tests(target: str) -> None:
    installations = [line for line in commands(target).splitlines() if " install " in line]
    assert any("requirements/run.txt" in line for line in installations)
    assert not any("--requirement requirements/dev.txt" in line for line in installations)
