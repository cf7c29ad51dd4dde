"""Create and empty the tables, from the models that the application itself uses."""

from pynamodb.models import Model

from chalicelib.dynamodb.pynamodb_adapter import key_attributes
from chalicelib.registry import TABLES


def create_tables() -> list[str]:
    """Create missing tables on the database of the models; return their names.

    For local engines and tests. On AWS, CloudFormation creates the tables.
    """
    created = []
    for model in TABLES:
        if not model.exists():
            model.create_table(wait=True)
            created.append(model.Meta.table_name)
    return created


def renew_tables() -> None:
    """Delete and create every table: the faster way to empty large tables."""
    for model in TABLES:
        model.delete_table()
        model.create_table(wait=True)


def empty_tables(*models: type[Model]) -> None:
    """Delete every item of all tables, or of some. For tests: it reads all items first."""
    for model in models or TABLES:
        # Several models can share a table: read what all their items have.
        names = [attribute.attr_name for attribute in key_attributes(model)]
        with model.batch_write() as batch:
            for item in model.scan(consistent_read=True, attributes_to_get=names):
                batch.delete(item)
