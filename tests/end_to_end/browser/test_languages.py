"""The pocket client in the languages of the browser."""

import pytest
from playwright.sync_api import Browser, expect

from tests.end_to_end.browser.browser_fixtures import RAVI, TOKENS
from tests.support.tcp_proxy import TcpProxy


@pytest.mark.parametrize(
    ("language", "log_in", "nothing"),
    [
        ("de-AT", "Anmelden", "Kein Timer läuft"),
        ("fr-FR", "Log in", "No timer is running"),
    ],
)
def test_texts_follow_the_language_of_the_browser(
    browser: Browser, proxy: TcpProxy, language: str, log_in: str, nothing: str
) -> None:
    context = browser.new_context(locale=language, base_url=proxy.url)
    page = context.new_page()
    page.goto("/app")
    page.locator("#token").fill(TOKENS[RAVI])
    page.get_by_role("button", name=log_in).click()
    expect(page.locator("#work")).to_have_text(nothing)
    expect(page.locator("html")).to_have_attribute("lang", "de" if log_in == "Anmelden" else "en")
    assert "undefined" not in page.locator("body").inner_text()
    context.close()
