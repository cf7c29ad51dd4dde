"""Uses of PynamoDB's private API. Only this module uses it.

PynamoDB creates a client for each model. It has no public way to share a client, to read a model's
schema or to get its hash key. ``tests/dynamodb/test_pynamodb_adapter.py`` tests what is used here.
"""

from typing import Any, cast

from pynamodb.attributes import Attribute
from pynamodb.connection import Connection
from pynamodb.models import Model


def share_connection(model: type[Model], connection: Connection) -> None:
    """Let a model use a shared connection. Its ``Meta.table_name`` must be set."""
    model._connection = None
    table = model._get_connection()
    if model.Meta.table_name not in connection._tables:
        connection.add_meta_table(table.get_meta_table())
    table.connection = connection


def connection_of(model: type[Model]) -> Connection:
    """The connection that a model uses."""
    connection: Connection = model._get_connection().connection
    return connection


def hash_key_attribute(model: type[Model]) -> Attribute[Any]:
    """The attribute of a model's partition key."""
    attribute: Attribute[Any] = model._hash_key_attribute()
    return attribute


def key_attributes(model: type[Model]) -> tuple[Attribute[Any], ...]:
    """The attributes of a model's key: the partition key, then the sort key if it has one."""
    attributes = (model._hash_key_attribute(), model._range_key_attribute())
    return tuple(attribute for attribute in attributes if attribute is not None)


def ttl_attribute(model: type[Model]) -> Attribute[Any] | None:
    """The attribute of a model's time to live; None if it has none."""
    attribute: Attribute[Any] | None = model._ttl_attribute()
    return attribute


def table_schema(model: type[Model]) -> dict[str, Any]:
    """The keys, attributes and indexes that a model's ``create_table`` sends."""
    return cast("dict[str, Any]", model._get_schema())
