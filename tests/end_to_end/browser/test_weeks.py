"""Other days and weeks: loaded on demand, stored for offline use, and changed like today."""

import time

import pytest
from msgspec.structs import replace
from playwright.sync_api import BrowserContext, Locator, Page, expect

from chalicelib.core.errors import PeriodClosed
from chalicelib.core.timestamps import local_date
from chalicelib.dynamodb.database import Database
from chalicelib.organizations.model import Organization
from tests.end_to_end.browser.actions import (
    DASH,
    edit,
    editor,
    eventually,
    everything_sent,
    form_time,
    go_offline,
    go_online,
    log_in,
    row,
    save,
    show_day,
)
from tests.end_to_end.browser.browser_fixtures import (
    MEETINGS,
    ORGANIZATIONS,
    RAVI,
    TRANSLATION,
    DemoServer,
    zone_of,
)
from tests.support.clock import DAY, HOUR, MINUTE
from tests.support.fixtures import put_all
from tests.support.tcp_proxy import TcpProxy

CLOSED = "This day is closed: only an admin can open it."
NOT_LOADED = "This day is not loaded yet. That needs a network."


@pytest.fixture
def monday(demo: DemoServer) -> int:
    """Midnight of a Monday in Kolkata, three or four weeks ago (Unix seconds)."""
    midnight = demo.midnight(RAVI, int(time.time()))
    weekday = time.gmtime(midnight + DAY // 2).tm_wday
    return midnight - (weekday + 21) * DAY


def sums(page: Page) -> list[str]:
    """The sums of the shown week's days."""
    return page.locator("#days b").all_inner_texts()


def test_earlier_week_is_loaded_and_stays_readable_offline(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, monday: int
) -> None:
    demo.record(RAVI, TRANSLATION, monday + 9 * HOUR, monday + 10 * HOUR + 90)
    # Over the midnight at the end of the week.
    sunday = monday + 6 * DAY
    demo.record(RAVI, MEETINGS, sunday + 22 * HOUR, sunday + 26 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, monday)
    expect(row(page, "Translation")).to_contain_text(f"09:00 {DASH} 10:01")
    expect(page.locator("#day-state")).to_be_empty()
    expect(page.locator("#week-total")).to_have_text("3 h 02 min")
    assert sums(page) == ["1:02", "0:00", "0:00", "0:00", "0:00", "0:00", "2:00"]
    page.get_by_role("button", name="Next week").click()
    expect(page.locator("#week-total")).to_have_text("2 h 00 min")
    go_offline(phone, proxy)
    page.reload()
    page.get_by_role("button", name="Previous week").click()
    expect(page.locator("#week-total")).to_have_text("3 h 02 min")
    page.locator("#days button").nth(6).click()
    expect(row(page, "Internal meetings")).to_contain_text("2 h 00 min on this day")
    # A week that was never seen has no sums, rather than zeros.
    page.get_by_role("button", name="Previous week").click()
    expect(page.locator("#day-state")).to_contain_text(NOT_LOADED)
    expect(page.locator("#week-total")).to_have_text("not loaded")
    expect(page.locator("#total")).to_be_empty()
    assert sums(page) == [DASH] * 7
    go_online(phone, proxy)
    page.reload()
    expect(page.locator("#week-total")).to_have_text("0 min")
    page.go_back()
    expect(page.locator("#week-total")).to_have_text("3 h 02 min")
    page.get_by_role("button", name="Today", exact=True).click()
    expect(page.locator("#day-name")).to_have_text("Today")


AGE = """(change) => new Promise((resolve) => {
  const opening = indexedDB.open("stint-pocket");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("facts", "readwrite");
    const facts = transaction.objectStore("facts");
    facts.get("weeks").onsuccess = ({ target }) => {
      for (const week of Object.values(target.result)) week.loadedAt -= 120;
      facts.put(target.result, "weeks");
    };
    if (change === "lose") facts.put([], "timers");
    transaction.oncomplete = () => { opening.result.close(); resolve(); };
  };
})"""


def test_shown_week_follows_other_devices_with_etags(
    page: Page, demo: DemoServer, monday: int
) -> None:
    timer = demo.record(RAVI, TRANSLATION, monday + 9 * HOUR, monday + 10 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, monday)
    expect(page.locator("#week-total")).to_have_text("1 h 00 min")
    statuses = []
    for change, total in [("", "1 h 00 min"), ("delete", "30 min"), ("lose", "30 min")]:
        if change == "delete":
            demo.send(RAVI, "DELETE", f"/timers/{timer}")
            demo.record(RAVI, MEETINGS, monday + 11 * HOUR, monday + 11 * HOUR + 30 * MINUTE)
        before = len(demo.weeks())
        # As after two minutes. A version that did not know weeks may have removed their sessions.
        page.evaluate(AGE, change)
        page.reload()
        assert eventually(lambda seen=before: len(demo.weeks()) > seen, page)  # type: ignore[misc]
        expect(page.locator("#week-total")).to_have_text(total)
        statuses.append(demo.weeks()[-1])
    assert statuses == [304, 200, 200]
    expect(page.locator("#sessions li")).to_have_count(1)


def test_sessions_of_an_earlier_day_can_be_changed_added_and_deleted_offline(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, monday: int
) -> None:
    nine = monday + 9 * HOUR
    demo.record(RAVI, TRANSLATION, nine, nine + HOUR)
    demo.record(RAVI, MEETINGS, nine + HOUR, nine + 2 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, monday)
    expect(page.locator("#total")).to_have_text("2 h 00 min")
    go_offline(phone, proxy)
    edit(page, "Translation").get_by_label("End").fill(form_time(RAVI, nine + 30 * MINUTE))
    save(page)
    expect(page.locator("#total")).to_have_text("1 h 30 min")
    form = edit(page, "Internal meetings")
    page.once("dialog", lambda dialog: dialog.accept())
    form.get_by_role("button", name="Delete").click()
    expect(page.locator("#total")).to_have_text("30 min")
    page.get_by_role("button", name="Add a session").click()
    # The form proposes an hour after the last session of the day.
    expect(editor(page).get_by_label("Start")).to_have_value(form_time(RAVI, nine + 30 * MINUTE))
    expect(editor(page).get_by_label("End")).to_have_value(form_time(RAVI, nine + 90 * MINUTE))
    editor(page).get_by_label("Service").select_option("Internal meetings")
    save(page)
    expect(page.locator("#total")).to_have_text("1 h 30 min")
    expect(page.locator("#days b").first).to_have_text("1:30")
    go_online(phone, proxy)
    everything_sent(page)
    page.reload()
    expect(page.locator("#week-total")).to_have_text("1 h 30 min")
    expect(page.locator("#sessions li")).to_have_count(2)
    assert demo.worked(RAVI) == [
        (TRANSLATION, nine, nine + 30 * MINUTE),
        (MEETINGS, nine + 30 * MINUTE, nine + 90 * MINUTE),
    ]
    assert demo.is_in_order()


def test_closed_day_says_so_and_offers_no_change(
    page: Page, demo: DemoServer, database: Database, monday: int
) -> None:
    organization = database.get(Organization, ORGANIZATIONS[RAVI], ORGANIZATIONS[RAVI])
    assert organization is not None
    for day in (0, 1):
        begun = monday + day * DAY + 9 * HOUR
        demo.record(RAVI, TRANSLATION, begun, begun + HOUR)
    put_all(replace(organization, closed_until=local_date(monday, zone_of(RAVI))))
    log_in(page, RAVI)
    show_day(page, RAVI, monday)
    expect(page.locator("#day-state")).to_have_text(
        "This day is closed: only an admin can open it."
    )
    expect(row(page, "Translation")).to_be_visible()
    expect(page.get_by_role("button", name="Change")).to_have_count(0)
    expect(page.get_by_role("button", name="Add a session")).to_have_count(0)
    # What was closed can still be continued today.
    expect(page.get_by_role("button", name="Continue Translation")).to_be_visible()
    show_day(page, RAVI, monday + DAY)
    expect(page.locator("#day-state")).to_be_empty()
    page.get_by_role("button", name="Add a session").click()
    editor(page).get_by_label("Service").select_option("Translation")
    editor(page).get_by_label("Start").fill(form_time(RAVI, monday + HOUR))
    editor(page).get_by_role("button", name="Save").click()
    expect(editor(page).get_by_role("alert")).to_contain_text("is closed. Only an admin")
    assert demo.keyed_requests == []
    editor(page).get_by_role("button", name="Cancel").click()
    # An admin opens it while the page is open.
    put_all(organization)
    page.evaluate("dispatchEvent(new Event('online'))")
    show_day(page, RAVI, monday)
    expect(page.locator("#day-state")).to_be_empty()
    expect(page.get_by_role("button", name="Add a session")).to_be_visible()


@pytest.fixture
def booked(demo: DemoServer, monday: int) -> str:
    """Book 45 minutes of Translation, and set 90 for an hour of meetings; return the first's id."""
    nine = monday + 9 * HOUR
    demo.record(RAVI, MEETINGS, nine, nine + HOUR)
    (tracked,) = demo.entries(RAVI)
    total = {"data": {"attributes": {"time": 90}}}
    demo.send(RAVI, "PATCH", f"/time_entries/{tracked.id}", total)
    attributes = {
        "service_id": TRANSLATION,
        "date": local_date(monday, zone_of(RAVI)),
        "time": 45,
        "note": "From the old tracker",
    }
    document = demo.send(RAVI, "POST", "/time_entries", {"data": {"attributes": attributes}})
    entry_id: str = document["data"]["id"]
    return entry_id


def booked_row(page: Page, name: str) -> Locator:
    return page.locator("#booked li").filter(has_text=name)


def change_booked(page: Page, name: str) -> Locator:
    """Open the form of booked time."""
    booked_row(page, name).get_by_role("button", name="Change").click()
    return editor(page)


@pytest.mark.usefixtures("booked")
def test_time_without_sessions_is_in_the_day_and_its_sum(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, monday: int
) -> None:
    log_in(page, RAVI)
    show_day(page, RAVI, monday)
    expect(page.locator("#total")).to_have_text("2 h 15 min")
    expect(page.locator("#week-total")).to_have_text("2 h 15 min")
    translation = booked_row(page, "Translation")
    expect(translation).to_contain_text("booked without a timer")
    expect(translation).to_contain_text("From the old tracker")
    meetings = booked_row(page, "Internal meetings")
    expect(meetings).to_contain_text("set by hand: 1 h 30 min count in all")
    expect(meetings).to_contain_text("+30 min")
    go_offline(phone, proxy)
    change_booked(page, "Translation").get_by_label("Minutes").fill("50")
    save(page)
    change_booked(page, "Internal meetings").get_by_label("Minutes").fill("")
    expect(editor(page).get_by_role("button", name="Delete")).to_be_hidden()
    save(page)
    page.reload()
    expect(translation).to_contain_text("waiting")
    expect(translation).to_contain_text("50 min")
    go_online(phone, proxy)
    everything_sent(page)
    # Nothing but the sessions counts for the meetings again.
    expect(page.locator("#total")).to_have_text("1 h 50 min")
    sent = [request.attributes for request in demo.keyed_requests[-2:]]
    assert sent == [{"time": 50}, {"time": None}]


def test_booked_time_can_be_deleted_and_a_refused_change_is_shown(
    page: Page, demo: DemoServer, booked: str, monday: int
) -> None:
    log_in(page, RAVI)
    show_day(page, RAVI, monday)
    refusal = PeriodClosed("date", "2026-03-02", "The time entry is dated 2026-03-02.")
    demo.gateway.next_responses = [demo.gateway.refuse(refusal)]
    change_booked(page, "Translation").get_by_label("Minutes").fill("-1")
    editor(page).get_by_role("button", name="Save").click()
    expect(editor(page).get_by_role("alert")).to_contain_text("Enter whole minutes")
    editor(page).get_by_label("Minutes").fill("50")
    editor(page).get_by_label("Note").fill("Old")
    save(page)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("was not changed: the time up to 2 March 2026 is closed")
    expect(notice).to_contain_text("You entered: 50 minutes, “Old”.")
    notice.get_by_role("button", name="Try again").click()
    expect(notice).to_have_count(0)
    everything_sent(page)
    attributes = demo.send(RAVI, "GET", f"/time_entries/{booked}")["data"]["attributes"]
    assert (attributes["time"], attributes["note"]) == (50, "Old")
    form = change_booked(page, "Translation")
    page.once("dialog", lambda dialog: dialog.accept())
    form.get_by_role("button", name="Delete").click()
    expect(page.locator("#total")).to_have_text("1 h 30 min")
    everything_sent(page)
    expect(page.locator("#total")).to_have_text("1 h 30 min")
    response = demo.send(RAVI, "GET", f"/time_entries/{booked}")
    assert response["errors"][0]["code"] == "record_not_found"


def test_long_week_is_loaded_completely_and_a_long_day_stays_fast(
    page: Page, demo: DemoServer, monday: int
) -> None:
    # More than a page of the list, 100 of them on one day.
    for number in range(210):
        begun = monday + (DAY if number < 100 else 2 * DAY) + number % 100 * 10 * MINUTE
        if number >= 200:
            begun += 2 * DAY
        demo.record(RAVI, (TRANSLATION, MEETINGS)[number % 2], begun, begun + 5 * MINUTE)
    log_in(page, RAVI)
    show_day(page, RAVI, monday + DAY)
    expect(page.locator("#week-total")).to_have_text("17 h 30 min")
    expect(page.locator("#sessions li")).to_have_count(100)
    milliseconds = page.evaluate(
        """async () => {
          const { src } = document.querySelector("script[type=module]");
          const { tick } = await import(new URL("views.js", src));
          const begun = performance.now();
          for (let count = 0; count < 10; count += 1) tick();
          return (performance.now() - begun) / 10;
        }"""
    )
    # Each second, with or without a running timer.
    assert milliseconds < 50
