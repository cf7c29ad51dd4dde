"""Timers that a limit stops: said before, at the moment, and after a long absence."""

import time
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import BrowserContext, Page, expect

from chalicelib.dynamodb.database import Database
from chalicelib.organizations.model import Organization
from chalicelib.timers.limits import limits_of
from tests.end_to_end.browser.actions import (
    edit,
    editor,
    everything_sent,
    form_time,
    go_offline,
    hold_responses,
    holds,
    log_in,
    row,
    save,
    service,
    start_on,
    stop,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    MEETINGS,
    ORGANIZATIONS,
    RAVI,
    TRANSLATION,
    DemoServer,
    rfc3339,
)
from tests.end_to_end.browser.test_pure_functions import call, session
from tests.end_to_end.browser.test_stored_data import put
from tests.support.clock import HOUR, MINUTE
from tests.support.fixtures import put_all
from tests.support.tcp_proxy import TcpProxy
from tools.devserver.demo_data import ZAGREB

DAY = 24 * HOUR


def time_of(person_id: int, timestamp: int) -> str:
    """The time of day as the page shows it."""
    return form_time(person_id, timestamp)[-5:]


# Around both changes of clocks in Zagreb, at a time that they skip or repeat, and elsewhere.
STARTS = [
    *range(1743289200, 1743289200 + 8 * HOUR, 35 * MINUTE),
    *range(1761429600, 1761429600 + 8 * HOUR, 35 * MINUTE),
    1772445600,
]


@pytest.mark.parametrize("time_of_day", [None, "02:30", "19:00"])
def test_limits_are_those_of_the_server(page: Page, time_of_day: str | None) -> None:
    organization = replace(ZAGREB, auto_stop_after=30 * HOUR, auto_stop_at_time=time_of_day)
    account = {
        "organization": {
            "zone": organization.time_zone,
            "autoStopAfter": organization.auto_stop_after,
            "autoStopAtTime": time_of_day,
        },
        "person": {"zone": None, "autoStopAtTime": None},
    }
    for start in STARTS:
        expected = limits_of(start, organization, None).auto_stop_at
        assert call(page, "limits.js", "limitOf", start, account) == expected, start


# Stops Ravi's timers after an hour.
HOURLY = {
    "organization": {"zone": "UTC", "autoStopAfter": HOUR, "autoStopAtTime": None},
    "person": {"zone": None, "autoStopAtTime": None},
}

END_AT_LIMITS = """async ([timers, actions, account, refreshedAt, now]) => {
  const { src } = document.querySelector("script[type=module]");
  const { applyActions } = await import(new URL("day.js", src));
  const { endAtLimits } = await import(new URL("limits.js", src));
  return endAtLimits(applyActions(timers, actions), account, refreshedAt, now);
}"""


def ends(page: Page, *actions: dict[str, Any], refreshed: int = 0) -> list[tuple[Any, bool]]:
    """The end of a timer that started at 0, and whether a limit stopped it; then the others."""
    parameters = [[session(0, None)], actions, HOURLY, refreshed, 2 * HOUR]
    shown = page.evaluate(END_AT_LIMITS, parameters)
    return [(one["stopped"], bool(one.get("isAutoStopped"))) for one in shown]


def test_only_a_queued_edit_leaves_the_limit_to_the_server(page: Page) -> None:
    note = {"kind": "note", "key": "n", "timer": "0", "note": "Chapter 3"}
    edit = {"kind": "edit", "key": "e", "timer": "0", "changes": {"started": 0}}
    assert ends(page) == [(HOUR, True)]
    assert ends(page, note) == [(HOUR, True)]
    assert ends(page, edit, note) == [(None, False)]


def test_start_after_a_limit_does_not_lengthen_the_stopped_timer(page: Page) -> None:
    service = {"id": "2", "name": "Editing"}
    start = {"kind": "start", "key": "s", "service": service, "at": HOUR + 20 * MINUTE}
    assert ends(page, start) == [(HOUR, True), (None, False)]
    # The server says that it runs on: its limit was another one.
    running_on = [(start["at"], False), (None, False)]
    assert ends(page, start, refreshed=HOUR + 11 * MINUTE) == running_on
    early = start | {"at": HOUR - MINUTE}
    assert ends(page, early) == [(HOUR - MINUTE, False), (None, False)]
    end = {"kind": "edit", "key": "e", "timer": "0", "changes": {"stopped": 70 * MINUTE}}
    assert ends(page, start, end) == [(70 * MINUTE, False), (None, False)]


def test_card_says_when_the_timer_stops_and_stops_it_at_that_moment(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, ANA)
    start = demo.worked(ANA)[-1][1]
    limit = start + 12 * HOUR
    card = page.locator("#limit")
    expect(card).to_contain_text("It stops by itself at ")
    expect(card).to_contain_text(time_of(ANA, limit))
    go_offline(phone, proxy)
    phone.clock.set_system_time(limit - 10 * MINUTE)
    expect(card).to_contain_text("It stops by itself soon, at ")
    expect(page.locator("#work")).to_have_text("Design")
    phone.clock.set_system_time(limit + MINUTE)
    expect(page.locator("#work")).to_have_text("No timer is running")
    expect(card).to_be_empty()
    expect(stop(page)).to_be_disabled()
    expect(service(page, "Design")).to_have_attribute("aria-pressed", "false")
    expect(row(page, "stopped by a limit")).to_have_count(1)
    expect(page.locator("#notices li")).to_contain_text("When did it really end?")
    # The person goes on: this is a new session, although the server has not stopped the old one.
    start_on(page, "Design")
    expect(page.locator("#clock")).to_contain_text("0:0")
    expect(row(page, "stopped by a limit")).to_have_count(1)
    expect(page.locator("#notices li")).to_contain_text("When did it really end?")


def test_start_after_a_limit_does_not_lengthen_the_timer_until_the_lists_arrive(
    page: Page, demo: DemoServer
) -> None:
    started = int(time.time()) // 60 * 60 - 12 * HOUR - 5 * MINUTE
    demo.start(RAVI, TRANSLATION, started)
    log_in(page, RAVI)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text(time_of(RAVI, started + 12 * HOUR))
    hold_responses(page, "GET", "/timers")
    start_on(page, "Internal meetings")
    holds(page)
    expect(page.locator(".waiting")).to_have_count(0)
    expect(notice).to_contain_text(time_of(RAVI, started + 12 * HOUR))


def test_end_is_recorded_before_the_server_has_stopped_the_timer(
    page: Page, demo: DemoServer, database: Database
) -> None:
    set_limit(database, 20 * MINUTE)
    log_in(page, RAVI)
    start = int(time.time()) // MINUTE * MINUTE - 21 * MINUTE
    demo.start(RAVI, TRANSLATION, start)
    page.reload()
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("Translation, ")
    notice.get_by_role("button", name="Say when it ended").click()
    editor(page).get_by_label("End").fill(form_time(RAVI, start + 5 * MINUTE))
    editor(page).get_by_role("button", name="Save").click()
    expect(notice).to_have_count(0)
    everything_sent(page)
    assert demo.worked(RAVI) == [(TRANSLATION, start, start + 5 * MINUTE)]
    assert demo.is_in_order()


def test_note_of_a_timer_that_its_limit_has_stopped_records_no_end(
    page: Page, demo: DemoServer, database: Database
) -> None:
    set_limit(database, 20 * MINUTE)
    log_in(page, RAVI)
    demo.start(RAVI, TRANSLATION, int(time.time()) - 21 * MINUTE)
    page.reload()
    expect(row(page, "stopped by a limit")).to_have_count(1)
    edit(page, "Translation").get_by_label("Note").fill("Chapter 3")
    save(page)
    everything_sent(page)
    assert [request.attributes for request in demo.keyed_requests] == [{"note": "Chapter 3"}]
    expect(page.locator("#work")).to_have_text("No timer is running")
    expect(row(page, "stopped by a limit")).to_contain_text("Chapter 3")


def set_limit(database: Database, seconds: int) -> None:
    organization = database.get(Organization, ORGANIZATIONS[RAVI], ORGANIZATIONS[RAVI])
    assert organization is not None
    put_all(replace(organization, auto_stop_after=seconds))


def test_timer_that_still_runs_long_after_its_supposed_limit_is_shown_as_running(
    page: Page, demo: DemoServer, database: Database
) -> None:
    """The limit was another one when it started."""
    start = int(time.time()) - 3 * HOUR
    demo.start(RAVI, TRANSLATION, start)
    set_limit(database, HOUR)
    log_in(page, RAVI)
    expect(page.locator("#work")).to_have_text("Translation")
    expect(page.locator("#limit")).to_be_empty()
    expect(page.locator("#notices")).to_be_empty()


def test_automatic_stop_is_asked_about_after_a_long_absence(page: Page, demo: DemoServer) -> None:
    log_in(page, RAVI)
    page.evaluate(SET_VALUE, ["refreshedAt", int(time.time()) - 11 * DAY])
    start = int(time.time()) // MINUTE * MINUTE - 10 * DAY
    demo.start(RAVI, TRANSLATION, start)
    later = demo.start(RAVI, MEETINGS, start + 13 * HOUR)
    end = {"data": {"attributes": {"stopped_at": rfc3339(start + 14 * HOUR)}}}
    demo.send(RAVI, "PATCH", f"/timers/{later}/stop", end)
    page.reload()
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("was stopped by a limit. When did it really end?")
    # It stays until the person answers, also after the next loads.
    page.evaluate("dispatchEvent(new Event('online'))")
    everything_sent(page)
    page.reload()
    notice.get_by_role("button", name="Say when it ended").click()
    editor(page).get_by_label("End").fill(form_time(RAVI, start + 8 * HOUR))
    editor(page).get_by_role("button", name="Save").click()
    expect(notice).to_have_count(0)
    everything_sent(page)
    assert demo.worked(RAVI)[0] == (TRANSLATION, start, start + 8 * HOUR)
    assert demo.is_in_order()


SET_VALUE = """([name, value]) => new Promise((resolve) => {
  const opening = indexedDB.open("stint-pocket");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("facts", "readwrite");
    transaction.objectStore("facts").put(value, name);
    transaction.oncomplete = () => { opening.result.close(); resolve(); };
  };
})"""


def test_dismissed_notice_of_an_automatic_stop_is_not_asked_again(
    page: Page, demo: DemoServer
) -> None:
    start = int(time.time()) - 14 * HOUR
    timer = demo.start(RAVI, TRANSLATION, start)
    demo.start(RAVI, MEETINGS, start + 13 * HOUR)
    log_in(page, RAVI)
    stopped = {
        "id": timer,
        "service": {"id": str(TRANSLATION), "name": "Translation"},
        "entry": None,
        "started": start,
        "stopped": start + 12 * HOUR,
        "isAutoStopped": True,
    }
    put(page, "notices", {"key": "k", "kind": "stopped", "timer": stopped, "at": start + 13 * HOUR})
    page.reload()
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("was stopped by a limit at ")
    expect(notice).to_contain_text(", before your stop at ")
    notice.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#notices")).to_be_empty()
