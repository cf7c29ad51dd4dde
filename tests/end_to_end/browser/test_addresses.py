"""The pages below the prefix of a stage, and the pocket client on a static host."""

import threading
import time
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chalicelib.core.dependencies import build_dependencies
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from chalicelib.http.static_pages import PAGES_FOLDER
from tests.end_to_end.browser.actions import everything_sent, log_in, start_on
from tests.end_to_end.browser.admin_actions import go_to, log_in_as_admin, row_of
from tests.end_to_end.browser.browser_fixtures import ANA, RAVI, DemoServer
from tools.devserver.demo_data import load_demo_data
from tools.devserver.gateway import Gateway, Response
from tools.devserver.server import LocalServer

PREFIX = "/live"


class StageGateway(Gateway):
    """A gateway whose addresses have the stage's prefix, as those of API Gateway."""

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        assert target.startswith(f"{PREFIX}/"), target
        return super().handle(method, target.removeprefix(PREFIX), headers, body)


@pytest.fixture
def stage(database: Database, settings: Settings) -> Iterator[str]:
    """The base URL of a server with the prefix of a stage, and the demo data."""
    server = LocalServer("127.0.0.1", 0)
    base_url = server.url + PREFIX
    dependencies = build_dependencies(database, replace(settings, public_base_url=base_url))
    assert load_demo_data(database, int(time.time()))
    server.gateway = StageGateway(create_app(dependencies.settings, dependencies))
    yield from served(server, base_url)


@pytest.fixture
def static_host() -> Iterator[str]:
    """The base URL of a static host with the files of the pages."""
    handler = partial(SimpleHTTPRequestHandler, directory=PAGES_FOLDER)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    yield from served(server, f"http://127.0.0.1:{server.server_address[1]}")


def served(server: ThreadingHTTPServer, base_url: str) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield base_url
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 390, "height": 844})
    opened.set_default_timeout(20_000)
    yield opened
    opened.close()


def scope_of_the_worker(page: Page) -> str:
    ready: str = page.evaluate("navigator.serviceWorker.ready.then(({ scope }) => scope)")
    return ready


@pytest.mark.parametrize("slash", ["", "/"])
def test_pocket_client_works_below_the_prefix_of_a_stage(
    context: BrowserContext, stage: str, slash: str
) -> None:
    page = context.new_page()
    page.goto(f"{stage}/app{slash}")
    log_in(page, ANA)
    start_on(page, "Development")
    everything_sent(page)
    assert scope_of_the_worker(page) == f"{stage}/app/"
    context.set_offline(True)
    reopened = context.new_page()
    reopened.goto(f"{stage}/app/")
    expect(reopened.locator("#work")).to_have_text("Development")


def test_admin_page_works_below_the_prefix_of_a_stage(context: BrowserContext, stage: str) -> None:
    page = context.new_page()
    page.goto(f"{stage}/admin")
    log_in_as_admin(page)
    go_to(page, "People")
    expect(row_of(page, "Ivan Babić")).to_be_visible()
    page.get_by_role("button", name="Pair a device: Ivan Babić").click()
    link = page.get_by_role("dialog").get_by_role("link").get_attribute("href")
    assert link is not None
    assert link.startswith(f"{stage}/app/#pair=")


def test_pocket_client_works_on_a_static_host(
    context: BrowserContext, static_host: str, demo: DemoServer
) -> None:
    page = context.new_page()
    page.goto(f"{static_host}/app/")
    page.get_by_text("Another server").click()
    page.get_by_label("Address of the API").fill(f"http://127.0.0.1:{demo.port}/api/v2")
    log_in(page, RAVI)
    start_on(page, "Translation")
    everything_sent(page)
    assert scope_of_the_worker(page) == f"{static_host}/app/"
    context.set_offline(True)
    reopened = context.new_page()
    reopened.goto(f"{static_host}/app/")
    expect(reopened.locator("#work")).to_have_text("Translation")
