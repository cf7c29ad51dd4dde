"""The pocket client and the admin page in Chromium, served through a TCP proxy.

The proxy simulates network faults; everything else is real. The tests read the stored data from
the tables.
"""

import importlib.util
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.core.dependencies import build_dependencies
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from tests.end_to_end.browser.browser_fixtures import RAVI, DemoServer, RecordingGateway
from tests.support.clock import HOUR
from tests.support.tcp_proxy import TcpProxy, proxy_to
from tools.devserver.demo_data import load_demo_data
from tools.devserver.server import LocalServer

if importlib.util.find_spec("playwright") is None:
    # `make test` does not need playwright; `make test-browser` installs it.
    collect_ignore_glob = ["test_*.py"]
if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Switch off what the browser does in the background.
_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
# A long timeout, for slow machines.
_TIMEOUT_MILLISECONDS = 20_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests in this folder as browser tests."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def executable() -> str:
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        pytest.skip("Chromium is missing: apt-get install chromium, or install Google Chrome")
    return path


@pytest.fixture(scope="session")
def browser(executable: str) -> "Iterator[Browser]":
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415

    expect.set_options(timeout=_TIMEOUT_MILLISECONDS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def demo(database: Database, connection: Connection, settings: Settings) -> Iterator[DemoServer]:
    """The local server with demo data."""
    server = LocalServer("127.0.0.1", 0)
    # Without live updates: test_live.py has a server with them.
    settings = replace(settings, public_base_url=server.url, live_url="")
    dependencies = build_dependencies(database, settings)
    assert load_demo_data(database, int(time.time()))
    gateway = RecordingGateway(create_app(dependencies.settings, dependencies))
    server.gateway = gateway
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield DemoServer(server.server_address[1], connection, gateway)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def noon(demo: DemoServer) -> int:
    """Noon of yesterday (Unix seconds), on a day on which Ravi has no sessions."""
    return demo.midnight(RAVI, int(time.time())) - 12 * HOUR


@pytest.fixture
def proxy(demo: DemoServer) -> Iterator[TcpProxy]:
    with proxy_to(demo.port) as opened:
        yield opened


def _close(context: "BrowserContext") -> None:
    """End what handlers of requests still do; otherwise the next test fails with their errors."""
    from playwright.sync_api import Error  # noqa: PLC0415

    for page in context.pages:
        # The test may be closing it.
        with suppress(Error):
            page.unroute_all(behavior="ignoreErrors")
    context.close()


@pytest.fixture
def phone(browser: "Browser", proxy: TcpProxy) -> "Iterator[BrowserContext]":
    """A new browser context with the size of a phone. Its clock can be set."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=proxy.url, color_scheme="light"
    )
    context.set_default_timeout(_TIMEOUT_MILLISECONDS)
    context.clock.install(time=time.time())
    yield context
    _close(context)


@pytest.fixture
def page(phone: "BrowserContext") -> "Iterator[Page]":
    """The pocket client, opened for the first time. JavaScript errors fail the test."""
    page_errors: list[str] = []
    opened = phone.new_page()
    opened.on("pageerror", lambda error: page_errors.append(str(error)))
    opened.goto("/app")
    yield opened
    assert page_errors == []


@pytest.fixture
def admin_page(browser: "Browser", proxy: TcpProxy) -> "Iterator[Page]":
    """The admin page, opened for the first time. JavaScript errors fail the test."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, base_url=proxy.url, color_scheme="light"
    )
    context.set_default_timeout(_TIMEOUT_MILLISECONDS)
    page_errors: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: page_errors.append(str(error)))
    opened.goto("/admin")
    yield opened
    _close(context)
    assert page_errors == []


@pytest.fixture
def admin(admin_page: "Page") -> "Page":
    """The admin page, with Ana logged in."""
    from tests.end_to_end.browser.admin_actions import log_in_as_admin  # noqa: PLC0415

    log_in_as_admin(admin_page)
    return admin_page
