"""A new DynamoDB Local with empty tables: an engine that was used before becomes slow."""

from collections.abc import Iterator
from contextlib import contextmanager

from pynamodb.connection import Connection

from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import connect
from chalicelib.registry import models
from tools.devserver.dynamodb_local import dynamodb_local
from tools.environment import allow_any_credentials
from tools.tables import create_tables

_TIMEOUT_SECONDS = 120
"""For a response of the engine, which is slow to count 100,000 timers."""


@contextmanager
def new_engine() -> Iterator[Connection]:
    """Start an engine with the project's tables, and connect to it; end it afterwards."""
    with dynamodb_local() as endpoint:
        settings = Settings(dynamodb_endpoint=endpoint)
        allow_any_credentials(settings)
        connection = connect(settings, models(), _TIMEOUT_SECONDS)
        create_tables()
        yield connection
