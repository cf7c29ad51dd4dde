"""User actions on the admin page, and reading what it shows."""

import time
from datetime import UTC, datetime

from playwright.sync_api import Locator, Page, expect

from tests.end_to_end.browser.browser_fixtures import ANA, TOKENS, zone_of


def log_in_as_admin(page: Page, person_id: int = ANA) -> None:
    page.get_by_label("API token").fill(TOKENS[person_id])
    page.get_by_role("button", name="Log in").click()
    loaded(page, "Now")


def go_to(page: Page, view: str) -> None:
    """Open a view with the navigation, and wait until it is loaded."""
    page.get_by_role("link", name=view, exact=True).click()
    loaded(page, view)


def loaded(page: Page, view: str) -> None:
    expect(page.locator("#title")).to_have_text(view)
    expect(page.locator("#status")).not_to_have_text("Loading …")


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def save(page: Page, label: str = "Save") -> None:
    dialog(page).get_by_role("button", name=label, exact=True).click()
    expect(dialog(page)).to_be_hidden()


def today(person_id: int = ANA) -> str:
    """Today, in the organization's time zone."""
    return (
        datetime.fromtimestamp(time.time(), UTC).astimezone(zone_of(person_id)).date().isoformat()
    )
