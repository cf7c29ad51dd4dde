"""Create the tables, from the models that the application itself uses."""

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
