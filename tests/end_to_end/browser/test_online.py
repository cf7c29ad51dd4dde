"""The app with a working network."""

import json
import time
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.end_to_end.browser.actions import (
    clock_of,
    eventually,
    everything_sent,
    log_in,
    minutes_of,
    service,
    start_on,
    stop,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    DESIGN,
    DEVELOPMENT,
    RAVI,
    TRANSLATION,
    DemoServer,
)


def test_new_user_starts_a_timer_with_two_taps(page: Page, demo: DemoServer) -> None:
    page.get_by_role("button", name="Try the demo").click()
    expect(page.get_by_role("heading", name="Ana Horvat")).to_be_visible()
    expect(page.locator("#work")).to_have_text("Design")
    before = int(time.time())
    start_on(page, "Development")
    expect(page.locator("#work")).to_have_text("Development")
    expect(service(page, "Development")).to_have_attribute("aria-pressed", "true")
    expect(service(page, "Design")).to_have_attribute("aria-pressed", "false")
    everything_sent(page)
    *_, (stopped_service, _, ended), (started_service, start, end) = demo.worked(ANA)
    assert (stopped_service, started_service, end) == (DESIGN, DEVELOPMENT, None)
    assert ended == start
    assert before - 1 <= start <= time.time() + 1
    assert demo.is_in_order()


def test_live_clock_runs_and_the_total_of_the_day_is_correct(page: Page, demo: DemoServer) -> None:
    log_in(page, ANA)
    began = clock_of(page)
    assert 30 * 60 <= began < 31 * 60
    assert eventually(lambda: clock_of(page) >= began + 2, page)
    stop_it(page)
    expect(page.locator("#work")).to_have_text("No timer is running")
    expect(stop(page)).to_be_disabled()
    everything_sent(page)
    _, (_, start, end) = demo.worked(ANA)
    assert end is not None
    assert abs(end - start - _clock_at_stop(began)) <= 3
    now = int(time.time())
    total = minutes_of(page.locator("#total").inner_text())
    assert total == (demo.total_today(ANA, now) + 30) // 60
    assert demo.is_in_order()


def _clock_at_stop(began: int) -> int:
    # The test waited until the clock advanced by two seconds.
    return began + 2


def test_changes_from_another_device_are_shown(page: Page, demo: DemoServer) -> None:
    log_in(page, ANA)
    demo.send(ANA, "PATCH", "/timers/10/stop")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#work")).to_have_text("No timer is running")


def test_unchanged_lists_are_answered_with_304(page: Page, demo: DemoServer) -> None:
    log_in(page, ANA)
    assert eventually(lambda: demo.statuses_of("/timers") == [200, 200], page)
    page.evaluate("dispatchEvent(new Event('online'))")
    assert eventually(lambda: demo.statuses_of("/services") == [200, 304], page)
    assert eventually(lambda: demo.statuses_of("/timers") == [200, 200, 304, 304], page)
    expect(page.locator("#work")).to_have_text("Design")
    expect(page.locator("#services .start")).to_have_count(2)


@pytest.mark.parametrize("clock_error", [-600, 600])
def test_recorded_times_use_the_clock_of_the_server(
    phone: BrowserContext, page: Page, demo: DemoServer, clock_error: int
) -> None:
    phone.clock.set_system_time(time.time() + clock_error)
    log_in(page, RAVI)
    before = time.time()
    start_on(page, "Translation")
    everything_sent(page)
    ((_, start, _),) = demo.worked(RAVI)
    assert before - 2 <= start <= time.time() + 2
    assert clock_of(page) < 60


def test_second_tap_sends_no_second_request(page: Page, demo: DemoServer) -> None:
    log_in(page, RAVI)
    service(page, "Translation").dblclick()
    expect(page.locator("#work")).to_have_text("Translation")
    everything_sent(page)
    assert [request.method for request in demo.keyed_requests] == ["POST"]
    # Two taps at once, before the page shows the first one.
    page.evaluate("for (const _ of [1, 2]) document.getElementById('stop').click()")
    expect(page.locator("#work")).to_have_text("No timer is running")
    everything_sent(page)
    assert [request.method for request in demo.keyed_requests] == ["POST", "PATCH"]
    ((work, _, end),) = demo.worked(RAVI)
    assert work == TRANSLATION
    assert end is not None


def test_notice_is_shown_when_the_timer_was_already_stopped(page: Page, demo: DemoServer) -> None:
    log_in(page, ANA)
    earlier = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 600))
    stopped = {"data": {"type": "timers", "attributes": {"stopped_at": earlier}}}
    demo.send(ANA, "PATCH", "/timers/10/stop", stopped)
    stop_it(page)
    expect(page.get_by_text("Design was already stopped at")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#notices")).to_be_empty()


def test_unknown_token_shows_an_error(page: Page) -> None:
    page.get_by_label("Your API token").fill("nobodys")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("This token is not valid.")
    expect(page.locator("#day")).to_be_hidden()


def test_person_in_several_organizations_chooses_one(page: Page, demo: DemoServer) -> None:
    # A stint token belongs to one organization. A Productive token may belong to several.
    def add_second_membership(route: Route) -> None:
        document: dict[str, Any] = json.loads(route.fetch().text())
        other = demo.send(RAVI, "GET", "/organization_memberships?include=organization,person")
        document["data"] += other["data"]
        document["included"] += other["included"]
        route.fulfill(json=document, content_type="application/vnd.api+json")

    page.route("**/organization_memberships*", add_second_membership)
    page.get_by_label("Your API token").fill("demo-admin")
    page.get_by_role("button", name="Log in").click()
    choice = page.get_by_label("Organization")
    expect(choice).to_be_focused()
    assert choice.locator("option").all_inner_texts() == ["Adriatic Studio", "Bengal Works"]
    choice.select_option("Adriatic Studio")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#company")).to_have_text("Adriatic Studio")


def test_demo_button_is_shown_only_on_localhost(phone: BrowserContext, page: Page) -> None:
    expect(page.get_by_role("button", name="Try the demo")).to_be_visible()
    local_url = page.url
    remote_page = phone.new_page()
    # Serve the local pages under another host name.
    remote_page.route(
        "https://stint.example/**",
        lambda route: route.fulfill(
            response=route.fetch(url=local_url + route.request.url.split("/app/", 1)[1])
        ),
    )
    remote_page.goto("https://stint.example/app/")
    expect(remote_page.get_by_role("button", name="Log in")).to_be_visible()
    expect(remote_page.get_by_role("button", name="Try the demo")).to_be_hidden()
