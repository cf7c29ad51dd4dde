"""Installation, accessibility and content security policy of the app."""

import tempfile
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.end_to_end.browser.actions import (
    editor,
    everything_sent,
    log_in,
    service,
    start_on,
    stop,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    RAVI,
    DemoServer,
    start_beyond_the_limit,
)
from tests.support.tcp_proxy import TcpProxy


def test_app_is_installable(executable: str, browser: Browser, proxy: TcpProxy) -> None:
    # A non-persistent context is an incognito window, which cannot install apps.
    with tempfile.TemporaryDirectory() as profile:
        context = browser.browser_type.launch_persistent_context(
            profile, executable_path=executable
        )
        page = context.new_page()
        page.goto(f"{proxy.url}/app/")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        devtools = context.new_cdp_session(page)
        assert devtools.send("Page.getInstallabilityErrors") == {"installabilityErrors": []}
        manifest = devtools.send("Page.getAppManifest")
        assert manifest["errors"] == []
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_app_has_no_accessibility_violations(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.get_by_text("Another server").click()
    assert violations(page) == []
    log_in(page, ANA)
    start_on(page, "Development")
    everything_sent(page)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_form_and_notices_have_no_accessibility_violations(
    page: Page, demo: DemoServer, scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    start_beyond_the_limit(demo)
    log_in(page, RAVI)
    expect(page.locator("#notices li")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Say when it ended").click()
    editor(page).get_by_label("End").fill("2030-01-01T00:00")
    editor(page).get_by_role("button", name="Save").click()
    expect(editor(page).get_by_role("alert")).not_to_be_empty()
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390])
def test_page_and_form_fit_a_small_screen(page: Page, demo: DemoServer, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 600})
    start_beyond_the_limit(demo)
    log_in(page, RAVI)
    expect(page.locator("#notices")).to_be_visible()
    assert page.evaluate(OVERFLOW) == []
    assert_large_enough(page)
    page.get_by_role("button", name="Add a session").click()
    assert page.evaluate(OVERFLOW) == []
    assert_large_enough(page)


OVERFLOW = """() => [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth)
  .map((element) => element.outerHTML)"""


def violations(page: Page) -> list[str]:
    return [
        f"{violation['id']}: {[node['target'] for node in violation['nodes']]}"
        for violation in Axe().run(page).response["violations"]
    ]


def test_every_control_has_an_accessible_name(page: Page, phone: BrowserContext) -> None:
    log_in(page, ANA)
    nodes = phone.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "textbox", "combobox")
    controls = [node for node in nodes if node["role"]["value"] in roles]
    assert len(controls) >= 4
    assert [node for node in controls if not node["name"]["value"]] == []


def test_buttons_are_large_enough_for_touch(page: Page) -> None:
    log_in(page, ANA)
    assert_large_enough(page)


def assert_large_enough(page: Page) -> None:
    controls = page.locator("button, input, select").locator("visible=true").all()
    assert len(controls) >= 4
    for control in controls:
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 48


def test_app_can_be_used_with_the_keyboard_only(page: Page, demo: DemoServer) -> None:
    expect(page.get_by_label("Your API token")).to_be_visible()
    page.get_by_label("Your API token").focus()
    page.keyboard.type("demo-other-member")
    page.keyboard.press("Enter")
    expect(service(page, "Translation")).to_be_visible()
    service(page, "Translation").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#work")).to_have_text("Translation")
    everything_sent(page)
    expect(service(page, "Translation")).to_be_focused()
    stop(page).focus()
    page.keyboard.press("Space")
    expect(page.locator("#work")).to_have_text("No timer is running")
    everything_sent(page)
    ((_, _, end),) = demo.worked(RAVI)
    assert end is not None


def test_content_security_policy_blocks_injected_scripts(page: Page) -> None:
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.intruder = true";
          document.body.append(script);
        }"""
    )
    assert page.evaluate("window.intruder") is None
    assert any("Content Security Policy" in text for text in messages)
