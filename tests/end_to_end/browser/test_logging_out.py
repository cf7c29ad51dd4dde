"""Logging out deletes all stored data, and queued taps are sent only as their own person."""

from playwright.sync_api import BrowserContext, Page, expect

from chalicelib.core.errors import InvalidAuthToken
from tests.end_to_end.browser.actions import (
    everything_sent,
    go_offline,
    go_online,
    log_in,
    service,
    start_on,
)
from tests.end_to_end.browser.browser_fixtures import ANA, RAVI, TOKENS, DemoServer
from tests.support.tcp_proxy import TcpProxy

READ_ALL_STORAGE = """async () => {
  const stored = [{ ...localStorage }, { ...sessionStorage }, document.cookie];
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve) => {
      indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result);
    });
    for (const store of database.objectStoreNames) {
      const all = database.transaction(store).objectStore(store).getAll();
      await new Promise((resolve) => { all.onsuccess = resolve; });
      stored.push(all.result);
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) stored.push(request.url);
  }
  return JSON.stringify(stored);
}"""


def test_logging_out_deletes_all_stored_data(page: Page) -> None:
    log_in(page, ANA)
    stored = page.evaluate(READ_ALL_STORAGE)
    assert "demo-admin" in stored
    assert "Horvat" in stored
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Your API token")).to_be_visible()
    remaining = page.evaluate(READ_ALL_STORAGE)
    for word in ("demo-admin", "Horvat", "Adriatic", "Design", "api/v2"):
        assert word not in remaining
    page.reload()
    expect(page.get_by_label("Your API token")).to_be_empty()
    expect(page.locator("#day")).to_be_hidden()


def test_logging_out_asks_for_confirmation_when_taps_are_queued(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    start_on(page, "Translation")
    expect(page.locator("#line")).to_contain_text("1 tap")
    log_out = page.get_by_role("button", name="Log out")
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as dialog_event:
        log_out.click()
    question = "Taps of Ravi Das that are not recorded yet: 1. Delete them?"
    assert dialog_event.value.message == question
    expect(page.locator("#work")).to_have_text("Translation")
    page.once("dialog", lambda dialog: dialog.accept())
    log_out.click()
    expect(page.get_by_label("Your API token")).to_be_visible()
    go_online(phone, proxy)
    log_in(page, RAVI)
    expect(page.locator("#work")).to_have_text("No timer is running")
    assert demo.keyed_requests == []


def test_queued_taps_are_sent_only_as_their_person_after_a_revoked_token(
    page: Page, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    demo.gateway.next_responses = [demo.gateway.refuse(InvalidAuthToken())]
    service(page, "Translation").click()
    hint = page.locator("#login-hint")
    expect(hint).to_contain_text("The token of Ravi Das is no longer valid.")
    expect(hint).to_contain_text("1 tap will be sent then.")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_label("Your API token").fill(TOKENS[ANA])
    with page.expect_event("dialog"):
        page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log in")).to_be_enabled()
    expect(page.locator("#day")).to_be_hidden()
    log_in(page, RAVI)
    everything_sent(page)
    refused, recorded = demo.keyed_requests
    assert refused.key == recorded.key
    assert recorded.response.status == 201
    assert len(demo.worked(RAVI)) == 1


def test_logging_out_in_one_tab_logs_out_the_other_tab(phone: BrowserContext, page: Page) -> None:
    log_in(page, ANA)
    other = phone.new_page()
    other.goto("/app/")
    expect(other.get_by_role("heading", name="Ana Horvat")).to_be_visible()
    other.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Your API token")).to_be_visible()
