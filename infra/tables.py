"""Creates and empties the tables, from the models that the application itself uses."""

from collections.abc import Iterator

from pynamodb.models import Model

from chalicelib.store.models import TABLES


def create_tables() -> list[str]:
    """Create what is missing, on whatever the models are bound to; the names of what was created.

    For local engines and tests. On AWS, CloudFormation owns the tables.
    """
    created = []
    for model in TABLES:
        if not model.exists():
            model.create_table(wait=True)
            created.append(model.Meta.table_name)
    return created


def empty_tables() -> None:
    """Delete every item. For tests: it reads and deletes one by one."""
    for item in _items():
        item.delete()


def _items() -> Iterator[Model]:
    for model in TABLES:
        yield from model.scan(consistent_read=True)
