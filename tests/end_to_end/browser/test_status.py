"""What the page says before it knows anything, without a connection, and in another time zone."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from chalicelib.core.errors import RateLimited, ServerError, StintError, Unavailable
from tests.end_to_end.browser.actions import eventually, everything_sent, log_in, service, start_on
from tests.end_to_end.browser.browser_fixtures import ANA, RAVI, TOKENS, TRANSLATION, DemoServer
from tests.end_to_end.browser.test_pure_functions import call
from tests.support.clock import HOUR, MINUTE
from tests.support.tcp_proxy import TcpProxy

MARCH = 1_772_445_600
"""2 March 2026, when Europe and the United States have the times of winter."""


def test_page_says_that_it_loads_and_that_loading_failed(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    for path in ("services", "timers"):
        page.route(f"**/api/v2/{path}*", hold)
    page.get_by_label("Your API token").fill(TOKENS[ANA])
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#work")).to_have_text("Loading ...")
    expect(page.locator("#no-services")).to_have_text("Loading ...")
    expect(page.locator("#day")).not_to_contain_text("No timer is running")
    expect(page.locator("#total")).to_be_empty()
    page.unroute("**/api/v2/services*")
    page.route("**/api/v2/services*", lambda route: route.abort())
    assert eventually(lambda: bool(held), page)
    held[0].abort()
    expect(page.locator("#work")).to_have_text("Not loaded yet")
    expect(page.locator("#line")).to_contain_text("No connection.")
    page.unroute_all()
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#work")).to_have_text("Design")
    expect(page.locator("#no-services")).to_be_empty()
    expect(page.locator("#line")).to_be_empty()
    expect(page.locator("#retry")).to_be_hidden()


def test_organization_without_services_is_explained(page: Page, demo: DemoServer) -> None:
    for resource in demo.send(ANA, "GET", "/services")["data"]:
        demo.send(ANA, "PATCH", f"/services/{resource['id']}/archive")
    page.get_by_label("Your API token").fill(TOKENS[ANA])
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#no-services")).to_contain_text("There are no services yet.")
    page.get_by_role("link", name="Admin page").click()
    expect(page).to_have_url(re.compile(r"/admin/$"))


def test_status_says_what_waits_since_when_and_when_the_next_try_is(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    # The browser does not know that it is offline, so it does not announce that it is online again.
    proxy.cut()
    start_on(page, "Translation")
    line, retry = page.locator("#line"), page.locator("#retry")
    expect(line).to_have_text(
        re.compile(
            r"^No connection\. 1 tap will be sent later, waiting since (.*, )?\d\d:\d\d\. "
            r"The page shows the state of (.*, )?\d\d:\d\d\.$"
        )
    )
    expect(retry).to_contain_text(re.compile(r"Next try in \d+ seconds?\."))
    try_now = retry.get_by_role("button", name="Try now")
    expect(try_now).to_be_visible()
    # Time stands still, so only the person can cause the next try.
    phone.clock.pause_at(time.time() + HOUR)
    expect(try_now).to_be_visible()
    proxy.restore()
    try_now.click()
    everything_sent(page)
    expect(retry).to_be_hidden()
    assert [work for work, _, _ in demo.worked(RAVI)] == [TRANSLATION]


@pytest.mark.parametrize(
    ("error", "words", "seconds"),
    [
        (RateLimited(retry_after=20), "The server is busy.", "(20|1\\d) seconds"),
        (Unavailable(retry_after=90), "The server is busy.", "(90|8\\d) seconds"),
        (ServerError(), "The server has a problem.", "1 second"),
    ],
)
def test_pause_that_the_server_requests_is_said(
    page: Page, demo: DemoServer, error: StintError, words: str, seconds: str
) -> None:
    log_in(page, RAVI)
    demo.gateway.next_responses = [demo.gateway.refuse(error)] * 9
    start_on(page, "Translation")
    expect(page.locator("#line")).to_contain_text(f"{words} 1 tap will be sent later, ")
    expect(page.locator("#retry")).to_contain_text(re.compile(f"Next try in {seconds}"))
    can_try = page.get_by_role("button", name="Try now")
    expect(can_try).to_be_hidden() if error.retry_after else expect(can_try).to_be_visible()


def test_login_says_when_the_server_is_busy(page: Page, demo: DemoServer) -> None:
    refusal = demo.gateway.refuse(RateLimited(retry_after=20))
    page.route(
        "**/organization_memberships*",
        lambda route: route.fulfill(
            status=refusal.status, headers=dict(refusal.headers), body=refusal.body
        ),
    )
    page.get_by_label("Your API token").fill(TOKENS[ANA])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("The server is busy. Try again in 20 seconds.")


def test_differences_to_the_device_are_in_words(page: Page) -> None:
    def text(zone: str, device_zone: str, offset: int = 0) -> Any:
        return call(page, "device.js", "differenceText", zone, offset, MARCH, device_zone)

    assert text("Europe/Zagreb", "Europe/Berlin") == ""
    ahead = "Times are in Europe/Zagreb, 1 hour ahead of this device."
    assert text("Europe/Zagreb", "Europe/London") == ahead
    behind = "Times are in America/New_York, 10 hours, 30 minutes behind this device."
    assert text("America/New_York", "Asia/Kolkata") == behind
    slow = "The clock of this device is 10 minutes slow. Times are by the server's clock."
    assert text("Europe/Zagreb", "Europe/Zagreb", 10 * MINUTE) == slow
    fast = "The clock of this device is 1 day, 1 hour fast. Times are by the server's clock."
    assert text("Europe/Zagreb", "Europe/Zagreb", -25 * HOUR) == fast
    assert text("Europe/Zagreb", "Europe/Zagreb", 59) == ""


@pytest.fixture
def traveller(browser: Browser, proxy: TcpProxy) -> Iterator[BrowserContext]:
    """A phone in Tokyo, which has no summer time. It is always ahead of Zagreb."""
    context = browser.new_context(timezone_id="Asia/Tokyo", base_url=proxy.url)
    context.clock.install(time=time.time())
    yield context
    context.close()


def test_page_says_that_its_times_are_of_another_zone_and_clock(traveller: BrowserContext) -> None:
    traveller.clock.set_system_time(time.time() + 10 * MINUTE)
    page = traveller.new_page()
    page.goto("/app/")
    log_in(page, ANA)
    expect(page.locator("#differences")).to_contain_text(
        re.compile(r"^Times are in Europe/Zagreb, [78] hours behind this device\. ")
    )
    differences = page.locator("#differences")
    expect(differences).to_contain_text("The clock of this device is 10 minutes fast.")
    expect(service(page, "Design")).to_be_visible()
