"""The package: what it needs, what it contains, and the examples of its README."""

import ast
import re
import sys
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

import stint_client

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text("utf-8")
INSTALLED = Path(stint_client.__file__).parent


def third_party_imports() -> set[str]:
    """Return the top-level modules that the package imports, without the standard library."""
    modules = set()
    for file in INSTALLED.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules.add(str(node.module).partition(".")[0])
    return modules - sys.stdlib_module_names - {"stint_client"}


def test_the_tests_use_the_installed_package() -> None:
    assert "site-packages" in INSTALLED.parts
    assert (INSTALLED / "py.typed").is_file()
    assert (INSTALLED / "generated" / "models" / "timer.py").is_file()


def test_the_package_requires_what_it_imports() -> None:
    requires = distribution("stint-client").requires or []
    required = {re.split(r"[^\w-]", each)[0] for each in requires}
    names = packages_distributions()
    imported = {names[module][0] for module in third_party_imports()}
    assert imported == required


def test_license_and_changelog() -> None:
    root = PROJECT.parents[1] / "LICENSE"
    assert (PROJECT / "LICENSE").read_bytes() == root.read_bytes()
    changelog = (PROJECT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == stint_client.__version__


@pytest.mark.parametrize("example", re.findall(r"```python\n(.+?)```", README, re.DOTALL))
def test_examples(example: str, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    own = example.replace("http://127.0.0.1:8000/api/v2", url)
    assert own != example
    exec(compile(own, "README.md", "exec"), {})  # noqa: S102
    output = capsys.readouterr().out
    expected = ("started ", "overlaps_session ") if "timers" in example else (" webhooks",)
    assert all(text in output for text in expected)


def test_the_readme_names_every_command() -> None:
    from stint_client.cli.commands import stint  # noqa: PLC0415 - only this test needs it

    named = set(re.findall(r"^\| `stint (\w+)", README, re.MULTILINE))
    assert named == set(stint.commands)
