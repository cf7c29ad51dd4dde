"""Transactions, tabs and responses that overlap: no tap is lost, or sent by another person."""

import re
import time

from playwright.sync_api import BrowserContext, Page, expect

from chalicelib.core.errors import InvalidAuthToken, RecordNotFound
from tests.end_to_end.browser.actions import (
    DASH,
    count_actions,
    editor,
    everything_sent,
    go_offline,
    go_online,
    hold_responses,
    holds,
    log_in,
    release,
    row,
    service,
    start_on,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    MEETINGS,
    RAVI,
    TRANSLATION,
    DemoServer,
)
from tests.end_to_end.browser.storage_faults import (
    fail,
    open_as_ravi,
    open_with_faults,
    problem,
    recover,
    retry_storage,
    works_again,
)
from tests.end_to_end.browser.test_pairing import make_code, open_link, see
from tests.end_to_end.browser.test_storage_refused import DELETE_DATABASE
from tests.support.tcp_proxy import TcpProxy

NO_MESSAGES = """
  // What other tabs say has not arrived yet.
  Object.defineProperty(BroadcastChannel.prototype, "onmessage", { set() {} });
"""

HOLD_TRANSACTIONS = """async () => {
  const opening = indexedDB.open("stint-pocket");
  await new Promise((resolve) => { opening.onsuccess = resolve; });
  const stores = ["acts", "notices", "facts"];
  const transaction = opening.result.transaction(stores, "readwrite");
  let isHeld = true;
  const goOn = () => {
    if (isHeld) transaction.objectStore("facts").count().onsuccess = goOn;
  };
  goOn();
  // Ends with the transactions that waited.
  window.endTransactions = () => new Promise((resolve) => {
    isHeld = false;
    opening.result.transaction(stores, "readwrite").oncomplete = () => {
      opening.result.close();
      resolve();
    };
  });
}"""


def second_tab(phone: BrowserContext, person: str, script: str = "") -> Page:
    """Open the app in another tab, which works with faults of its storage."""
    page = open_with_faults(phone, script=script)
    expect(page.get_by_role("heading", name=person)).to_be_visible()
    expect(page.locator("#services button").first).to_be_visible()
    return page


def test_tap_of_another_tab_stays_if_the_storage_fails_during_a_tap(
    phone: BrowserContext, page: Page, proxy: TcpProxy
) -> None:
    log_in(page, RAVI)
    lost = second_tab(phone, "Ravi Das", NO_MESSAGES)
    everything_sent(page)
    go_offline(phone, proxy)
    # The other tab does not read again, as it does after each attempt to send.
    phone.clock.pause_at(time.time() + 2)
    start_on(page, "Internal meetings")
    fail(lost, "after a tap, at once")
    start_on(lost, "Translation")
    # With what the other tab has stored.
    expect(row(lost, "Internal meetings")).to_be_visible()
    expect(problem(lost).get_by_role("listitem")).to_have_count(0)
    recover(lost)
    assert count_actions(lost) == 2


def test_tap_stays_visible_if_an_earlier_read_ends_later(
    phone: BrowserContext, proxy: TcpProxy
) -> None:
    page = open_as_ravi(phone)
    go_offline(phone, proxy)
    phone.clock.pause_at(time.time() + 2)
    page.evaluate(HOLD_TRANSACTIONS)
    page.evaluate("dispatchEvent(new Event('stint-change'))")
    fail(page, "transaction")
    start_on(page, "Translation")
    works_again(page)
    page.evaluate("window.endTransactions()")
    assert service(page, "Translation").get_attribute("aria-pressed") == "true"


def test_lists_are_loaded_when_the_storage_works_again(
    phone: BrowserContext, page: Page, demo: DemoServer
) -> None:
    """They are written from the memory, and another tab has stored newer ones."""
    log_in(page, RAVI)
    lost = second_tab(phone, "Ravi Das")
    everything_sent(page)
    fail(lost, "transaction")
    start_on(lost, "Translation")
    expect(lost.locator(".waiting")).to_have_count(0)
    page.reload()
    stop_it(page)
    everything_sent(page)
    # The pages poll no more.
    phone.clock.pause_at(time.time() + 2)
    works_again(lost)
    retry_storage(lost)
    expect(lost.locator("#work")).to_have_text("No timer is running")
    assert len(demo.worked(RAVI)) == 1


def test_response_to_a_tap_from_memory_removes_no_tap_of_another_tab(
    phone: BrowserContext, page: Page, demo: DemoServer
) -> None:
    """The tap is written to the storage while it is being sent. Another tab has used its order."""
    log_in(page, RAVI)
    lost = second_tab(phone, "Ravi Das")
    everything_sent(page)
    fail(lost, "transaction")
    hold_responses(lost, "POST", "/timers")
    start_on(lost, "Translation")
    holds(lost)
    start_on(page, "Internal meetings")
    recover(lost)
    assert count_actions(page) == 2
    release(lost)
    everything_sent(page)
    assert [work for work, _, _ in demo.worked(RAVI)] == [TRANSLATION, MEETINGS]
    assert demo.is_in_order()


def test_tap_that_another_tab_sends_while_its_entry_is_searched_is_no_error(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    lost = second_tab(phone, "Ravi Das")
    everything_sent(page)
    # The other tab sends the tap from its memory, and this one waits for its turn until then.
    page.evaluate(
        """() => {
          const turn = new Promise((resolve) => { window.takeTurn = resolve; });
          const request = navigator.locks.request.bind(navigator.locks);
          navigator.locks.request = (...parameters) => turn.then(() => request(...parameters));
        }"""
    )
    go_offline(phone, proxy)
    start_on(page, "Translation")
    expect(service(lost, "Translation")).to_have_attribute("aria-pressed", "true")
    hold_responses(page, "GET", "/time_entries")
    fail(lost, "transaction")
    go_online(phone, proxy)
    expect(lost.locator(".waiting")).to_have_count(0)
    start_on(page, "Internal meetings")
    page.evaluate("window.takeTurn()")
    holds(page)
    recover(lost)
    assert count_actions(page) == 1
    release(page)
    everything_sent(page)
    expect(problem(page)).to_be_hidden()
    assert [work for work, _, _ in demo.worked(RAVI)] == [TRANSLATION, MEETINGS]


def test_tap_that_waits_for_the_storage_survives_the_deletion_of_the_data(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    other = phone.new_page()
    other.goto("/app/manifest.webmanifest")
    log_in(page, RAVI)
    everything_sent(page)
    go_offline(phone, proxy)
    # The tap comes while the page reads again.
    page.evaluate(
        """() => addEventListener("stint-change", () => {
          [...document.querySelectorAll("#services button")]
            .find((button) => button.textContent.includes("Translation")).click();
        }, { once: true })"""
    )
    other.evaluate(DELETE_DATABASE)
    expect(page.get_by_label("Your API token")).to_be_visible()
    expect(problem(page).get_by_role("listitem")).to_contain_text("Start: Translation")
    go_online(phone, proxy)
    log_in(page, RAVI)
    everything_sent(page)
    assert len(demo.worked(RAVI)) == 1


def test_refusal_that_is_stored_twice_keeps_the_stop(
    phone: BrowserContext, demo: DemoServer
) -> None:
    page = open_as_ravi(phone)
    demo.gateway.next_responses = [demo.gateway.refuse(RecordNotFound())]
    hold_responses(page, "POST", "/timers")
    start_on(page, "Translation")
    holds(page)
    stop_it(page)
    fail(page, "commit with refusedKind", 1)
    release(page)
    times = rf"^Translation, \d\d:\d\d {DASH} \d\d:\d\d, was not recorded: "
    expect(page.locator("#notices li")).to_contain_text(re.compile(times))
    assert page.evaluate("window.fault.count") == 0
    everything_sent(page)


def test_moved_start_that_is_stored_twice_keeps_its_stop(
    phone: BrowserContext, proxy: TcpProxy, demo: DemoServer
) -> None:
    page = open_as_ravi(phone)
    go_offline(phone, proxy)
    started = int(time.time())
    phone.clock.set_system_time(started - 100)
    start_on(page, "Translation")
    phone.clock.set_system_time(started - 10)
    stop_it(page)
    demo.record(RAVI, MEETINGS, started - 200, started - 30)
    phone.clock.set_system_time(time.time())
    fail(page, "commit with moved", 1)
    go_online(phone, proxy)
    everything_sent(page)
    expect(page.locator("#notices")).to_be_empty()
    assert page.evaluate("window.fault.count") == 0
    _, (work, start, end) = demo.worked(RAVI)
    assert (work, start) == (TRANSLATION, started - 30)
    assert end is not None


def test_favourite_that_is_stored_twice_stays_one(phone: BrowserContext, proxy: TcpProxy) -> None:
    page = open_as_ravi(phone)
    go_offline(phone, proxy)
    fail(page, "commit with favourites", 1)
    star = page.get_by_role("button", name="Favourite: Translation")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.fault.count") == 0


def test_tap_during_a_logout_is_not_deleted_without_a_question(
    page: Page, demo: DemoServer
) -> None:
    open_link(page, f"pair={make_code(demo, RAVI)}")
    see(page, "Ravi Das")
    everything_sent(page)
    hold_responses(page, "DELETE", "/api_tokens/current")
    page.get_by_role("button", name="Log out").click()
    holds(page)
    demo.gateway.next_responses = [demo.gateway.refuse(InvalidAuthToken())]
    service(page, "Translation").click()
    expect(page.locator("#login-hint")).to_contain_text("1 tap will be sent then.")
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as question:
        release(page)
    assert question.value.message.startswith("Taps of Ravi Das that are not recorded yet: 1.")
    log_in(page, RAVI)
    everything_sent(page)
    assert len(demo.worked(RAVI)) == 1


def test_page_that_still_shows_another_person_does_not_tap_for_the_present_one(
    phone: BrowserContext, page: Page, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    old = second_tab(phone, "Ravi Das", NO_MESSAGES)
    form = second_tab(phone, "Ravi Das", NO_MESSAGES)
    form.get_by_role("button", name="Add a session").click()
    expect(editor(form)).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    log_in(page, ANA)
    everything_sent(page)
    expect(old.get_by_role("heading", name="Ravi Das")).to_be_visible()
    service(old, "Translation").click()
    for tab in (old, form):
        tab.evaluate("dispatchEvent(new Event('stint-change'))")
        expect(tab.get_by_role("heading", name="Ana Horvat")).to_be_visible()
    expect(editor(form)).to_be_hidden()
    everything_sent(page)
    assert demo.keyed_requests == []
