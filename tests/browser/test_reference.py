"""The reference page as a newcomer has it: all of the API is on it, and it sends requests."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.company import ANA, TOKENS, Company
from tests.support.described import TABLE

ORGANIZATION = "2149"


@pytest.fixture
def reference(browser: Browser, company: Company) -> Iterator[Page]:
    """The page, open; it must not complain, nor ask anybody else's server."""
    complaints: list[str] = []
    asked: set[str] = set()
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    # What the page's policy forbids is said there, and nowhere else.
    opened.add_init_script(
        "addEventListener('securitypolicyviolation', (it) => { throw Error(it.blockedURI) })"
    )
    here = f"127.0.0.1:{company.port}"
    opened.goto(f"http://{here}/docs")
    expect(opened.locator(".opblock-tag")).not_to_have_count(0)
    yield opened
    context.close()
    assert complaints == []
    # A picture that is in the page itself has no server.
    assert asked - {""} == {here}


def test_every_operation_is_on_it(reference: Page) -> None:
    tags = reference.locator(".opblock-tag")
    for tag in tags.all():
        tag.click()
    expect(reference.locator(".opblock")).to_have_count(sum(len(it.methods) for it in TABLE))
    expect(tags).to_have_count(len({it.document.type for it in TABLE}))


def test_a_timer_is_started_from_it(reference: Page, company: Company) -> None:
    reference.get_by_role("button", name="Authorize").first.click()
    dialog = reference.locator(".modal-ux")
    for scheme, said in (("organization", ORGANIZATION), ("token", TOKENS[ANA])):
        box = dialog.locator(".auth-container").filter(has_text=scheme)
        box.get_by_role("textbox").fill(said)
        box.get_by_role("button", name="Apply").click()
    dialog.get_by_role("button", name="Close").first.click()
    before = len(company.worked(ANA))
    reference.locator("#operations-tag-timers .opblock-tag, #operations-tag-timers").first.click()
    start = reference.locator("#operations-timers-start_timer")
    start.locator(".opblock-summary-control").click()
    start.get_by_role("button", name="Try it out").click()
    start.get_by_role("button", name="Execute").click()
    expect(live(start)).to_contain_text("201")
    assert len(company.worked(ANA)) == before + 1


def live(operation: Locator) -> Locator:
    """The status of what was really answered, beside those that could be."""
    return operation.locator(".live-responses-table .response-col_status").last
