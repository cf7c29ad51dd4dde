"""A person who is logged in logs another phone in with a QR code."""

import re
import time

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.end_to_end.browser.actions import eventually, go_offline, go_online, log_in
from tests.end_to_end.browser.browser_fixtures import RAVI, DemoServer
from tests.end_to_end.browser.test_app import violations
from tests.support.clock import MINUTE
from tests.support.qr_reader import read_qr_code
from tests.support.tcp_proxy import TcpProxy


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Add another phone").click()
    return page.get_by_role("dialog", name="Add another phone")


def link_of(shown: Locator) -> str:
    path = shown.get_by_role("img").locator("path").get_attribute("d")
    squares = re.findall(r"M(\d+) (\d+)h1v1h-1z", path or "")
    return read_qr_code({(int(row), int(column)) for column, row in squares})


def test_qr_code_logs_a_second_phone_in(page: Page, browser: Browser, demo: DemoServer) -> None:
    log_in(page, RAVI)
    assert not any("qrcode-generator" in request.target for request in demo.gateway.requests)
    shown = open_dialog(page)
    expect(shown.get_by_text(re.compile(r"Valid once, for 1[45]:\d\d minutes"))).to_be_visible()
    assert violations(page) == []
    first = link_of(shown)
    # A new code replaces it.
    shown.get_by_role("button", name="New code").click()
    assert eventually(
        lambda: shown.get_by_role("img").count() == 1 and link_of(shown) != first, page
    )
    code = shown.locator(".secret").inner_text()
    assert link_of(shown).endswith(f"/app/#pair={code}")
    other = browser.new_context()
    used = other.new_page()
    used.goto(first)
    expect(used.get_by_role("alert")).to_contain_text("This code is not valid.")
    used.goto("about:blank")
    used.goto(link_of(shown))
    expect(used.get_by_role("heading", name="Ravi Das")).to_be_visible()
    other.close()
    shown.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Add another phone")).to_be_focused()
    # The code does not stay in the page.
    assert eventually(lambda: code not in page.content(), page)


def test_dialog_closes_when_its_code_ends(page: Page, phone: BrowserContext) -> None:
    log_in(page, RAVI)
    shown = open_dialog(page)
    expect(shown.get_by_role("img")).to_be_visible()
    phone.clock.set_system_time(time.time() + 16 * MINUTE)
    expect(shown).to_be_hidden()
    expect(page.locator("#said")).to_contain_text("no longer valid")


def test_pairing_needs_the_network(
    page: Page, phone: BrowserContext, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    shown = open_dialog(page)
    expect(shown.get_by_text("No connection. A new code needs the network.")).to_be_visible()
    expect(shown.get_by_role("img")).to_have_count(0)
    go_online(phone, proxy)
    # The encoder cannot be loaded: the code can still be typed.
    page.route("**/qrcode-generator.js", lambda route: route.abort())
    shown.get_by_role("button", name="New code").click()
    expect(shown.locator(".secret")).to_have_text(re.compile(r"^\w{4}-\w{4}-\w{4}$"))
    expect(shown.get_by_role("img")).to_have_count(0)
    assert demo.is_in_order()


@pytest.mark.parametrize(
    ("base", "fragment"),
    [
        ("/api/v2", "#pair=AB-CD"),
        ("https://api.example/v2", "#pair=AB-CD&api=https%3A%2F%2Fapi.example%2Fv2"),
    ],
)
def test_link_names_the_api_only_if_it_is_elsewhere(page: Page, base: str, fragment: str) -> None:
    expect(page).to_have_url(re.compile("/app/$"))
    link = page.evaluate(
        """async (base) => {
          const { src } = document.querySelector("script[type=module]");
          const { pairingLink } = await import(new URL("../shared/pairing.js", src));
          return pairingLink("AB-CD", new URL(base, location.href).href);
        }""",
        base,
    )
    assert link == page.url + fragment
