"""Timers that a limit stopped, and sessions of earlier days."""

import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.browser.actions import (
    DASH,
    editor,
    everything_sent,
    form_time,
    go_offline,
    go_online,
    log_in,
    row,
    save,
    show_day,
    stop_it,
    weekday,
)
from tests.end_to_end.browser.browser_fixtures import (
    MEETINGS,
    RAVI,
    TRANSLATION,
    DemoServer,
    start_beyond_the_limit,
)
from tests.support.clock import HOUR, MINUTE
from tests.support.tcp_proxy import TcpProxy


@pytest.mark.parametrize("hours", [1, 13], ids=["earlier", "later"])
def test_person_can_say_when_an_automatically_stopped_session_ended(
    page: Page, demo: DemoServer, hours: int
) -> None:
    start = start_beyond_the_limit(demo)
    log_in(page, RAVI)
    show_day(page, RAVI, start)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("was stopped by a limit. When did it really end?")
    expect(row(page, "Translation")).to_contain_text("stopped by a limit")
    notice.get_by_role("button", name="Say when it ended").click()
    editor(page).get_by_label("End").fill(form_time(RAVI, start + hours * HOUR))
    save(page)
    expect(page.locator("#notices")).to_be_empty()
    everything_sent(page)
    assert demo.worked(RAVI)[0] == (TRANSLATION, start, start + hours * HOUR)
    expect(row(page, "Translation")).not_to_contain_text("stopped by a limit")
    assert demo.is_in_order()


def test_person_can_confirm_an_automatic_stop(page: Page, demo: DemoServer) -> None:
    start = start_beyond_the_limit(demo)
    log_in(page, RAVI)
    show_day(page, RAVI, start)
    page.locator("#notices").get_by_role("button", name="It ended then").click()
    expect(page.locator("#notices")).to_be_empty()
    page.reload()
    expect(row(page, "Translation")).to_contain_text("stopped by a limit")
    expect(page.locator("#notices")).to_be_empty()
    assert demo.worked(RAVI)[0] == (TRANSLATION, start, start + 12 * HOUR)


def test_stop_after_the_limit_can_be_recorded(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    start = int(time.time()) // MINUTE * MINUTE - 15 * HOUR
    demo.start(RAVI, TRANSLATION, start)
    log_in(page, RAVI)
    go_offline(phone, proxy)
    phone.clock.set_system_time(start + 13 * HOUR)
    stop_it(page)
    expect(page.locator("#line")).to_contain_text("1 tap")
    # Another device switches; this ends the timer at its limit.
    demo.start(RAVI, MEETINGS, start + 14 * HOUR)
    phone.clock.set_system_time(time.time())
    go_online(phone, proxy)
    notice = page.locator("#notices li")
    expect(notice).to_have_count(1)
    expect(notice).to_contain_text("Translation was stopped by a limit at ")
    notice.get_by_role("button", name="Say when it ended").click()
    # The form has the time of the tap.
    save(page)
    expect(page.locator("#notices")).to_be_empty()
    everything_sent(page)
    first, _ = demo.worked(RAVI)
    assert first[:2] == (TRANSLATION, start)
    assert first[2] is not None
    assert start + 13 * HOUR - 1 <= first[2] <= start + 13 * HOUR + 60
    assert demo.is_in_order()


def test_session_from_yesterday_counts_with_the_part_of_today(page: Page, demo: DemoServer) -> None:
    now = int(time.time())
    midnight = demo.midnight(RAVI, now)
    ended = midnight + (now - midnight) // 2
    demo.record(RAVI, TRANSLATION, midnight - 40 * MINUTE, ended)
    demo.record(RAVI, MEETINGS, midnight - 2 * HOUR, midnight - HOUR)
    log_in(page, RAVI)
    yesterday = weekday(RAVI, midnight - HOUR)
    expect(page.locator("#sessions li")).to_have_count(1)
    expect(page.locator("#sessions li")).to_contain_text(f"{yesterday} ")
    expect(page.locator("#sessions li")).to_contain_text(f"23:20 {DASH} ")
    minutes = (ended - midnight + 30) // 60
    shown = f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"
    expect(page.locator("#sessions li")).to_contain_text(f"· {shown} today")
    expect(page.locator("#total")).to_have_text(shown)
    show_day(page, RAVI, midnight - HOUR)
    expect(page.locator("#sessions li")).to_have_count(2)
    expect(row(page, "Internal meetings")).to_contain_text(f"22:00 {DASH} 23:00")
    expect(row(page, "Translation")).to_contain_text("· 40 min on this day")
    expect(page.locator("#total")).to_have_text("1 h 40 min")


def test_running_session_from_yesterday_shows_its_day(page: Page, demo: DemoServer) -> None:
    now = int(time.time())
    midnight = demo.midnight(RAVI, now)
    demo.start(RAVI, TRANSLATION, midnight - HOUR)
    log_in(page, RAVI)
    yesterday = weekday(RAVI, midnight - HOUR)
    expect(page.locator("#since")).to_contain_text(f"since {yesterday} ")
    expect(page.locator("#sessions li")).to_contain_text(f"23:00 {DASH} now")
