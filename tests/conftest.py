"""Shared fixtures. The tests run on moto in this process, or on DYNAMODB_ENDPOINT if it is set."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.ids import IdSource
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Store
from chalicelib.http.application import create_app
from tests.support.api import Api
from tests.support.clock import FakeClock
from tests.support.engine import ENDPOINT
from tests.support.event_services import Outside, outside_world
from tests.support.fixtures import (
    ADMIN,
    KOLKATA,
    MEMBER,
    OTHER_MEMBER,
    STRANGER,
    World,
    create_world,
)
from tests.support.permissions import held_to_policy
from tests.support.receiver import Receiver, receiving
from tests.support.table_snapshots import TABLE_PREFIX
from tests.support.ttl import keep_expired
from tools.devserver.aws_services import create_outside
from tools.devserver.embedded import embedded_dynamodb
from tools.devserver.stream_feed import ServedStream, Stream
from tools.tables import create_tables, empty_tables


@pytest.fixture(scope="session")
def _database() -> Settings:
    return Settings(
        table_prefix=TABLE_PREFIX,
        dynamodb_endpoint=ENDPOINT,
        public_base_url="http://stint.test",
    )


@pytest.fixture(scope="session")
def open_stream(_database: Settings) -> Iterator[Callable[[str], Stream]]:
    """Returns a function that opens the stream of a table. Starts the DynamoDB engine."""
    if ENDPOINT is not None:
        # moto always provides the queues and the secrets.
        with embedded_dynamodb(any_credentials=False):
            yield partial(ServedStream, _database)
    else:
        with embedded_dynamodb() as streams:
            yield streams.listen


@pytest.fixture(scope="session")
def settings(_database: Settings, open_stream: Callable[[str], Stream]) -> Settings:
    assert callable(open_stream)
    return create_outside(_database)


@pytest.fixture(scope="session")
def _tables(open_stream: Callable[[str], Stream], settings: Settings) -> Connection:
    del open_stream  # Requested so that the engine runs until the end of the session.
    connection = connect(settings)
    create_tables()
    keep_expired(connection)
    return connection


@pytest.fixture
def connection(_tables: Connection, settings: Settings) -> Iterator[Connection]:
    """The shared connection. The tables are empty at the start of each test."""
    with held_to_policy(_tables, settings.table_prefix):
        yield _tables
        empty_tables()


@pytest.fixture
def store(connection: Connection) -> Store:
    return Store(connection)


@pytest.fixture
def world(store: Store) -> World:
    return create_world(store)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tools(store: Store, clock: FakeClock, settings: Settings) -> Toolbox:
    """Real dependencies, except time: the clock is fake, and a sleep advances it."""
    return Toolbox(
        store,
        IdSource(clock.milliseconds),
        clock=clock,
        pause=clock.advance,
        jitter=lambda: 0.0,
        settings=settings,
    )


@pytest.fixture
def app(settings: Settings, tools: Toolbox) -> Chalice:
    return create_app(settings, tools)


@pytest.fixture
def admin(app: Chalice, world: World) -> Api:
    return Api(app, world.headers(ADMIN))


@pytest.fixture
def member(app: Chalice, world: World) -> Api:
    return Api(app, world.headers(MEMBER))


@pytest.fixture
def other_member(app: Chalice, world: World) -> Api:
    return Api(app, world.headers(OTHER_MEMBER))


@pytest.fixture
def stranger(app: Chalice, world: World) -> Api:
    """An admin of another organization."""
    return Api(app, world.headers(STRANGER, KOLKATA))


@pytest.fixture
def outside(tools: Toolbox, clock: FakeClock) -> Iterator[Outside]:
    """Queues and secrets on moto, and the workers that use them."""
    with outside_world(tools, clock) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on a real socket."""
    with receiving() as started:
        yield started
