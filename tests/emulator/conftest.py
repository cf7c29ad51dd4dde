"""Fixtures: one emulator for all tests, and a stage that tests share if they change nothing."""

import os
import signal
from collections.abc import Generator, Iterator
from unittest.mock import patch

import pytest

from tests.emulator.ministack import ADMINISTRATOR, Emulator, emulating
from tests.emulator.stage import GatewayClient, Stage, deployed
from tests.support.fixtures import ADMIN, Fixtures, create_fixtures
from tools.tables import empty_tables


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Let the commands that tests start react to SIGINT.

    A command in the background of a shell ignores it, and its children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """A running emulator, corrected by the shims."""
    # The tests themselves also read and write tables.
    with emulating() as started, patch.dict(os.environ, ADMINISTRATOR):
        yield started


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the emulator's log to the report of a failed test."""
    del call
    report = yield
    emulator = getattr(item, "funcargs", {}).get("emulator")
    if report.failed and isinstance(emulator, Emulator):
        report.sections.append(("log of the emulator", emulator.log()))
    return report


@pytest.fixture(scope="session")
def live(emulator: Emulator) -> Stage:
    """A deployed stage. Tests that use it only send requests."""
    return deployed(Stage(emulator, "live"))


@pytest.fixture
def records(live: Stage) -> Fixtures:
    """The records of tests/support/fixtures.py in the tables of the shared stage."""
    database = live.database()
    empty_tables()
    return create_fixtures(database)


@pytest.fixture(scope="session")
def events(emulator: Emulator) -> Stage:
    """A deployed stage whose webhooks may have local receivers."""
    stage = deployed(Stage(emulator, "events"))
    stage.allow_local_receivers()
    return stage


@pytest.fixture
def events_admin(events: Stage) -> GatewayClient:
    """An admin of the stage ``events``, whose tables have the records of the fixtures."""
    database = events.database()
    empty_tables()
    return events.client(create_fixtures(database).headers(ADMIN))
