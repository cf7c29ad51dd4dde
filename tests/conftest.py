"""Shared fixtures. The tests run on moto in this process, or on DYNAMODB_ENDPOINT if it is set."""

import os
from collections.abc import Callable, Iterator
from functools import partial

import hypothesis
import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.ids import IdGenerator
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import Backoff, connect
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from chalicelib.registry import models
from tests.support.api import Api
from tests.support.clock import FakeClock
from tests.support.concurrent_requests import time_entries
from tests.support.engine import ENDPOINT
from tests.support.engine_selection import needs_engine
from tests.support.event_services import EventServices, event_services_of
from tests.support.fixtures import (
    ADMIN,
    KOLKATA,
    MEMBER,
    OTHER_MEMBER,
    STRANGER,
    Fixtures,
    create_fixtures,
    created_fixtures,
    put_all,
    reset_tables,
)
from tests.support.permissions import held_to_policy
from tests.support.receiver import Receiver, receiving
from tests.support.table_settings import served_streams, set_for_tests
from tests.support.table_snapshots import TABLE_PREFIX
from tools.devserver.aws_services import create_aws_services
from tools.devserver.embedded import EmbeddedStreams, embedded_dynamodb
from tools.devserver.stream_feed import Stream
from tools.tables import create_tables

# Servers that tests start keep nothing.
os.environ.setdefault("STINT_DATA", "none")

# The same examples at each run: a failure then comes from the change. `make test-properties` looks
# for others.
hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("default" if os.environ.get("STINT_RANDOM") else "repeatable")


@pytest.fixture(scope="session")
def _database() -> Settings:
    return Settings(
        table_prefix=TABLE_PREFIX,
        dynamodb_endpoint=ENDPOINT,
        public_base_url="http://stint.test",
        live_url="wss://live.stint.test/live",
    )


@pytest.fixture(scope="session")
def _engine() -> Iterator[EmbeddedStreams]:
    """The embedded engine. Beside DynamoDB Local, it only has the queues and the secrets."""
    with embedded_dynamodb(any_credentials=ENDPOINT is None) as streams:
        yield streams


@pytest.fixture(scope="session")
def settings(_database: Settings, _engine: EmbeddedStreams) -> Settings:
    return create_aws_services(_database)


@pytest.fixture(scope="session")
def created_tables(settings: Settings) -> Connection:
    # DynamoDB Local serves all test processes, and may be busy with another's large tables.
    connection = connect(settings, models(), read_timeout_seconds=30)
    create_tables()
    set_for_tests(connection)
    return connection


@pytest.fixture
def open_stream(
    connection: Connection, settings: Settings, _engine: EmbeddedStreams
) -> Iterator[Callable[[str], Stream]]:
    """Returns a function that opens the stream of a table."""
    if ENDPOINT is None:
        yield _engine.listen
    else:
        with served_streams(connection, settings) as opener:
            yield opener


@pytest.fixture
def _has_fixtures(request: pytest.FixtureRequest, created_tables: Connection) -> bool:
    """Reset the tables before the test: at once to the items that it starts with."""
    del created_tables  # They exist from here on.
    return reset_tables(with_fixtures="fixtures" in request.fixturenames)


@pytest.fixture
def connection(
    created_tables: Connection, settings: Settings, _has_fixtures: bool
) -> Iterator[Connection]:
    """The shared connection. At the start of a test the tables are empty, or have its fixtures."""
    with held_to_policy(created_tables, settings.table_prefix):
        yield created_tables


@pytest.fixture
def database(connection: Connection, clock: FakeClock) -> Database:
    return Database(connection, partial(Backoff, clock.advance, lambda: 0.0))


@pytest.fixture
def fixtures(database: Database, _has_fixtures: bool) -> Fixtures:
    return created_fixtures(database) if _has_fixtures else create_fixtures(database)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def dependencies(database: Database, clock: FakeClock, settings: Settings) -> Dependencies:
    """Real dependencies, except time: the clock is fake, and a sleep advances it."""
    return Dependencies(
        database,
        IdGenerator(clock.milliseconds),
        clock=clock,
        sleep=clock.advance,
        jitter=lambda: 0.0,
        settings=settings,
    )


@pytest.fixture
def app(settings: Settings, dependencies: Dependencies) -> Chalice:
    return create_app(settings, dependencies)


@pytest.fixture
def admin(app: Chalice, fixtures: Fixtures) -> Api:
    return Api(app, fixtures.headers(ADMIN))


@pytest.fixture
def member(app: Chalice, fixtures: Fixtures) -> Api:
    return Api(app, fixtures.headers(MEMBER))


@pytest.fixture
def other_member(app: Chalice, fixtures: Fixtures) -> Api:
    return Api(app, fixtures.headers(OTHER_MEMBER))


@pytest.fixture
def stranger(app: Chalice, fixtures: Fixtures) -> Api:
    """An admin of another organization."""
    return Api(app, fixtures.headers(STRANGER, KOLKATA))


@pytest.fixture
def event_services(dependencies: Dependencies, clock: FakeClock) -> Iterator[EventServices]:
    """Queues and secrets on moto, and the workers that use them."""
    with event_services_of(dependencies, clock) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on a real socket."""
    with receiving() as started:
        yield started


@pytest.fixture
def concurrent_people(fixtures: Fixtures) -> None:
    """The people of the concurrency tests, with two time entries each."""
    assert fixtures.tokens
    put_all(*time_entries())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On DynamoDB Local, run the tests that depend on the engine."""
    if ENDPOINT is not None:
        kept = needs_engine(items)
        chosen = set(kept)
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = kept


PURE_FOLDERS = ("core", "jsonapi")
PURE_MODULES = ("test_rules", "test_model", "test_receiver_urls")


@pytest.fixture(autouse=True)
def _pure_tests_open_no_socket(request: pytest.FixtureRequest) -> None:
    """Rules, models and documents are processed without I/O: their tests cannot open a socket."""
    path = request.path
    if path.parent.name in PURE_FOLDERS or path.name.startswith(PURE_MODULES):
        request.getfixturevalue("socket_disabled")
