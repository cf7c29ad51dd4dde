"""Changes of others reach the app by polling, which is rare while nothing happens."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.browser.actions import (
    everything_sent,
    log_in,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    DemoServer,
)
from tests.support.clock import MINUTE

LOOK = 20
"""Seconds between two looks for what is due."""

# Later, `window.looked` is the end of the next run.
EXPECT_LOOK = """() => {
  window.looked = new Promise((resolve) => {
    addEventListener("stint-change", () => resolve(), { once: true });
  });
}"""

SET_HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""


def pass_minutes(page: Page, minutes: int) -> None:
    """Let time pass for the page, one look after the other."""
    for _ in range(minutes * MINUTE // LOOK):
        page.evaluate(EXPECT_LOOK)
        page.clock.fast_forward(LOOK * 1000)
        page.evaluate("() => window.looked")


def reads(demo: DemoServer) -> list[str]:
    """Return the paths of the GET requests since the last call."""
    requests, demo.gateway.requests = demo.gateway.requests, []
    return [request.target for request in requests if request.method == "GET"]


def test_polls_become_rare_while_nothing_happens(page: Page, demo: DemoServer) -> None:
    log_in(page, ANA)
    everything_sent(page)
    reads(demo)
    pass_minutes(page, 5)
    first = reads(demo)
    assert len([path for path in first if path.endswith("stopped_at%5D=")]) >= 8
    pass_minutes(page, 25)
    reads(demo)
    pass_minutes(page, 30)
    later = reads(demo)
    # Before, these were 180 requests: three each 30 seconds.
    assert 10 <= len(later) <= 25
    assert demo.gateway.requests == []
    demo.send(ANA, "PATCH", "/timers/10/stop")
    pass_minutes(page, 6)
    expect(page.locator("#work")).to_have_text("No timer is running")
    reads(demo)
    # After a change, the next one may be near.
    pass_minutes(page, 1)
    assert len(reads(demo)) >= 2


def test_unchanged_lists_cost_no_content(page: Page, demo: DemoServer) -> None:
    log_in(page, ANA)
    everything_sent(page)
    demo.gateway.requests.clear()
    pass_minutes(page, 20)
    polls = [request for request in demo.gateway.requests if request.method == "GET"]
    assert {request.response.status for request in polls} == {304}
    paths = {request.target.split("?")[0] for request in polls}
    assert paths == {"/api/v2/timers", "/api/v2/services"}


def test_page_in_the_background_sends_nothing(page: Page, demo: DemoServer) -> None:
    log_in(page, ANA)
    everything_sent(page)
    page.evaluate(SET_HIDDEN, True)
    reads(demo)
    pass_minutes(page, 10)
    assert reads(demo) == []
    demo.send(ANA, "PATCH", "/timers/10/stop")
    page.evaluate(SET_HIDDEN, False)
    expect(page.locator("#work")).to_have_text("No timer is running")


def test_only_the_tab_that_was_looked_at_last_polls(
    phone: BrowserContext, page: Page, demo: DemoServer
) -> None:
    log_in(page, ANA)
    other = phone.new_page()
    other.goto("/app/")
    expect(other.locator("#work")).to_have_text("Design")
    everything_sent(other)
    requests: list[Page] = []
    phone.on("request", lambda request: requests.append(request.frame.page))
    pass_minutes(other, 2)
    assert set(requests) == {other}
    # The other tab ends, and the first one leads again.
    other.close()
    demo.send(ANA, "PATCH", "/timers/10/stop")
    pass_minutes(page, 2)
    expect(page.locator("#work")).to_have_text("No timer is running")
