"""docs/security.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
ROW = re.compile(r"`(?P<path>tests/[\w/]+\.py)`, `(?P<test>test_\w+)` \|$", re.MULTILINE)


def test_every_protection_has_a_test_that_exists() -> None:
    protections = re.findall(r"^\| ([A-Z]\d+) \| (?!`)", PAGE, re.MULTILINE)
    tests = re.findall(r"^\| ([A-Z]\d+) \| `", PAGE, re.MULTILINE)
    assert set(protections) == set(tests)
    assert len(protections) == len(set(protections)) > 15
    named = ROW.findall(PAGE)
    assert len(named) == len(tests)
    for path, test in named:
        assert f"def {test}(" in (ROOT / path).read_text(), (path, test)
