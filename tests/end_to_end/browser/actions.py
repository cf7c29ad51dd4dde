"""User actions in the app, and reading what it shows."""

import re
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.end_to_end.browser.browser_fixtures import TOKENS, zone_of
from tests.support.tcp_proxy import TcpProxy

DASH = "\N{EN DASH}"
_TIMEOUT_SECONDS = 15

_COUNT_ACTIONS = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("stint-pocket");
  opening.onerror = reject;
  opening.onsuccess = () => {
    const counting = opening.result.transaction("acts").objectStore("acts").count();
    counting.onsuccess = () => {
      opening.result.close();
      resolve(counting.result);
    };
  };
})"""


# Also if the service worker cannot store the page, for example on a full disk.
_IS_INSTALLED = """async () => {
  const registration = await navigator.serviceWorker?.getRegistration();
  return !registration || Boolean(registration.active);
}"""


_HOLD_RESPONSES = """([method, path]) => {
  const { fetch } = window;
  const released = new Promise((resolve) => { window.release = resolve; });
  window.isHolding = false;
  window.fetch = async (url, options) => {
    const response = await fetch(url, options);
    if (options?.method === method && new URL(url).pathname.endsWith(path)) {
      window.isHolding = true;
      await released;
    }
    return response;
  };
}"""


def log_in(page: Page, person_id: int) -> None:
    page.get_by_label("Your API token").fill(TOKENS[person_id])
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#day")).to_be_visible()
    # The services appear last, after all other requests.
    expect(page.locator("#services button").first).to_be_visible()


def service(page: Page, name: str) -> Locator:
    return page.locator("#services").get_by_role("button", name=name, exact=True)


def stop(page: Page) -> Locator:
    return page.get_by_role("button", name="Stop", exact=True)


def start_on(page: Page, name: str) -> None:
    """Tap a service, and wait until the app shows it. Then the tap is stored."""
    service(page, name).click()
    expect(service(page, name)).to_have_attribute("aria-pressed", "true")


def stop_it(page: Page) -> None:
    stop(page).click()
    expect(page.locator("#work")).to_have_text("No timer is running")


def clock_of(page: Page) -> int:
    """Return the time on the live clock, in seconds."""
    hours, minutes, seconds = map(int, page.locator("#clock").inner_text().split(":"))
    return hours * 3600 + minutes * 60 + seconds


def minutes_of(text: str) -> int:
    """Parse a text such as "1 h 05 min" and return the minutes."""
    match_ = re.fullmatch(r"(?:(\d+) h )?(\d+) min", text)
    assert match_, text
    return int(match_[1] or 0) * 60 + int(match_[2])


def show_day(page: Page, person_id: int, timestamp: int) -> None:
    """Open the day of a Unix timestamp, in the person's time zone."""
    date = form_time(person_id, timestamp)[:10]
    page.locator("#shown-date").fill(date)
    expect(page.locator("#days button[aria-pressed=true]")).to_have_attribute("data-key", date)


def row(page: Page, name: str) -> Locator:
    """The session of a service, on the shown day."""
    return page.locator("ol li").filter(has_text=name)


def editor(page: Page) -> Locator:
    """The form that adds, changes and deletes a session."""
    return page.get_by_role("dialog")


def edit(page: Page, name: str) -> Locator:
    """Open the form of a session."""
    row(page, name).get_by_role("button", name="Change").click()
    expect(editor(page).get_by_role("heading")).to_have_text("Change the session")
    return editor(page)


def save(page: Page) -> None:
    editor(page).get_by_role("button", name="Save").click()
    expect(editor(page)).to_be_hidden()


def form_time(person_id: int, timestamp: int) -> str:
    """Format a Unix timestamp as the form does: to the minute, in the person's time zone."""
    return datetime.fromtimestamp(timestamp, zone_of(person_id)).strftime("%Y-%m-%dT%H:%M")


def weekday(person_id: int, timestamp: int) -> str:
    """Return the short name of a day, such as "Mon", in the person's time zone."""
    return datetime.fromtimestamp(timestamp, zone_of(person_id)).strftime("%a")


def go_offline(phone: BrowserContext, proxy: TcpProxy) -> None:
    """Cut the network; the browser also knows that it is offline. Its pages are stored before."""
    for page in phone.pages:
        assert eventually(partial(page.evaluate, _IS_INSTALLED), page)
    proxy.cut()
    phone.set_offline(True)


def go_online(phone: BrowserContext, proxy: TcpProxy) -> None:
    proxy.restore()
    phone.set_offline(False)


def count_actions(page: Page) -> int:
    """Return how many actions are queued in IndexedDB."""
    count: int = page.evaluate(_COUNT_ACTIONS)
    return count


def everything_sent(page: Page) -> None:
    """Wait until no tap is queued, and the page shows that."""
    assert eventually(lambda: count_actions(page) == 0, page)
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator("#line")).to_be_empty()


def eventually(condition: Callable[[], bool], page: Page) -> bool:
    """Wait until the condition is true; return False on timeout. The page continues to run."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        page.wait_for_timeout(20)
    return True


def hold_responses(page: Page, method: str, path: str) -> None:
    """Let the responses of some requests arrive only at :func:`release`."""
    page.evaluate(_HOLD_RESPONSES, [method, path])


def holds(page: Page) -> None:
    """Wait until such a response is there."""
    assert eventually(lambda: bool(page.evaluate("window.isHolding")), page)


def release(page: Page) -> None:
    page.evaluate("window.release()")
