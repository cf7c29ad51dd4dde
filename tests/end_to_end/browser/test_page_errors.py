"""The page is never blank: missing files, data that cannot be read, a deleted cache of files."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.end_to_end.browser.actions import eventually, go_offline, go_online, log_in
from tests.end_to_end.browser.browser_fixtures import RAVI
from tests.end_to_end.browser.storage_faults import problem
from tests.end_to_end.browser.test_stored_data import PUT
from tests.support.tcp_proxy import TcpProxy

HAS_FILES = """async () => {
  for (const name of await caches.keys()) {
    if ((await (await caches.open(name)).keys()).length > 10) return true;
  }
  return false;
}"""


def fail_to_load(route: Route) -> None:
    route.abort()


def serve_another_version(route: Route) -> None:
    route.fulfill(body="export const old = true;", content_type="text/javascript")


@pytest.mark.parametrize("fault", [fail_to_load, serve_another_version])
def test_page_whose_files_do_not_load_says_so(
    phone: BrowserContext, fault: Callable[[Route], None]
) -> None:
    page = phone.new_page()
    page.route("**/sender.js", fault)
    page.goto("/app/")
    message = page.locator("#starting")
    expect(message).to_contain_text("check the connection")
    expect(message).to_be_visible()
    page.unroute("**/sender.js")
    message.get_by_role("link", name="reload the page").click()
    expect(page.get_by_label("Your API token")).to_be_visible()
    expect(message).to_be_hidden()


@pytest.mark.parametrize(
    ("store", "record"),
    [("facts", ["damaged", "timers"]), ("acts", [{"key": "damaged", "kind": "damaged"}])],
)
def test_data_that_cannot_be_read_is_reported_and_can_be_deleted(
    phone: BrowserContext, store: str, record: list[object]
) -> None:
    page = phone.new_page()
    page.goto("/app/")
    log_in(page, RAVI)
    page.evaluate(PUT, [store, [record]])
    page.reload()
    expect(problem(page)).to_contain_text("Something went wrong in this page")
    expect(problem(page).get_by_role("button", name="Reload")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    problem(page).get_by_role("button", name="Delete the data of this page").click()
    expect(page.get_by_label("Your API token")).to_be_visible()
    expect(problem(page)).to_be_hidden()
    log_in(page, RAVI)
    expect(problem(page)).to_be_hidden()


def test_files_that_the_browser_deleted_are_stored_again(
    phone: BrowserContext, page: Page, proxy: TcpProxy
) -> None:
    log_in(page, RAVI)
    assert eventually(lambda: page.evaluate(HAS_FILES), page)
    page.evaluate("caches.keys().then((names) => Promise.all(names.map((n) => caches.delete(n))))")
    assert not page.evaluate(HAS_FILES)
    # Without a connection, at least a message.
    go_offline(phone, proxy)
    page.reload()
    expect(page.get_by_text("the browser has deleted this page")).to_be_visible()
    go_online(phone, proxy)
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", name="Ravi Das")).to_be_visible()
    page.evaluate("dispatchEvent(new Event('online'))")
    assert eventually(lambda: page.evaluate(HAS_FILES), page)
    go_offline(phone, proxy)
    page.reload()
    expect(page.get_by_role("heading", name="Ravi Das")).to_be_visible()
