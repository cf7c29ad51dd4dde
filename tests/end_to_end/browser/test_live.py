"""Live updates in two browsers: a phone and a laptop of one person, on the real local server."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect

from tests.end_to_end.browser.actions import (
    edit,
    eventually,
    everything_sent,
    form_time,
    log_in,
    row,
    save,
    start_on,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import ORGANIZATIONS, RAVI, TOKENS, TRANSLATION
from tests.end_to_end.browser.test_updates import SET_HIDDEN, pass_minutes
from tests.support.clock import MINUTE
from tests.support.local_server import Server, free_port, serving
from tests.support.tcp_proxy import TcpProxy, proxy_to

NOTHING = "No timer is running"

REFUSE_LOCKS = """LockManager.prototype.request = () =>
  Promise.reject(new DOMException("Access is denied.", "SecurityError"));"""


class Device:
    """A browser with the app, and the WebSockets that it opened."""

    def __init__(self, context: BrowserContext) -> None:
        self.page = context.new_page()
        self.sockets: list[WebSocket] = []
        self.page.on("websocket", self._add)

    def _add(self, socket: WebSocket) -> None:
        self.sockets.append(socket)

    def open_sockets(self) -> list[WebSocket]:
        return [socket for socket in self.sockets if not socket.is_closed()]

    def is_connected(self, at_least: int = 1) -> bool:
        """Wait until that many sockets were opened, and only the last one is open."""
        return eventually(
            lambda: len(self.sockets) >= at_least and self.open_sockets() == self.sockets[-1:],
            self.page,
        )


@pytest.fixture(scope="module")
def server() -> "Iterator[tuple[Server, TcpProxy]]":
    """The local server, and the proxy through which browsers reach it."""
    port = free_port()
    with proxy_to(port) as proxy:
        live_url = proxy.url.replace("http", "ws") + "/live"
        settings = {
            "STINT_TABLE_PREFIX": f"stint-live-{port}",
            "STINT_LIVE_URL": live_url,
            # Nobody reads the output while the server runs, and a full pipe would stop it.
            "STINT_LOG_LEVEL": "ERROR",
        }
        with serving(port, **settings) as started:
            yield started, proxy


@pytest.fixture
def devices(browser: Browser, server: tuple[Server, TcpProxy]) -> "Iterator[list[Device]]":
    """A phone and a laptop, where Ravi is logged in and nothing runs."""
    local_server, proxy = server
    opened: list[tuple[BrowserContext, Device]] = []
    send(local_server, "PATCH", "/timers/stop", expected=(200, 404, 422))
    for width, height in ((390, 844), (1280, 800)):
        context = browser.new_context(
            viewport={"width": width, "height": height}, base_url=proxy.url
        )
        context.clock.install(time=time.time())
        device = Device(context)
        opened.append((context, device))
        device.page.goto("/app/")
        log_in(device.page, RAVI)
        expect(device.page.locator("#work")).to_have_text(NOTHING)
        assert device.is_connected()
    yield [device for _, device in opened]
    for context, _ in opened:
        context.close()


def send(
    server: Server, method: str, path: str, expected: tuple[int, ...] = (200, 201), **values: Any
) -> Any:
    """Send a request of Ravi's from a third device, not through the proxy."""
    headers = {
        "X-Auth-Token": TOKENS[RAVI],
        "X-Organization-Id": str(ORGANIZATIONS[RAVI]),
        "Content-Type": "application/vnd.api+json",
    }
    body = json.dumps({"data": {"attributes": values}}).encode()
    status, _, document = server.send(method, f"/api/v2{path}", headers, body)
    assert status in expected, document
    return document


def seconds_until(page: Page, text: str) -> float:
    """Wait until a text is shown as the running work; return the seconds."""
    began = time.monotonic()
    expect(page.locator("#work")).to_have_text(text)
    return time.monotonic() - began


def test_start_stop_and_edit_show_on_the_other_device(devices: list[Device]) -> None:
    phone, laptop = (device.page for device in devices)
    delays = []
    start_on(phone, "Translation")
    delays.append(seconds_until(laptop, "Translation"))
    # The other way round, and a switch.
    start_on(laptop, "Internal meetings")
    delays.append(seconds_until(phone, "Internal meetings"))
    stop_it(phone)
    delays.append(seconds_until(laptop, NOTHING))
    everything_sent(phone)
    # A slow machine may take longer for one of them, but not for all. Polling takes minutes.
    assert min(delays) < 2
    now = int(time.time())
    form = edit(laptop, "Translation")
    start = form_time(RAVI, now - 30 * MINUTE)
    form.get_by_label("Start").fill(start)
    save(laptop)
    expect(row(phone, "Translation").first).to_contain_text(start[-5:])


def test_quiet_connection_sends_few_requests(devices: list[Device]) -> None:
    device = devices[0]
    requests: list[str] = []
    device.page.on("request", lambda request: requests.append(request.url))
    pings: list[str | bytes] = []
    device.sockets[0].on("framesent", lambda text: pings.extend([text]))
    pass_minutes(device.page, 20)
    # API Gateway ends a connection that is silent for 10 minutes.
    assert 3 <= len(pings) <= 5
    # Names and time zones every 5 minutes, sessions every 10, services every 15.
    assert len([url for url in requests if "/timers" in url]) <= 4
    assert len(requests) <= 10
    assert device.is_connected()
    # The app shows its own taps from their responses: only the push asks for the lists.
    requests.clear()
    start_on(device.page, "Translation")
    seconds_until(devices[1].page, "Translation")
    assert eventually(lambda: len(requests) >= 3, device.page)
    everything_sent(device.page)
    assert [url for url in requests if "/services" in url or "memberships" in url] == []


def test_logout_closes_the_connection(devices: list[Device]) -> None:
    phone, laptop = devices
    laptop.page.get_by_role("button", name="Log out").click()
    expect(laptop.page.locator("#login")).to_be_visible()
    assert eventually(lambda: laptop.open_sockets() == [], laptop.page)
    laptop.page.clock.fast_forward(10 * MINUTE * 1000)
    assert len(laptop.sockets) == 1
    assert phone.is_connected()
    log_in(laptop.page, RAVI)
    assert laptop.is_connected(2)


def test_lost_network_connects_again(
    devices: list[Device], server: tuple[Server, TcpProxy]
) -> None:
    device, proxy = devices[0], server[1]
    proxy.cut()
    assert eventually(lambda: device.open_sockets() == [], device.page)
    send(server[0], "POST", "/timers", service_id=str(TRANSLATION))
    # The browser does not know that it is offline, so the app tries again.
    pass_minutes(device.page, 2)
    expect(device.page.locator("#work")).to_have_text(NOTHING)
    proxy.restore()
    device.page.evaluate("dispatchEvent(new Event('online'))")
    expect(device.page.locator("#work")).to_have_text("Translation")
    assert device.is_connected(2)
    send(server[0], "PATCH", "/timers/stop")
    assert seconds_until(device.page, NOTHING) < 10


def test_without_a_connection_the_app_polls_and_connects_later(
    devices: list[Device], server: tuple[Server, TcpProxy]
) -> None:
    device = devices[0]
    device.page.route("**/live_tickets", lambda route: route.fulfill(status=503))
    # The server ends all connections.
    server[1].cut()
    assert eventually(lambda: device.open_sockets() == [], device.page)
    server[1].restore()
    send(server[0], "POST", "/timers", service_id=str(TRANSLATION))
    pass_minutes(device.page, 1)
    expect(device.page.locator("#work")).to_have_text("Translation")
    assert len(device.sockets) == 1
    device.page.unroute("**/live_tickets")
    pass_minutes(device.page, 5)
    assert device.is_connected(2)
    send(server[0], "PATCH", "/timers/stop")
    assert seconds_until(device.page, NOTHING) < 10


def test_page_in_the_background_connects_again_when_it_comes_back(
    devices: list[Device], server: tuple[Server, TcpProxy]
) -> None:
    device = devices[0]
    device.page.evaluate(SET_HIDDEN, True)
    # For some minutes, the connection stays: the title of a tab can show what runs.
    pass_minutes(device.page, 2)
    send(server[0], "POST", "/timers", service_id=str(TRANSLATION))
    seconds_until(device.page, "Translation")
    pass_minutes(device.page, 2)
    assert eventually(lambda: device.open_sockets() == [], device.page)
    send(server[0], "PATCH", "/timers/stop")
    pass_minutes(device.page, 10)
    expect(device.page.locator("#work")).to_have_text("Translation")
    assert len(device.sockets) == 1
    device.page.evaluate(SET_HIDDEN, False)
    expect(device.page.locator("#work")).to_have_text(NOTHING)
    assert device.is_connected(2)


def test_tabs_of_a_browser_share_one_connection(
    devices: list[Device], server: tuple[Server, TcpProxy]
) -> None:
    first = devices[0]
    second = Device(first.page.context)
    second.page.goto("/app/")
    assert second.is_connected()
    assert eventually(lambda: first.open_sockets() == [], first.page)
    pass_minutes(first.page, 1)
    assert len(first.sockets) == 1
    send(server[0], "POST", "/timers", service_id=str(TRANSLATION))
    for tab in (first, second):
        seconds_until(tab.page, "Translation")
    second.page.close()
    assert first.is_connected(2)
    send(server[0], "PATCH", "/timers/stop")
    assert seconds_until(first.page, NOTHING) < 10


def test_browser_that_refuses_locks_follows_too(
    browser: Browser, server: tuple[Server, TcpProxy]
) -> None:
    local_server, proxy = server
    send(local_server, "PATCH", "/timers/stop", expected=(200, 404, 422))
    context = browser.new_context(base_url=proxy.url)
    context.add_init_script(REFUSE_LOCKS)
    device = Device(context)
    device.page.goto("/app/")
    log_in(device.page, RAVI)
    assert device.is_connected()
    send(local_server, "POST", "/timers", service_id=TRANSLATION)
    expect(device.page.locator("#work")).to_have_text("Translation")
    context.close()
