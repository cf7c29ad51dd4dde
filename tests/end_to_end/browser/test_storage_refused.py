"""The phone's storage is full, refused, deleted or blocked: the page says so, and taps work."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.end_to_end.browser.actions import (
    count_actions,
    eventually,
    everything_sent,
    go_offline,
    go_online,
    log_in,
    start_on,
)
from tests.end_to_end.browser.browser_fixtures import ANA, RAVI, TOKENS, DemoServer
from tests.end_to_end.browser.storage_faults import FILL, limit_quota, problem, retry_storage
from tests.support.tcp_proxy import TcpProxy

HOLD_DATABASE = """() => new Promise((resolve) => {
  indexedDB.open("stint-pocket", 1).onsuccess = ({ target }) => {
    // An older version of the page did not close its connection for another tab.
    window.held = target.result;
    resolve();
  };
})"""

HAS_NO_WORKER = """async () =>
  !(await navigator.serviceWorker.getRegistration()) && (await caches.keys()).length === 0"""

DELETE_DATABASE = """() => new Promise((resolve, reject) => {
  const request = indexedDB.deleteDatabase("stint-pocket");
  request.onsuccess = () => resolve();
  request.onblocked = reject;
})"""


def test_full_disk_is_reported_and_taps_are_stored_when_there_is_space(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    page.goto("about:blank")
    limit_quota(page, proxy, 2_000_000)
    page.goto(f"{proxy.url}/app/")
    log_in(page, RAVI)
    everything_sent(page)
    page.evaluate(FILL)
    go_offline(phone, proxy)
    start_on(page, "Translation")
    expect(problem(page)).to_contain_text("This phone's storage is full.")
    expect(problem(page).get_by_role("listitem")).to_contain_text("Start: Translation")
    limit_quota(page, proxy, None)
    # The page tries again by itself.
    expect(problem(page)).to_be_hidden()
    assert count_actions(page) == 1
    go_online(phone, proxy)
    everything_sent(page)
    assert len(demo.worked(RAVI)) == 1


def test_page_works_on_a_disk_that_is_full_from_the_start(
    phone: BrowserContext, proxy: TcpProxy, demo: DemoServer
) -> None:
    page = phone.new_page()
    limit_quota(page, proxy, 1)
    page.goto("/app/")
    log_in(page, RAVI)
    start_on(page, "Translation")
    expect(problem(page)).to_contain_text("full")
    expect(page.locator(".waiting")).to_have_count(0)
    # The service worker cannot be installed, and leaves nothing behind.
    assert eventually(lambda: page.evaluate(HAS_NO_WORKER), page)
    assert len(demo.worked(RAVI)) == 1
    limit_quota(page, proxy, None)
    retry_storage(page)
    expect(problem(page)).to_be_hidden()
    page.reload()
    expect(page.locator("#work")).to_have_text("Translation")


@pytest.fixture
def refusing(executable: str, browser: Browser, proxy: TcpProxy) -> Iterator[BrowserContext]:
    """A browser whose settings forbid all sites to store data."""
    settings = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    with tempfile.TemporaryDirectory() as profile:
        (Path(profile) / "Default").mkdir()
        (Path(profile) / "Default" / "Preferences").write_text(json.dumps(settings))
        context = browser.browser_type.launch_persistent_context(
            profile, executable_path=executable, base_url=proxy.url
        )
        yield context
        context.close()


def test_page_works_where_the_browser_refuses_storage(
    refusing: BrowserContext, demo: DemoServer
) -> None:
    page_errors: list[str] = []
    page = refusing.new_page()
    page.on("pageerror", lambda error: page_errors.append(str(error)))
    page.goto("/app/")
    expect(problem(page)).to_contain_text("does not let the page store anything")
    log_in(page, RAVI)
    start_on(page, "Translation")
    expect(page.locator(".waiting")).to_have_count(0)
    assert len(demo.worked(RAVI)) == 1
    assert page_errors == []


def test_page_works_in_a_private_window_without_indexeddb(
    phone: BrowserContext, demo: DemoServer
) -> None:
    page_errors: list[str] = []
    page = phone.new_page()
    page.on("pageerror", lambda error: page_errors.append(str(error)))
    page.add_init_script(
        """for (const [object, name] of [[globalThis, "indexedDB"], [navigator, "serviceWorker"]]) {
          Object.defineProperty(object, name, { value: undefined });
        }"""
    )
    page.goto("/app/")
    expect(problem(page)).to_contain_text("does not let the page store anything")
    log_in(page, RAVI)
    start_on(page, "Translation")
    expect(page.locator(".waiting")).to_have_count(0)
    assert len(demo.worked(RAVI)) == 1
    assert page_errors == []


@pytest.mark.parametrize("cause", ["browser", "another tab"])
def test_deleted_data_is_reported_with_the_taps_that_were_not_sent(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, cause: str
) -> None:
    other = phone.new_page()
    other.goto("/app/manifest.webmanifest")
    log_in(page, RAVI)
    everything_sent(page)
    go_offline(phone, proxy)
    start_on(page, "Translation")
    assert count_actions(page) == 1
    if cause == "browser":
        devtools = phone.new_cdp_session(page)
        devtools.send(
            "Storage.clearDataForOrigin", {"origin": proxy.url, "storageTypes": "indexeddb"}
        )
    else:
        other.evaluate(DELETE_DATABASE)
    expect(page.get_by_label("Your API token")).to_be_visible()
    expect(problem(page)).to_contain_text("was deleted on this phone. Log in again.")
    expect(problem(page).get_by_role("listitem")).to_contain_text("Start: Translation")
    assert count_actions(page) == 0
    go_online(phone, proxy)
    # The tap is not sent as another person.
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_label("Your API token").fill(TOKENS[ANA])
    with page.expect_event("dialog"):
        page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log in")).to_be_enabled()
    log_in(page, RAVI)
    expect(problem(page)).to_be_hidden()
    everything_sent(page)
    assert len(demo.worked(RAVI)) == 1
    assert demo.methods == ["POST"]


@pytest.fixture
def tabs(browser: Browser, proxy: TcpProxy) -> Iterator[BrowserContext]:
    """A browser without service workers, which would not let the test change the files."""
    context = browser.new_context(base_url=proxy.url, service_workers="block")
    yield context
    context.close()


def open_newer_version(tabs: BrowserContext) -> Page:
    """Open a version of the page with a newer version of the database."""

    def respond(route: Route) -> None:
        text = route.fetch().text()
        assert "const VERSION = 1;" in text
        route.fulfill(
            body=text.replace("VERSION = 1;", "VERSION = 2;"), content_type="text/javascript"
        )

    page = tabs.new_page()
    page.route("**/database.js", respond)
    page.goto("/app/")
    return page


def test_old_page_makes_way_for_a_newer_version_and_asks_for_a_reload(
    tabs: BrowserContext, demo: DemoServer
) -> None:
    old = tabs.new_page()
    old.goto("/app/")
    log_in(old, RAVI)
    newer = open_newer_version(tabs)
    expect(newer.get_by_role("heading", name="Ravi Das")).to_be_visible()
    expect(problem(newer)).to_be_hidden()
    expect(problem(old)).to_contain_text("Reload this page.")
    expect(problem(old).get_by_role("button", name="Reload")).to_be_visible()
    # Until then, its taps are sent at once.
    start_on(old, "Translation")
    expect(old.locator(".waiting")).to_have_count(0)
    assert len(demo.worked(RAVI)) == 1


def test_new_page_says_what_it_waits_for_and_continues_by_itself(tabs: BrowserContext) -> None:
    oldest = tabs.new_page()
    oldest.goto("/app/")
    log_in(oldest, RAVI)
    oldest.goto("/app/manifest.webmanifest")
    oldest.evaluate(HOLD_DATABASE)
    newer = open_newer_version(tabs)
    expect(problem(newer)).to_contain_text("Close that tab, or reload it.")
    oldest.close()
    expect(problem(newer)).to_be_hidden()
    expect(newer.get_by_role("heading", name="Ravi Das")).to_be_visible()
