"""The page is never blank: missing files, and data that cannot be read."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.end_to_end.browser.actions import log_in
from tests.end_to_end.browser.browser_fixtures import RAVI
from tests.end_to_end.browser.storage_faults import problem
from tests.end_to_end.browser.test_stored_data import PUT


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


def test_data_that_cannot_be_read_is_reported_and_can_be_deleted(phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto("/app/")
    log_in(page, RAVI)
    page.evaluate(PUT, ["facts", [["damaged", "timers"]]])
    page.reload()
    expect(problem(page)).to_contain_text("Something went wrong in this page")
    expect(problem(page).get_by_role("button", name="Reload")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    problem(page).get_by_role("button", name="Delete the data of this page").click()
    expect(page.get_by_label("Your API token")).to_be_visible()
    expect(problem(page)).to_be_hidden()
    log_in(page, RAVI)
    expect(problem(page)).to_be_hidden()
