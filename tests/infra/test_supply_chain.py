"""What the project downloads: pinned by hash, and every command requires these hashes."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.stack.template import ROOT

FILES = [ROOT / "requirements.txt", *sorted((ROOT / "requirements").glob("*.txt"))]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def entries(text: str) -> dict[str, str]:
    """The requirements by name, each with its hashes."""
    text = re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE)
    found = re.split(r"^(?=\S)", text.replace("\\\n", " "), flags=re.MULTILINE)
    return {re.split("[=<>~! ]", entry, maxsplit=1)[0]: entry for entry in found if entry.strip()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_requirement_has_a_version_and_hashes(file: Path) -> None:
    pinned = entries(file.read_text())
    assert pinned
    without = [
        name
        for name, entry in pinned.items()
        if not re.search(r"^\S+==\S+.* --hash=sha256:[0-9a-f]{64}\b", entry, re.DOTALL)
    ]
    assert without == []


def commands(target: str) -> str:
    """The commands that make would run for a target."""
    return run("make", "--dry-run", "--always-make", target)


def run(name: str, *arguments: str) -> str:
    program = shutil.which(name)
    assert program is not None
    command = [program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_every_installation_requires_hashes() -> None:
    installations = [
        line
        for target in (
            "install",
            ".cache/check-venv/.installed",
            ".cache/clients-python-venv/.installed",
            ".venv/.browser-installed",
        )
        for line in commands(target).splitlines()
        for line in re.split("&&|;", line)
        if " install " in line and "pip" in line and "installing with pip" not in line
    ]
    assert len(installations) >= 8
    unverified = [line for line in installations if "--require-hashes" not in line]
    # stint itself is the checkout.
    assert [line for line in unverified if "--editable ." not in line] == []


def test_pip_installs_the_same_packages_without_uv() -> None:
    """The files are filtered for pip: an entry spans many lines."""
    (program,) = set(re.findall(r"awk '([^']* !uv)'", commands("install")))
    filtered = run("awk", program, *map(str, FILES[:2]))
    pinned = entries("".join(file.read_text() for file in FILES[:2]))
    assert entries(filtered) == {name: entry for name, entry in pinned.items() if name != "uv"}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)
def test_every_action_is_pinned_by_its_commit(workflow: Path) -> None:
    used = re.findall(r"^\s*(?:- )?uses: (.*)$", workflow.read_text(), re.MULTILINE)
    assert used
    pinned = re.compile(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [action for action in used if not pinned.fullmatch(action)] == []
