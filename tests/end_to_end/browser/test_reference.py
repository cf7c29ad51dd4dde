"""The API reference page: it lists all operations and can send requests."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from chalicelib.http.absent_collections import COLLECTIONS
from tests.end_to_end.browser.browser_fixtures import ANA, TOKENS, DemoServer
from tests.support.openapi_checks import ALL_ROUTES

ORGANIZATION = "2149"


@pytest.fixture
def reference(browser: Browser, demo: DemoServer) -> Iterator[Page]:
    """The open page. JavaScript errors and requests to other hosts fail the test."""
    page_errors: list[str] = []
    hosts: set[str] = set()
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    opened.on("pageerror", lambda error: page_errors.append(str(error)))
    opened.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    # Turn violations of the content security policy into page errors.
    opened.add_init_script(
        "addEventListener('securitypolicyviolation', (event) => { throw Error(event.blockedURI) })"
    )
    host = f"127.0.0.1:{demo.port}"
    opened.goto(f"http://{host}/docs")
    expect(opened.locator(".opblock-tag")).not_to_have_count(0)
    yield opened
    context.close()
    assert page_errors == []
    # Inline images (data: URLs) have no host.
    assert hosts - {""} == {host}


def test_reference_lists_every_operation(reference: Page) -> None:
    tags = reference.locator(".opblock-tag")
    for tag in tags.all():
        tag.click()
    # The empty lists of Productive's other collections have one tag.
    operations = sum(len(route.methods) for route in ALL_ROUTES) + len(COLLECTIONS)
    expect(reference.locator(".opblock")).to_have_count(operations)
    expect(tags).to_have_count(len({route.subject.type for route in ALL_ROUTES}) + 1)


def test_reference_can_start_a_timer(reference: Page, demo: DemoServer) -> None:
    reference.get_by_role("button", name="Authorize").first.click()
    dialog = reference.locator(".modal-ux")
    for scheme, value in (("organization", ORGANIZATION), ("token", TOKENS[ANA])):
        box = dialog.locator(".auth-container").filter(has_text=scheme)
        box.get_by_role("textbox").fill(value)
        box.get_by_role("button", name="Apply").click()
    dialog.get_by_role("button", name="Close").first.click()
    before = len(demo.worked(ANA))
    reference.locator("#operations-tag-timers .opblock-tag, #operations-tag-timers").first.click()
    start = reference.locator("#operations-timers-start_timer")
    start.locator(".opblock-summary-control").click()
    start.get_by_role("button", name="Try it out").click()
    start.get_by_role("button", name="Execute").click()
    expect(live(start)).to_contain_text("201")
    assert len(demo.worked(ANA)) == before + 1


def live(operation: Locator) -> Locator:
    """Return the status of the actual response. The page also lists the documented ones."""
    return operation.locator(".live-responses-table .response-col_status").last
