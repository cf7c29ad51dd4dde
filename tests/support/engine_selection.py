"""Which tests run on DynamoDB Local: those whose result depends on the engine.

On moto every test runs. On DynamoDB Local:

- A test that uses no table does not run.
- What a test of a folder of ``ABOVE_STORAGE`` repeats with parameters, such as every route, differs
  above the storage: it runs with a few of its parameters.
- A test with the marker ``every_engine`` runs with all parameters: races and cursors of these
  folders, and servers that use the engine in a process of their own.
"""

from collections.abc import Sequence

import pytest

ABOVE_STORAGE = ("admin", "clients", "docs", "http", "productive")
PARAMETERS = 3
"""How many sets of parameters are left: the first, the last, and others at equal distances."""

_TABLES_FIXTURE = "created_tables"
"""The fixture of tests/conftest.py that creates the tables."""


def needs_engine(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests that run on DynamoDB Local, in their order."""
    kept = [item for item in items if _uses_engine(item)]
    repeated: dict[str, list[pytest.Item]] = {}
    for item in kept:
        if item.path.parent.name in ABOVE_STORAGE and not _is_marked(item):
            repeated.setdefault(item.nodeid.partition("[")[0], []).append(item)
    dropped = {
        item
        for parameters in repeated.values()
        for position, item in enumerate(parameters)
        if position not in _chosen(len(parameters))
    }
    return [item for item in kept if item not in dropped]


def _uses_engine(item: pytest.Item) -> bool:
    return _is_marked(item) or _TABLES_FIXTURE in getattr(item, "fixturenames", ())


def _is_marked(item: pytest.Item) -> bool:
    return item.get_closest_marker("every_engine") is not None


def _chosen(count: int) -> set[int]:
    last = PARAMETERS - 1
    return {(count - 1) * step // last for step in range(PARAMETERS)}
