"""Empty the tables, and restore their items.

On moto both are done in the memory of the engine: with requests, they took a third of the time of
the tests.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from moto.backends import get_backend
from pynamodb.models import Model

import tools.tables
from chalicelib.dynamodb.connection import table_name
from chalicelib.registry import TABLES
from tests.support.engine import ENDPOINT

Items = dict[str, Any]
"""The items of the embedded tables, by the table's name."""


def empty_tables(*models: type[Model]) -> None:
    """Delete every item of all tables, or of some. The streams have no record of it on moto."""
    if ENDPOINT is not None:
        tools.tables.empty_tables(*models)
    for _, table in _embedded_tables(models):
        table.items.clear()


def embedded_items() -> Items:
    """Return a copy of all items on moto. Empty if the tables are on another engine."""
    return {name: deepcopy(table.items) for name, table in _embedded_tables(())}


def restore_embedded_items(items: Items) -> bool:
    """Replace all items by those of :func:`embedded_items`.

    Returns False, and changes nothing, if other tables existed then.
    """
    tables = dict(_embedded_tables(()))
    if tables.keys() != items.keys():
        return False
    for name, table in tables.items():
        table.items = deepcopy(items[name])
    return True


def _embedded_tables(models: tuple[type[Model], ...]) -> Iterator[tuple[str, Any]]:
    names = {table_name(model) for model in models or TABLES}
    for regions in get_backend("dynamodb").values():
        for backend in regions.values():
            for name, table in backend.tables.items():
                if name in names:
                    yield name, table
