"""The icons of the app and the screenshots of the README. `make screenshot` creates them."""

import os
import struct
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chalicelib.http.static_pages import PAGES_FOLDER
from infra.stack.template import ROOT
from tests.end_to_end.browser.actions import go_offline, log_in, show_day, start_on
from tests.end_to_end.browser.admin_actions import loaded, log_in_as_admin
from tests.end_to_end.browser.browser_fixtures import ANA, DESIGN, DEVELOPMENT, DemoServer, rfc3339
from tests.support.rollups import roll_up_all
from tests.support.tcp_proxy import TcpProxy

IVAN, MIA = 8784, 8796
IMAGES = ROOT / "docs" / "images"
MAX_BYTES = 120_000

overwrites_files = pytest.mark.skipif(
    os.environ.get("STINT_PICTURES") != "1",
    reason="overwrites image files; run it with make screenshot",
)


def size_of(picture: Path) -> tuple[int, int]:
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:])
    return width, height


@pytest.mark.parametrize("size", [192, 512])
def test_icons_have_the_size_in_their_name(size: int) -> None:
    assert size_of(PAGES_FOLDER / "app" / f"icon-{size}.png") == (size, size)


@pytest.mark.parametrize("name", ["pocket", "pocket-offline", "pocket-week", "admin"])
def test_screenshots_are_small(name: str) -> None:
    assert (IMAGES / f"{name}.png").stat().st_size < MAX_BYTES


@overwrites_files
@pytest.mark.parametrize("size", [192, 512])
def test_create_the_icons(browser: Browser, size: int) -> None:
    page = browser.new_page(viewport={"width": size, "height": size})
    style = "<style>* { margin: 0 } svg { display: block; width: 100vw; height: 100vh }</style>"
    page.set_content(style + (PAGES_FOLDER / "shared" / "icon.svg").read_text())
    page.screenshot(path=PAGES_FOLDER / "app" / f"icon-{size}.png", omit_background=True)
    page.close()


@overwrites_files
def test_create_the_screenshots(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    page.set_viewport_size({"width": 390, "height": 740})
    set_time_zone(page)
    earlier = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 754))
    attributes = {"service_id": DEVELOPMENT, "started_at": earlier}
    demo.send(ANA, "POST", "/timers", {"data": {"attributes": attributes}})
    log_in(page, ANA)
    expect(page.locator("#work")).to_have_text("Development")
    page.screenshot(path=IMAGES / "pocket.png")
    page.emulate_media(color_scheme="dark")
    go_offline(phone, proxy)
    start_on(page, "Design")
    expect(page.locator("#line")).to_contain_text("will be sent later")
    phone.clock.set_system_time(time.time() + 252)
    expect(page.locator("#clock")).to_contain_text("0:04:1")
    page.screenshot(path=IMAGES / "pocket-offline.png")


@overwrites_files
def test_create_the_screenshot_of_a_week(page: Page, demo: DemoServer) -> None:
    page.set_viewport_size({"width": 390, "height": 740})
    set_time_zone(page)
    today = demo.midnight(ANA, int(time.time()))
    weekday = time.gmtime(today + 43_200).tm_wday
    # The week before, so that all its days are over.
    monday = today - (weekday + 7) * 24 * 3600
    for day, service, start, minutes in (
        (0, DEVELOPMENT, 9, 185),
        (0, DESIGN, 13, 240),
        (1, DEVELOPMENT, 8, 430),
        (2, DESIGN, 9, 200),
        (2, DEVELOPMENT, 13, 215),
        (3, DESIGN, 10, 150),
        (3, DEVELOPMENT, 13, 262),
        (4, DEVELOPMENT, 9, 300),
    ):
        begun = monday + (day * 24 + start) * 3600
        timer = demo.record(ANA, service, begun, begun + minutes * 60)
        if (day, service) == (3, DESIGN):
            add_note(demo, timer, "Icons for the new menu")
    log_in(page, ANA)
    show_day(page, ANA, monday + 3 * 24 * 3600 + 43_200)
    expect(page.locator("#week-total")).to_contain_text("h")
    expect(page.locator("#sessions .note").last).to_have_text("Icons for the new menu")
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.querySelector('#week').scrollIntoView()")
    page.screenshot(path=IMAGES / "pocket-week.png")


def set_time_zone(page: Page) -> None:
    """Give the browser Ana's time zone: the page says if it differs."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Zagreb"})


def add_note(demo: DemoServer, timer: str, note: str) -> None:
    document = demo.send(ANA, "GET", f"/timers/{timer}?include=time_entry")
    entry = document["data"]["relationships"]["time_entry"]["data"]["id"]
    demo.send(ANA, "PATCH", f"/time_entries/{entry}", {"data": {"attributes": {"note": note}}})


@overwrites_files
def test_create_the_screenshot_of_the_admin_page(
    browser: Browser, proxy: TcpProxy, demo: DemoServer
) -> None:
    begun = demo.midnight(ANA, int(time.time())) - 24 * 3600
    for person, service, start, hours in (
        (ANA, DEVELOPMENT, 9, 3.5),
        (ANA, DESIGN, 13, 2),
        (IVAN, DESIGN, 9, 4),
        (MIA, DEVELOPMENT, 8, 6.25),
        (MIA, DESIGN, 15, 1.5),
    ):
        times = {"started_at": begun + start * 3600, "stopped_at": begun + (start + hours) * 3600}
        attributes = {name: rfc3339(int(value)) for name, value in times.items()}
        attributes |= {"person_id": str(person), "service_id": str(service)}
        demo.send(ANA, "POST", "/timers", {"data": {"attributes": attributes}})
    page = browser.new_page(viewport={"width": 900, "height": 1010}, base_url=proxy.url)
    page.goto("/admin/")
    log_in_as_admin(page)
    roll_up_all(demo.connection)
    page.evaluate(f"location.hash = 'month/{time.strftime('%Y-%m', time.gmtime(begun + 43_200))}'")
    loaded(page, "Month")
    expect(page.get_by_role("link", name="Days of Mia Kovač")).to_be_visible()
    page.screenshot(path=IMAGES / "admin.png")
    page.close()
