"""The admin page: the month by person and service, its CSV, and the closing of a month."""

import calendar
import csv
import io
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end.browser.admin_actions import dialog, loaded, row_of, save, today
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    DESIGN,
    DEVELOPMENT,
    DemoServer,
    rfc3339,
)
from tests.end_to_end.browser.test_admin_page import IVAN, violations
from tests.end_to_end.browser.test_app import OVERFLOW
from tests.support.rollups import roll_up_all

HOUR = 3600


def last_day() -> date:
    """The last day of the month before this one."""
    return date.fromisoformat(today()).replace(day=1) - timedelta(days=1)


def noon_of(day: date) -> int:
    """Noon of a day in UTC, as a Unix timestamp."""
    return calendar.timegm((day.year, day.month, day.day, 12, 0, 0))


@pytest.fixture
def worked(demo: DemoServer) -> str:
    """The last month, with sessions of Ana and an entry of Ivan; returns it, such as 2026-10."""
    month = last_day().replace(day=1)
    begun = demo.midnight(ANA, noon_of(month))
    demo.record(ANA, DESIGN, begun + 9 * HOUR, begun + 11 * HOUR)
    demo.record(ANA, DEVELOPMENT, begun + 12 * HOUR, begun + 12 * HOUR + 1800)
    attributes = {"person_id": IVAN, "service_id": DESIGN, "time": 90, "date": f"{month:%Y-%m}-03"}
    demo.send(ANA, "POST", "/time_entries", {"data": {"attributes": attributes}})
    roll_up_all(demo.connection)
    return f"{month:%Y-%m}"


def open_month(admin: Page, month: str) -> None:
    admin.evaluate(f"location.hash = 'month/{month}'")
    loaded(admin, "Month")
    name = date.fromisoformat(f"{month}-01").strftime("%B %Y")
    expect(admin.get_by_role("heading", name=name)).to_be_visible()


def test_month_is_shown_by_person_and_service(admin: Page, worked: str) -> None:
    open_month(admin, worked)
    people, services, both = admin.get_by_role("table").all()
    expect(people.get_by_role("row").nth(1)).to_contain_text("Ana Horvat")
    expect(people.get_by_role("row").nth(1)).to_contain_text("2 h 30 min")
    expect(people.get_by_role("row").nth(2)).to_contain_text("1 h 30 min")
    expect(people.get_by_role("row").last).to_contain_text("4 h 00 min")
    expect(services.get_by_role("row").nth(1)).to_contain_text("3 h 30 min")
    expect(both.get_by_role("row")).to_have_count(5)
    admin.get_by_role("link", name="Days of Ana Horvat").click()
    loaded(admin, "Days")
    expect(row_of(admin, "Development").first).to_contain_text("30 min")


def test_month_without_time_says_so_and_others_are_one_click_away(
    admin: Page,
    worked: str,
) -> None:
    open_month(admin, "2020-01")
    expect(admin.get_by_text("No time in this month.")).to_be_visible()
    open_month(admin, worked)
    admin.get_by_role("button", name="Next month").click()
    expect(admin.get_by_role("heading", name=worked)).to_have_count(0)
    admin.get_by_role("button", name="Previous month").click()
    expect(admin.get_by_role("link", name="Days of Ana Horvat")).to_be_visible()


def test_month_is_downloaded_as_csv(admin: Page, worked: str) -> None:
    open_month(admin, worked)
    with admin.expect_download() as download:
        admin.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == f"stint-{worked}.csv"
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sorted(int(row["total_time"]) for row in rows) == [30, 90, 120]
    admin.context.set_offline(True)
    admin.get_by_role("button", name="Download CSV").click()
    expect(admin.locator("#problem")).to_have_text("No connection. Try again.")


def test_month_is_closed_and_opened_again(
    admin: Page,
    demo: DemoServer,
    worked: str,
) -> None:
    open_month(admin, worked)
    expect(admin.get_by_text("No month is closed.")).to_be_visible()
    admin.get_by_role("button", name="and everything before it").click()
    save(admin, "Close the month")
    expect(admin.get_by_text(f"Closed until {last_day().isoformat()}")).to_be_visible()
    (organization,) = demo.send(ANA, "GET", "/organizations")["data"]
    assert organization["attributes"]["closed_until"] == last_day().isoformat()
    admin.get_by_role("button", name="Lift the closing").click()
    save(admin, "Lift the closing")
    expect(admin.get_by_text("No month is closed.")).to_be_visible()


def test_month_with_a_running_timer_is_not_closed(
    admin: Page,
    demo: DemoServer,
    worked: str,
) -> None:
    # At most 31 days ago. Timer 11 is that of Ivan.
    last_noon = demo.midnight(ANA, noon_of(last_day())) + 12 * HOUR
    edit = {"data": {"attributes": {"started_at": rfc3339(last_noon)}}}
    assert demo.send(ANA, "PATCH", "/timers/11", edit)["data"]["attributes"]["stopped_at"] is None
    open_month(admin, worked)
    admin.get_by_role("button", name="and everything before it").click()
    dialog(admin).get_by_role("button", name="Close the month").click()
    expect(dialog(admin).get_by_role("alert")).to_have_text(
        "Timers that began in this time still run: Ivan Babić. Stop them first, in Now."
    )
    (organization,) = demo.send(ANA, "GET", "/organizations")["data"]
    assert organization["attributes"]["closed_until"] is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_month_is_accessible_and_fits(
    admin: Page,
    worked: str,
    scheme: str,
    width: int,
) -> None:
    admin.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    admin.set_viewport_size({"width": width, "height": 900})
    open_month(admin, worked)
    expect(admin.get_by_role("table").first).to_be_visible()
    assert violations(admin) == []
    assert admin.evaluate(OVERFLOW) == []
