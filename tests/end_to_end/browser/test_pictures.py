"""The icons of the app and the screenshots of the README. `make screenshot` creates them."""

import os
import struct
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chalicelib.http.static_pages import PAGES_FOLDER
from infra.stack.template import ROOT
from tests.end_to_end.browser.actions import go_offline, log_in, start_on
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


@pytest.mark.parametrize("name", ["pocket", "pocket-offline", "admin"])
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
