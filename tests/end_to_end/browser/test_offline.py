"""Offline use, lost responses and errors of the server: each tap is recorded exactly once."""

import re
import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from chalicelib.core.errors import Conflict, RateLimited, StintError, Unavailable
from tests.end_to_end.browser.actions import (
    DASH,
    eventually,
    everything_sent,
    go_offline,
    go_online,
    log_in,
    minutes_of,
    service,
    start_on,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import ANA, MEETINGS, RAVI, TRANSLATION, DemoServer
from tests.support.clock import MINUTE
from tests.support.tcp_proxy import TcpProxy
from tools.devserver.gateway import Response


@pytest.fixture
def started(phone: BrowserContext) -> int:
    """The current time (Unix seconds), which is also set as the time of the phone."""
    now = int(time.time())
    phone.clock.set_system_time(now)
    return now


def test_offline_taps_are_recorded_with_their_times(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, started: int
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    page.reload()
    expect(page.get_by_role("heading", name="Ravi Das")).to_be_visible()
    # Set the clock back, so that the taps are in the past when they arrive at the server.
    phone.clock.set_system_time(started - 50 * MINUTE)
    start_on(page, "Translation")
    expect(page.locator("#work")).to_have_text("Translation")
    expect(page.locator("#line")).to_contain_text("1 tap will be sent later")
    phone.clock.set_system_time(started - 30 * MINUTE)
    start_on(page, "Internal meetings")
    expect(page.locator("#work")).to_have_text("Internal meetings")
    phone.clock.set_system_time(started - 5 * MINUTE)
    stop_it(page)
    expect(page.locator("#line")).to_contain_text("3 taps will be sent later")
    page.reload()
    sessions = [(started - 50 * MINUTE, 20), (started - 30 * MINUTE, 25)]
    # If the test runs around midnight in Kolkata, only a part of the sessions is today.
    midnight = demo.midnight(RAVI, started - 5 * MINUTE)
    parts = [
        (start + minutes * MINUTE - max(start, midnight)) / MINUTE for start, minutes in sessions
    ]
    today = [part for part in parts if part > 0]
    expect(page.locator("#sessions .waiting")).to_have_count(len(today))
    shown = minutes_of(page.locator("#total").inner_text())
    assert sum(today) - 1 <= shown <= sum(today) + 1
    assert demo.keyed_requests == []
    phone.clock.set_system_time(time.time())
    go_online(phone, proxy)
    everything_sent(page)
    (first, begun, switched), (second, begun_again, ended) = demo.worked(RAVI)
    assert (first, second) == (TRANSLATION, MEETINGS)
    assert switched == begun_again
    expected = [started - 50 * MINUTE, started - 30 * MINUTE, started - 5 * MINUTE]
    for recorded, tapped in zip((begun, switched, ended), expected, strict=True):
        assert recorded is not None
        # The clock continues to run until the tap.
        assert tapped - 1 <= recorded <= tapped + 20
    assert demo.methods == ["POST", "POST"]
    assert len({request.key for request in demo.keyed_requests}) == 2
    assert demo.is_in_order()


def test_app_opens_offline(phone: BrowserContext, page: Page, proxy: TcpProxy) -> None:
    log_in(page, ANA)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.close()
    go_offline(phone, proxy)
    reopened = phone.new_page()
    reopened.goto("/app/")
    expect(reopened.locator("#work")).to_have_text("Design")
    expect(reopened.locator("#line")).to_have_text(
        re.compile(r"^No connection\. The page shows the state of \d\d:\d\d\.$")
    )


def test_request_with_lost_response_is_repeated_with_the_same_key(
    page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    for method in ("POST", "PATCH"):
        proxy.lost.clear()
        proxy.losing = f"{method} /api/v2/timers".encode()
        if method == "POST":
            start_on(page, "Translation")
        else:
            stop_it(page)
        assert eventually(proxy.lost.is_set, page)
        proxy.losing = None
        everything_sent(page)
    for method in ("POST", "PATCH"):
        first, *repeated = (request for request in demo.keyed_requests if request.method == method)
        assert not first.is_replayed
        assert repeated
        for request in repeated:
            assert (request.key, request.body) == (first.key, first.body)
            assert request.is_replayed
    assert len(demo.worked(RAVI)) == 1
    assert demo.is_in_order()


def test_unsent_request_is_recorded_with_the_time_of_the_tap(
    page: Page, proxy: TcpProxy, phone: BrowserContext, demo: DemoServer, started: int
) -> None:
    log_in(page, RAVI)
    # The connection is cut, but the browser does not know that it is offline.
    proxy.cut()
    phone.clock.set_system_time(started - 20 * MINUTE)
    start_on(page, "Translation")
    expect(page.locator("#line")).to_contain_text("will be sent later")
    phone.clock.set_system_time(time.time())
    proxy.restore()
    everything_sent(page)
    ((_, start, _),) = demo.worked(RAVI)
    assert started - 20 * MINUTE - 1 <= start <= started - 19 * MINUTE


CAPTIVE_PORTAL = Response(
    403, {"Content-Type": "application/json"}, b'{"errors": [{"detail": "log in"}]}'
)


@pytest.mark.parametrize("error", [Unavailable(), Conflict(), RateLimited(retry_after=2), None])
def test_request_is_repeated_unchanged_after_a_temporary_error(
    page: Page, demo: DemoServer, error: StintError | None
) -> None:
    log_in(page, RAVI)
    refusal = CAPTIVE_PORTAL if error is None else demo.gateway.refuse(error)
    demo.gateway.next_responses = [refusal, refusal]
    began = time.monotonic()
    start_on(page, "Translation")
    expect(page.locator("#line")).to_contain_text("1 tap will be sent later")
    # Going online does not shorten the wait that the server requested (Retry-After).
    page.evaluate("dispatchEvent(new Event('online'))")
    everything_sent(page)
    first, second, third = demo.keyed_requests
    assert first.response == second.response == refusal
    assert third.response.status == 201
    assert len({(request.key, request.body) for request in demo.keyed_requests}) == 1
    if error is not None and error.retry_after:
        assert time.monotonic() - began >= 2 * error.retry_after
    assert len(demo.worked(RAVI)) == 1


def test_refused_start_is_shown_together_with_its_stop(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    demo.send(ANA, "POST", "/services", {"data": {"attributes": {"name": "Editing"}}})
    log_in(page, ANA)
    stop_it(page)
    everything_sent(page)
    before = demo.worked(ANA)
    go_offline(phone, proxy)
    start_on(page, "Editing")
    expect(page.locator("#work")).to_have_text("Editing")
    stop_it(page)
    start_on(page, "Design")
    expect(page.locator("#line")).to_contain_text("3 taps")
    (editing,) = [
        resource["id"]
        for resource in demo.send(ANA, "GET", "/services")["data"]
        if resource["attributes"]["name"] == "Editing"
    ]
    demo.send(ANA, "PATCH", f"/services/{editing}/archive")
    go_online(phone, proxy)
    notice = page.locator("#notices li")
    # The notice has both times.
    expect(notice).to_contain_text(
        re.compile(rf"^Editing, .*\d\d:\d\d {DASH} .*\d\d:\d\d, was not recorded: ")
    )
    everything_sent(page)
    # The taps after the refused start are recorded.
    *others, (_, _, end) = demo.worked(ANA)
    assert (others, end) == (before, None)
    page.reload()
    expect(notice).to_have_count(1)
    expect(notice.get_by_role("button", name="instead")).to_be_hidden()
    page.once("dialog", lambda dialog: dialog.accept())
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)


def test_start_inside_another_session_can_be_moved_to_its_end(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, started: int
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    phone.clock.set_system_time(started - 40 * MINUTE)
    start_on(page, "Translation")
    expect(page.locator("#line")).to_contain_text("1 tap")
    ended = started - 30 * MINUTE
    # At the same time, with another device.
    demo.record(RAVI, MEETINGS, started - 45 * MINUTE, ended)
    phone.clock.set_system_time(time.time())
    go_online(phone, proxy)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("was not recorded: it overlaps Internal meetings, ")
    assert len(demo.worked(RAVI)) == 1
    notice.get_by_role("button", name="Start at").click()
    expect(notice).to_have_count(0)
    everything_sent(page)
    _, (work, start, end) = demo.worked(RAVI)
    assert (work, start, end) == (TRANSLATION, ended, None)
    assert demo.is_in_order()


def test_small_clock_differences_are_corrected_without_a_notice(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, started: int
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    phone.clock.set_system_time(started - 100)
    start_on(page, "Translation")
    phone.clock.set_system_time(started - 10)
    stop_it(page)
    expect(page.locator("#line")).to_contain_text("2 taps")
    ended = started - 30
    demo.record(RAVI, MEETINGS, started - 200, ended)
    phone.clock.set_system_time(time.time())
    go_online(phone, proxy)
    everything_sent(page)
    expect(page.locator("#notices")).to_be_empty()
    _, (work, start, end) = demo.worked(RAVI)
    assert (work, start) == (TRANSLATION, ended)
    assert end is not None
    # The app knows the clock of the server to the second only.
    assert end >= started - 11
    assert demo.is_in_order()


def test_request_older_than_its_key_is_looked_up_before_it_is_repeated(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    proxy.losing = b"POST /api/v2/timers"
    start_on(page, "Translation")
    assert eventually(proxy.lost.is_set, page)
    expect(page.locator("#line")).to_contain_text("1 tap will be sent later")
    go_offline(phone, proxy)
    proxy.losing = None
    assert len(demo.worked(RAVI)) == 1
    demo.forget_keys()
    page.evaluate(_MAKE_QUEUE_ONE_DAY_OLDER)
    go_online(phone, proxy)
    everything_sent(page)
    ((work, _, end),) = demo.worked(RAVI)
    assert (work, end) == (TRANSLATION, None)
    stop_it(page)
    everything_sent(page)
    ((_, start, end),) = demo.worked(RAVI)
    assert end is not None
    assert end >= start


_MAKE_QUEUE_ONE_DAY_OLDER = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("stint-pocket");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("acts", "readwrite");
    const acts = transaction.objectStore("acts");
    acts.getAll().onsuccess = ({ target }) => {
      for (const act of target.result) acts.put({ ...act, sent: act.sent - 24 * 60 * 60 });
    };
    transaction.oncomplete = resolve;
    transaction.onabort = reject;
  };
})"""


def test_two_tabs_share_one_queue(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    other = phone.new_page()
    other.goto("/app/")
    expect(service(other, "Translation")).to_be_visible()
    go_offline(phone, proxy)
    start_on(page, "Translation")
    expect(other.locator("#work")).to_have_text("Translation")
    start_on(other, "Internal meetings")
    expect(page.locator("#work")).to_have_text("Internal meetings")
    # Tap in both tabs before one sees the tap of the other.
    for tab in (page, other):
        tab.evaluate("document.getElementById('stop').click()")
    expect(other.locator("#work")).to_have_text("No timer is running")
    go_online(phone, proxy)
    everything_sent(page)
    everything_sent(other)
    # Each session is over, so each is one request.
    assert demo.methods == ["POST", "POST"]
    assert len({request.key for request in demo.keyed_requests}) == 2
    assert [work for work, _, _ in demo.worked(RAVI)] == [TRANSLATION, MEETINGS]
    assert demo.is_in_order()
