"""Shortcuts, the keyboard focus, messages for screen readers, and the tab's title."""

import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.browser.actions import (
    editor,
    everything_sent,
    go_offline,
    go_online,
    log_in,
    row,
    show_day,
    start_on,
    stop,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    RAVI,
    TRANSLATION,
    DemoServer,
    start_beyond_the_limit,
)
from tests.end_to_end.browser.test_app import violations
from tests.end_to_end.browser.test_layout import HEBREW
from tests.end_to_end.browser.test_pure_functions import call, session
from tests.support.clock import DAY, MINUTE
from tests.support.tcp_proxy import TcpProxy


def said(page: Page, text: str) -> None:
    """Wait for a status message of a screen reader."""
    expect(page.locator("#said")).to_have_text(text)


def test_shortcuts_start_stop_search_and_add(page: Page, demo: DemoServer) -> None:
    log_in(page, RAVI)
    page.keyboard.press("2")
    expect(page.locator("#work")).to_have_text("Translation")
    everything_sent(page)
    page.keyboard.press("s")
    expect(page.locator("#work")).to_have_text("No timer is running")
    page.keyboard.press("n")
    expect(editor(page)).to_be_visible()
    editor(page).get_by_role("button", name="Cancel").focus()
    # A dialog is open.
    page.keyboard.press("1")
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    expect(editor(page)).to_be_hidden()
    for key in ("Control+1", "Alt+1", "Meta+1"):
        page.keyboard.press(key)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys.get_by_role("listitem")).to_have_count(5)
    keys.get_by_role("button", name="Close").click()
    everything_sent(page)
    assert [request.method for request in demo.keyed_requests] == ["POST", "PATCH"]


def test_shortcuts_can_be_switched_off(page: Page, demo: DemoServer) -> None:
    log_in(page, RAVI)
    page.keyboard.press("?")
    page.get_by_role("checkbox", name="Use these keys").uncheck()
    expect(page.locator("#shortcuts-state")).to_have_text("The keys are off.")
    assert violations(page) == []
    page.reload()
    expect(page.locator("#services .start")).to_have_count(2)
    for key in "1?n":
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("checkbox", name="Use these keys").check()
    expect(page.locator("#shortcuts-state")).to_be_empty()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("1")
    expect(page.locator("#work")).to_have_text("Internal meetings")
    everything_sent(page)
    assert len(demo.keyed_requests) == 1


def test_keys_are_typed_into_the_search(page: Page, demo: DemoServer) -> None:
    for number in range(1, 9):
        attributes = {"name": f"Work {number}"}
        demo.send(ANA, "POST", "/services", {"data": {"attributes": attributes}})
    log_in(page, ANA)
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("work 1sn?/")
    expect(page.get_by_label("Search")).to_have_value("work 1sn?/")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert demo.keyed_requests == []


@pytest.mark.parametrize("change", ["repeat", "isComposing", "ctrlKey", "altKey", "metaKey"])
def test_key_is_no_shortcut(page: Page, change: str) -> None:
    assert call(page, "shortcuts.js", "actionOf", {"key": "s"}, False) == {"name": "stop"}
    assert call(page, "shortcuts.js", "actionOf", {"key": "s", change: True}, False) is None
    assert call(page, "shortcuts.js", "actionOf", {"key": "s"}, True) is None


def test_stop_keeps_the_focus_and_says_the_worked_time(page: Page) -> None:
    log_in(page, ANA)
    stop(page).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#work")).to_have_text("No timer is running")
    said(page, "Design was stopped after 30 min.")
    expect(page.get_by_role("heading", name="Now")).to_be_focused()
    everything_sent(page)
    expect(page.get_by_role("heading", name="Now")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#services .start").first).to_be_focused()


def test_stop_on_another_device_is_said(page: Page, demo: DemoServer) -> None:
    log_in(page, ANA)
    demo.send(ANA, "PATCH", "/timers/10/stop")
    page.evaluate("dispatchEvent(new Event('online'))")
    said(page, "Design was stopped after 30 min.")


def test_deleted_row_gives_the_focus_to_its_neighbour(page: Page, demo: DemoServer) -> None:
    now = int(time.time())
    demo.record(RAVI, TRANSLATION, now - 40 * MINUTE, now - 30 * MINUTE)
    demo.record(RAVI, TRANSLATION, now - 20 * MINUTE, now - 10 * MINUTE)
    log_in(page, RAVI)
    changes = page.locator("ol").get_by_role("button", name="Change Translation")
    expect(changes).to_have_count(2)
    changes.first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(changes.first).to_be_focused()
    for remaining in (1, 0):
        changes.first.focus()
        page.keyboard.press("Enter")
        page.once("dialog", lambda dialog: dialog.accept())
        editor(page).get_by_role("button", name="Delete").click()
        expect(changes).to_have_count(remaining)
        said(page, "The session was deleted.")
        if remaining:
            expect(changes).to_be_focused()
    everything_sent(page)
    assert page.evaluate("document.activeElement.matches('h1, h2')")


def test_dialog_returns_the_focus_although_its_row_moved(page: Page, demo: DemoServer) -> None:
    now = int(time.time())
    demo.record(RAVI, TRANSLATION, now - 40 * MINUTE, now - 30 * MINUTE)
    log_in(page, RAVI)
    change = row(page, "Translation").get_by_role("button", name="Change")
    change.focus()
    page.keyboard.press("Enter")
    demo.start(RAVI, TRANSLATION + 1, now - 5 * MINUTE)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("ol li")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(change).to_be_focused()


def test_dismissed_notice_keeps_the_focus_on_the_page(page: Page, demo: DemoServer) -> None:
    start_beyond_the_limit(demo)
    log_in(page, RAVI)
    page.get_by_role("button", name="It ended then").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#notices")).to_be_empty()
    expect(page.get_by_role("heading", name="Ravi Das")).to_be_focused()


def test_title_shows_the_running_time(phone: BrowserContext, page: Page) -> None:
    expect(page).to_have_title("stint")
    log_in(page, ANA)
    expect(page).to_have_title("0:30 Design")
    icon = page.locator("link[rel=icon]")
    assert "icon-running.svg" in (icon.get_attribute("href") or "")
    # The computer slept: no timer ran meanwhile.
    phone.clock.set_system_time(time.time() + 35 * MINUTE)
    expect(page).to_have_title("1:05 Design")
    phone.clock.set_system_time(time.time())
    stop_it(page)
    expect(page).to_have_title("stint")
    assert "icon-running.svg" not in (icon.get_attribute("href") or "")
    start_on(page, "Development")
    expect(page).to_have_title("0:00 Development")
    everything_sent(page)
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_title("stint")


def test_title_isolates_a_name_that_is_written_from_right_to_left(page: Page) -> None:
    running = session(100, None) | {"service": {"id": "1", "name": HEBREW}}
    title = call(page, "title.js", "titleOf", running, 100 + 65 * MINUTE)
    assert title == f"1:05 \u2068{HEBREW}\u2069"
    running["service"]["name"] = "\u2069 left \u202eright"
    title = call(page, "title.js", "titleOf", running, 100)
    assert title == "0:00 \u2068 left \u202eright\u2069"


def test_address_of_the_icon_opens_the_form(page: Page) -> None:
    log_in(page, RAVI)
    for _ in range(2):
        page.goto("/app/#add")
        expect(editor(page)).to_be_visible()
        assert page.url.endswith("/app/")
        # The second time, the page is loaded with this address.
        page.goto("about:blank")


def test_nothing_adds_a_session_on_a_day_that_takes_none(page: Page) -> None:
    log_in(page, RAVI)
    show_day(page, RAVI, int(time.time()) + 2 * DAY)
    expect(page.locator("#add")).to_be_hidden()
    # Out of the field of the date, which would take the key.
    page.get_by_role("button", name="Next week").focus()
    page.keyboard.press("n")
    # The key that follows opens its dialog only if no other is open.
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    expect(page.locator("#editor")).to_be_hidden()


def test_buttons_that_disappear_pass_the_focus_to_the_heading(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, ANA)
    page.get_by_role("button", name="Add a note").focus()
    demo.send(ANA, "PATCH", "/timers/10/stop")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#work")).to_have_text("No timer is running")
    expect(page.get_by_role("heading", name="Now")).to_be_focused()
    go_offline(phone, proxy)
    start_on(page, "Design")
    retry = page.get_by_role("button", name="Try now")
    expect(retry).to_be_visible()
    retry.focus()
    go_online(phone, proxy)
    page.keyboard.press("Enter")
    everything_sent(page)
    expect(retry).to_be_hidden()
    expect(page.get_by_role("heading", name="Ana")).to_be_focused()
