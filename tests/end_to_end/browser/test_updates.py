"""Changes of others reach the app by polling, which is rare while nothing happens."""

import time
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.browser.actions import (
    DASH,
    eventually,
    everything_sent,
    go_offline,
    go_online,
    log_in,
    start_on,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    RAVI,
    TRANSLATION,
    DemoServer,
)
from tests.end_to_end.browser.test_pure_functions import call
from tests.support.clock import MINUTE
from tests.support.tcp_proxy import TcpProxy

ASHA = "demo-other"
"""The token of the admin of Ravi's organization."""
LOOK = 20
"""Seconds between two looks for what is due."""

EXPECT_LOOK = """() => {
  window.hasLooked = false;
  addEventListener("stint-change", () => { window.hasLooked = true; }, { once: true });
}"""

SET_HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""

READ_ACCOUNT = """() => new Promise((resolve) => {
  indexedDB.open("stint-pocket").onsuccess = ({ target: { result: database } }) => {
    const reading = database.transaction("facts").objectStore("facts").get("account");
    reading.onsuccess = () => {
      database.close();
      resolve(reading.result);
    };
  };
})"""


def pass_minutes(page: Page, minutes: int) -> None:
    """Let time pass for the page, one look after the other."""
    for _ in range(minutes * MINUTE // LOOK):
        page.evaluate(EXPECT_LOOK)
        page.clock.fast_forward(LOOK * 1000)
        assert eventually(lambda: page.evaluate("window.hasLooked"), page)


def reads(demo: DemoServer) -> list[str]:
    """Return the paths of the API's GET requests since the last call.

    The service worker loads the page's files at any time after the start.
    """
    requests, demo.gateway.requests = demo.gateway.requests, []
    targets = [request.target for request in requests if request.method == "GET"]
    return [target for target in targets if target.startswith("/api/")]


def change(demo: DemoServer, path: str, token: str = "", **attributes: Any) -> None:
    """Change a record of Ravi's organization from another device."""
    demo.send(RAVI, "PATCH", path, {"data": {"attributes": attributes}}, token=token)


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
    polls = [one for one in demo.gateway.requests if one.target.startswith("/api/")]
    assert {request.response.status for request in polls} == {304}
    paths = {request.target.split("?")[0] for request in polls}
    assert paths == {"/api/v2/organization_memberships", "/api/v2/timers", "/api/v2/services"}


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


def test_changes_of_the_organization_and_the_person_arrive(page: Page, demo: DemoServer) -> None:
    begun = int(time.time()) // MINUTE * MINUTE - 30 * MINUTE
    demo.record(RAVI, TRANSLATION, begun, begun + 20 * MINUTE)
    log_in(page, RAVI)
    before = page.evaluate(READ_ACCOUNT)
    session = page.locator("ol li").first
    expect(session).to_contain_text(shown_times(page, begun, "Asia/Kolkata"))
    change(demo, "/organizations/2150", ASHA, name="Bengal Works Ltd", time_zone="Asia/Tokyo")
    change(demo, "/people/8788", ASHA, first_name="Ravindra", role="admin")
    pass_minutes(page, 6)
    expect(page.locator("#company")).to_have_text("Bengal Works Ltd")
    expect(page.locator("#person")).to_have_text("Ravindra Das")
    expect(session).to_contain_text(shown_times(page, begun, "Asia/Tokyo"))
    change(demo, "/people/8788", time_zone="Europe/Zagreb")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(session).to_contain_text(shown_times(page, begun, "Europe/Zagreb"))
    after = page.evaluate(READ_ACCOUNT)
    assert (before["role"], after["role"]) == ("member", "admin")
    for name in ("login", "token", "base"):
        assert after[name] == before[name]


def shown_times(page: Page, begun: int, zone: str) -> str:
    """Return the times of a session of 20 minutes, as the page shows them in a time zone."""
    clock = "../shared/clock.js"
    times = [call(page, clock, "timeOfDay", begun + length, zone) for length in (0, 20 * MINUTE)]
    return f" {DASH} ".join(times)


def test_queued_tap_keeps_its_time_in_another_time_zone(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    tapped = int(time.time())
    start_on(page, "Translation")
    change(demo, "/organizations/2150", ASHA, time_zone="Asia/Tokyo")
    go_online(phone, proxy)
    everything_sent(page)
    expect(page.locator("#since")).to_contain_text(
        call(page, "../shared/clock.js", "timeOfDay", tapped, "Asia/Tokyo")[:3]
    )
    ((_, start, _),) = demo.worked(RAVI)
    assert abs(start - tapped) <= 3
    assert page.evaluate(READ_ACCOUNT)["organization"]["zone"] == "Asia/Tokyo"


def test_stage_without_live_updates_is_asked_once_in_hours(page: Page, demo: DemoServer) -> None:
    def answers() -> list[int]:
        """Return the status of each request for a ticket."""
        return [
            request.response.status
            for request in demo.gateway.requests
            if request.target == "/api/v2/live_tickets"
        ]

    log_in(page, RAVI)
    everything_sent(page)
    assert eventually(lambda: answers() == [404], page)
    pass_minutes(page, 10)
    page.evaluate("dispatchEvent(new Event('online'))")
    page.reload()
    expect(page.locator("#services button").first).to_be_visible()
    pass_minutes(page, 1)
    assert answers() == [404]
    page.clock.fast_forward(7 * 60 * MINUTE * 1000)
    assert eventually(lambda: answers() == [404, 404], page)
