"""Empty the tables, replace their items and read them.

On moto all is done in the memory of the engine: with requests, it took half of the time of the
tests. On DynamoDB Local it takes few requests, without PynamoDB's models.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import islice
from typing import Any

from moto.backends import get_backend
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.pynamodb_adapter import connection_of, key_attributes
from chalicelib.registry import TABLES
from tests.support.engine import ENDPOINT
from tools.devserver.embedded import between_requests

Items = dict[str, Any]
"""The items of all tables, by the table's name: moto's objects, or in DynamoDB's format."""

_BATCH = 25
"""What BatchWriteItem writes at most."""


def empty_tables(*models: type[Model]) -> None:
    """Delete every item of all tables, or of some. The streams have no record of it on moto."""
    if ENDPOINT is None:
        for _, table in _embedded_tables(models):
            table.items.clear()
    else:
        _replace_items(models or TABLES, {})


def all_items() -> Items:
    """Return a copy of all items."""
    if ENDPOINT is None:
        return {name: deepcopy(table.items) for name, table in _embedded_tables(())}
    return {table_name(model): list(_scan(model)) for model in TABLES}


def replace_items(items: Items) -> bool:
    """Let the tables have exactly the items of :func:`all_items`.

    Returns False, and changes nothing, if other tables existed then.
    """
    if {table_name(model) for model in TABLES} != items.keys():
        return False
    if ENDPOINT is None:
        for name, table in _embedded_tables(()):
            table.items = deepcopy(items[name])
    else:
        _replace_items(TABLES, items)
    return True


def prepare(put: Callable[[Connection], object], connection: Connection) -> None:
    """Let the tables have what a function of a module puts into them.

    The first test calls it; for later ones the items that the tables had then are put back. So all
    of them start with the same items, such as those of the fixtures.
    """
    if put not in _prepared or not replace_items(_prepared[put]):
        put(connection)
        _prepared[put] = all_items()


_prepared: dict[Callable[[Connection], object], Items] = {}


def embedded_items_of(name: str) -> list[dict[str, Any]]:
    """Return copies of the items of one table on moto, in DynamoDB's format."""
    ((_, table),) = [named for named in _embedded_tables(()) if named[0] == name]
    with between_requests():
        return [
            {name: value.to_regular_json() for name, value in item.attrs.items()}
            for item in table.all_items()
        ]


def _embedded_tables(models: tuple[type[Model], ...]) -> Iterator[tuple[str, Any]]:
    names = {table_name(model) for model in models or TABLES}
    for regions in get_backend("dynamodb").values():
        for backend in regions.values():
            for name, table in backend.tables.items():
                if name in names:
                    yield name, table


def _replace_items(models: Iterable[type[Model]], items: Items) -> None:
    """Write only what differs: most tests change few of the items that they start with."""
    _write(
        (table_name(model), request)
        for model in models
        for request in _differences(model, items.get(table_name(model), ()))
    )


def _differences(model: type[Model], items: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the requests after which a table has these items."""
    names = [attribute.attr_name for attribute in key_attributes(model)]

    def by_key(some: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {json.dumps([item[name] for name in names]): item for item in some}

    present, wanted = by_key(_scan(model)), by_key(items)
    for key, item in present.items():
        if key not in wanted:
            yield {"DeleteRequest": {"Key": {name: item[name] for name in names}}}
    for key, item in wanted.items():
        if item != present.get(key):
            yield {"PutRequest": {"Item": item}}


def _scan(model: type[Model]) -> Iterator[dict[str, Any]]:
    for page in (
        connection_of(model)
        .client.get_paginator("scan")
        .paginate(TableName=table_name(model), ConsistentRead=True)
    ):
        yield from page["Items"]


def _write(requests: Iterator[tuple[str, dict[str, Any]]]) -> None:
    """Send requests for named tables, as many at once as one call takes."""
    client: Any = connection_of(TABLES[0]).client
    while chunk := list(islice(requests, _BATCH)):
        by_table: dict[str, list[dict[str, Any]]] = {}
        for name, request in chunk:
            by_table.setdefault(name, []).append(request)
        answer = client.batch_write_item(RequestItems=by_table)
        assert not answer["UnprocessedItems"]
