"""The browser loses the connection to IndexedDB: no tap is lost, and none is stored twice.

WebKit does this when a page comes back from the background. Chromium does not, so its methods are
replaced here.
"""

import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.browser.actions import (
    count_actions,
    editor,
    everything_sent,
    form_time,
    go_offline,
    go_online,
    log_in,
    row,
    save,
    service,
    start_on,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import MEETINGS, RAVI, TRANSLATION, DemoServer
from tests.end_to_end.browser.storage_faults import (
    fail,
    open_as_ravi,
    open_with_faults,
    problem,
    recover,
    retry_storage,
    works_again,
)
from tests.end_to_end.browser.test_app import OVERFLOW, assert_large_enough, violations
from tests.end_to_end.browser.test_logging_out import READ_ALL_STORAGE
from tests.support.clock import MINUTE
from tests.support.tcp_proxy import TcpProxy


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("transaction", "InvalidStateError"),
        ("get", "UnknownError"),
        ("put", "UnknownError"),
        ("commit", "AbortError"),
    ],
)
def test_lost_connection_is_opened_again(
    phone: BrowserContext, proxy: TcpProxy, demo: DemoServer, step: str, error: str
) -> None:
    page = open_as_ravi(phone)
    go_offline(phone, proxy)
    fail(page, step, 1, error)
    start_on(page, "Translation")
    # A session that is added: a repeated transaction must not add it again.
    now = int(time.time())
    page.get_by_role("button", name="Add a session").click()
    editor(page).get_by_label("Service").select_option("Internal meetings")
    editor(page).get_by_label("Start").fill(form_time(RAVI, now - 50 * MINUTE))
    editor(page).get_by_label("End").fill(form_time(RAVI, now - 40 * MINUTE))
    fail(page, step, 1, error)
    save(page)
    expect(row(page, "Internal meetings")).to_be_visible()
    assert page.evaluate("window.fault.count") == 0
    expect(problem(page)).to_be_hidden()
    assert count_actions(page) == 2
    go_online(phone, proxy)
    everything_sent(page)
    assert [work for work, _, _ in demo.worked(RAVI)] == [MEETINGS, TRANSLATION]
    assert demo.is_in_order()


@pytest.mark.parametrize("step", ["open throws", "open fails", "open hangs", "hang"])
def test_page_opens_although_the_first_attempt_fails(
    phone: BrowserContext, demo: DemoServer, step: str
) -> None:
    page = open_with_faults(phone, step, 1)
    if "hang" in step:
        page.clock.fast_forward(11_000)
    log_in(page, RAVI)
    expect(problem(page)).to_be_hidden()
    start_on(page, "Translation")
    everything_sent(page)
    assert len(demo.worked(RAVI)) == 1


@pytest.mark.parametrize("step", ["transaction", "put", "commit"])
def test_tap_that_cannot_be_stored_is_shown_until_it_is(
    phone: BrowserContext, proxy: TcpProxy, demo: DemoServer, step: str
) -> None:
    page = open_as_ravi(phone)
    go_offline(phone, proxy)
    fail(page, step)
    start_on(page, "Translation")
    expect(problem(page)).to_contain_text("1 tap not stored and not sent yet. Keep this page open")
    expect(problem(page).get_by_role("listitem")).to_contain_text("Start: Translation")
    expect(problem(page).get_by_role("button", name="Reload")).to_be_hidden()
    retry_storage(page)
    stop_it(page)
    expect(problem(page).get_by_role("listitem").last).to_contain_text("Stop: ")
    assert violations(page) == []
    assert_large_enough(page)
    assert page.evaluate(OVERFLOW) == []
    recover(page)
    assert count_actions(page) == 2
    page.close()
    go_online(phone, proxy)
    page = open_with_faults(phone)
    everything_sent(page)
    ((work, _, ended),) = demo.worked(RAVI)
    assert work == TRANSLATION
    assert ended is not None
    assert demo.is_in_order()


@pytest.mark.parametrize("step", ["after a tap", "after a tap, at once"])
def test_stored_tap_stays_visible_if_the_storage_fails_directly_afterwards(
    phone: BrowserContext, proxy: TcpProxy, step: str
) -> None:
    page = open_as_ravi(phone)
    go_offline(phone, proxy)
    fail(page, step)
    start_on(page, "Translation")
    expect(problem(page)).to_be_visible()
    expect(problem(page).get_by_role("listitem")).to_have_count(0)
    works_again(page)
    assert count_actions(page) == 1


def test_taps_are_sent_at_once_while_the_storage_fails(
    phone: BrowserContext, demo: DemoServer
) -> None:
    page = open_as_ravi(phone)
    fail(page, "transaction")
    start_on(page, "Translation")
    expect(problem(page)).to_contain_text("sent at once")
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator("#line")).to_be_empty()
    stop_it(page)
    expect(page.locator(".waiting")).to_have_count(0)
    assert demo.methods == ["POST", "PATCH"]
    works_again(page)
    # Without a tap on the button.
    page.clock.fast_forward(31_000)
    expect(problem(page)).to_be_hidden()
    everything_sent(page)
    page.reload()
    expect(row(page, "Translation")).to_have_count(1)
    assert demo.methods == ["POST", "PATCH"]
    assert len(demo.worked(RAVI)) == 1


def test_tap_that_was_sent_from_memory_is_not_recorded_again(
    phone: BrowserContext, proxy: TcpProxy, demo: DemoServer
) -> None:
    """The page is closed before it can write to the storage that the tap was sent."""
    page = open_as_ravi(phone)
    go_offline(phone, proxy)
    start_on(page, "Translation")
    fail(page, "transaction")
    go_online(phone, proxy)
    expect(page.locator(".waiting")).to_have_count(0)
    page.close()
    page = open_with_faults(phone)
    everything_sent(page)
    # The second request continues the entry of the first one, so its body differs.
    assert [request.response.status for request in demo.keyed_requests] == [201, 422]
    assert len(demo.worked(RAVI)) == 1
    expect(page.locator("#work")).to_have_text("Translation")
    expect(page.locator("#notices")).to_be_empty()


def test_page_asks_before_it_is_closed_with_taps_that_are_only_in_it(
    phone: BrowserContext, proxy: TcpProxy
) -> None:
    page = open_with_faults(phone)
    log_in(page, RAVI)
    go_offline(phone, proxy)
    fail(page, "transaction")
    service(page, "Translation").click()
    expect(problem(page)).to_contain_text("1 tap")
    with page.expect_event("dialog") as question:
        page.close(run_before_unload=True)
    assert question.value.type == "beforeunload"
    question.value.accept()


def test_logout_deletes_the_data_when_the_storage_works_again(phone: BrowserContext) -> None:
    page = open_as_ravi(phone)
    # The page does not try its storage again by itself.
    phone.clock.pause_at(time.time() + 2)
    fail(page, "transaction")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Your API token")).to_be_visible()
    expect(problem(page)).to_contain_text("your data is still on this phone")
    other = phone.new_page()
    other.goto("/")
    assert "Ravi" in other.evaluate(READ_ALL_STORAGE)
    recover(page)
    assert "Ravi" not in other.evaluate(READ_ALL_STORAGE)
    expect(page.get_by_label("Your API token")).to_be_visible()


def test_another_persons_queue_is_not_mixed(
    phone: BrowserContext, proxy: TcpProxy, page: Page, demo: DemoServer
) -> None:
    """While one tab has no storage, another person logs in in the other tab."""
    log_in(page, RAVI)
    lost = open_with_faults(phone)
    expect(lost.get_by_role("heading", name="Ravi Das")).to_be_visible()
    everything_sent(lost)
    go_offline(phone, proxy)
    fail(lost, "transaction")
    start_on(lost, "Translation")
    expect(problem(lost)).to_contain_text("1 tap")
    go_online(phone, proxy)
    proxy.cut()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Your API token")).to_be_visible()
    works_again(lost)
    retry_storage(lost)
    expect(problem(lost)).to_contain_text("Log in again")
    expect(problem(lost).get_by_role("listitem")).to_contain_text("Start: Translation")
    assert count_actions(lost) == 0
    proxy.restore()
    log_in(lost, RAVI)
    everything_sent(lost)
    expect(problem(lost)).to_be_hidden()
    assert len(demo.worked(RAVI)) == 1
