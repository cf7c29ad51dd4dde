"""Creates and empties the tables, from the models that the application itself uses."""

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


def renew_tables() -> None:
    """Delete every table and create it again: the quicker way to empty what holds much."""
    for model in TABLES:
        model.delete_table()
        model.create_table(wait=True)


def empty_tables(*models: type[Model]) -> None:
    """Delete every item, of all tables or of some. For tests: it reads them all first."""
    for model in models or TABLES:
        with model.batch_write() as batch:
            for item in model.scan(consistent_read=True):
                batch.delete(item)
