"""What an earlier version of the app stored is kept, and the database is opened again."""

import time
import uuid
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.browser.actions import (
    editor,
    everything_sent,
    go_offline,
    go_online,
    log_in,
    start_on,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    MEETINGS,
    RAVI,
    TRANSLATION,
    DemoServer,
    rfc3339,
)
from tests.support.clock import MINUTE
from tests.support.tcp_proxy import TcpProxy

PUT = """([store, records]) => new Promise((resolve, reject) => {
  const opening = indexedDB.open("stint-pocket");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction(store, "readwrite");
    for (const [record, key] of records) transaction.objectStore(store).put(record, key);
    transaction.oncomplete = () => { opening.result.close(); resolve(); };
    transaction.onabort = reject;
  };
})"""

RESOURCES = {
    TRANSLATION: {"id": str(TRANSLATION), "name": "Translation"},
    MEETINGS: {"id": str(MEETINGS), "name": "Internal meetings"},
}


def put(page: Page, store: str, *records: Any) -> None:
    """Store records as version 0.2.0 of the app does."""
    page.evaluate(PUT, [store, [[record] for record in records]])


def test_actions_of_an_earlier_version_are_sent(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    now = int(time.time())
    log_in(page, RAVI)
    go_offline(phone, proxy)
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    body = (
        f'{{"data":{{"type":"timers","attributes":{{"service_id":"{TRANSLATION}",'
        f'"started_at":"{rfc3339(now - 50 * MINUTE)}"}}}}}}'
    )
    request = {"method": "POST", "path": "/timers?include=time_entry.service", "body": body}
    put(
        page,
        "acts",
        # Sent without a response, and its stop.
        {
            "key": first,
            "kind": "start",
            "service": RESOURCES[TRANSLATION],
            "at": now - 50 * MINUTE,
            "request": request,
            "sent": now - 49 * MINUTE,
        },
        {"key": str(uuid.uuid4()), "kind": "stop", "start": first, "at": now - 40 * MINUTE},
        # Not sent yet.
        {
            "key": second,
            "kind": "start",
            "service": RESOURCES[MEETINGS],
            "at": now - 30 * MINUTE,
        },
        {"key": str(uuid.uuid4()), "kind": "stop", "start": second, "at": now - 20 * MINUTE},
    )
    page.reload()
    expect(page.locator("#line")).to_contain_text("4 taps will be sent later")
    go_online(phone, proxy)
    everything_sent(page)
    assert demo.worked(RAVI) == [
        (TRANSLATION, now - 50 * MINUTE, now - 40 * MINUTE),
        (MEETINGS, now - 30 * MINUTE, now - 20 * MINUTE),
    ]
    assert demo.keyed_requests[0].body.decode() == body
    assert demo.methods == ["POST", "PATCH", "POST"]
    assert demo.is_in_order()


def test_notices_of_an_earlier_version_can_be_answered(page: Page, demo: DemoServer) -> None:
    now = int(time.time())
    log_in(page, RAVI)
    start = {
        "key": "s",
        "kind": "start",
        "service": RESOURCES[TRANSLATION],
        "at": now - 50 * MINUTE,
    }
    stop = {"key": "t", "kind": "stop", "start": "s", "at": now - 40 * MINUTE}
    put(
        page,
        "notices",
        {
            "key": "s",
            "kind": "refused",
            "act": start,
            "stops": [stop],
            "words": "attribute is invalid",
            "pointer": "data/attributes/service",
            "earliest": None,
        },
    )
    page.reload()
    page.get_by_role("button", name="Choose another service").click()
    editor(page).get_by_label("Service").select_option("Internal meetings")
    editor(page).get_by_role("button", name="Save").click()
    expect(page.locator("#notices")).to_be_empty()
    everything_sent(page)
    assert demo.worked(RAVI) == [(MEETINGS, now - 50 * MINUTE, now - 40 * MINUTE)]


def test_lists_of_an_earlier_version_are_loaded_again(page: Page, demo: DemoServer) -> None:
    """Their records lack members, so a 304 would keep them without these members."""
    log_in(page, ANA)
    page.evaluate(REMOVE_FORMAT)
    page.reload()
    expect(page.locator("#work")).to_have_text("Design")
    everything_sent(page)
    start_on(page, "Development")
    everything_sent(page)
    start_on(page, "Design")
    everything_sent(page)
    # The entry of Design is known again.
    assert demo.keyed_requests[-1].attributes["time_entry_id"] == "364"


REMOVE_FORMAT = """() => new Promise((resolve) => {
  const opening = indexedDB.open("stint-pocket");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("facts", "readwrite");
    const facts = transaction.objectStore("facts");
    facts.get("running").onsuccess = ({ target }) => {
      const { format, ...list } = target.result;
      list.records = list.records.map(({ entry, ...record }) => record);
      facts.put(list, "running");
    };
    transaction.oncomplete = () => { opening.result.close(); resolve(); };
  };
})"""


def test_database_that_the_browser_closed_is_opened_again(page: Page, demo: DemoServer) -> None:
    """WebKit closes the database of a page in the background."""
    log_in(page, RAVI)
    page.evaluate(
        """() => {
          const begin = IDBDatabase.prototype.transaction;
          IDBDatabase.prototype.transaction = function (...parameters) {
            if (window.isClosing) {
              window.isClosing = false;
              this.close();
            }
            return begin.apply(this, parameters);
          };
          window.isClosing = true;
        }"""
    )
    start_on(page, "Translation")
    everything_sent(page)
    stop_it(page)
    everything_sent(page)
    ((work, _, ended),) = demo.worked(RAVI)
    assert work == TRANSLATION
    assert ended is not None
