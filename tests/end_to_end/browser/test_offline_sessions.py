"""What the app sends for sessions that were tapped offline: requests, clocks and time entries."""

import time
from datetime import datetime

from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.browser.actions import (
    editor,
    everything_sent,
    form_time,
    go_offline,
    go_online,
    log_in,
    service,
    start_on,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    DESIGN,
    DEVELOPMENT,
    MEETINGS,
    RAVI,
    TRANSLATION,
    DemoServer,
    rfc3339,
)
from tests.support.clock import DAY, HOUR, MINUTE
from tests.support.tcp_proxy import TcpProxy


def test_offline_session_is_sent_as_one_request(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    now = int(time.time())
    log_in(page, RAVI)
    go_offline(phone, proxy)
    phone.clock.set_system_time(now - 50 * MINUTE)
    start_on(page, "Translation")
    phone.clock.set_system_time(now - 20 * MINUTE)
    stop_it(page)
    expect(page.locator("#line")).to_contain_text("2 taps will be sent later")
    phone.clock.set_system_time(time.time())
    go_online(phone, proxy)
    everything_sent(page)
    (request,) = demo.keyed_requests
    assert request.method == "POST"
    assert sorted(request.attributes) == ["service_id", "started_at", "stopped_at"]
    ((work, begun, ended),) = demo.worked(RAVI)
    assert work == TRANSLATION
    assert ended is not None
    assert now - 50 * MINUTE - 1 <= begun <= now - 49 * MINUTE
    assert now - 20 * MINUTE - 1 <= ended <= now - 19 * MINUTE
    assert demo.is_in_order()


def test_offline_switches_stop_the_running_timer_and_leave_the_last_one_running(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    now = int(time.time())
    log_in(page, ANA)
    go_offline(phone, proxy)
    phone.clock.set_system_time(now - 20 * MINUTE)
    start_on(page, "Development")
    phone.clock.set_system_time(now - 10 * MINUTE)
    start_on(page, "Design")
    expect(page.locator("#line")).to_contain_text("2 taps will be sent later")
    phone.clock.set_system_time(time.time())
    go_online(phone, proxy)
    everything_sent(page)
    stop, development, design = demo.keyed_requests
    assert stop.target.startswith("/api/v2/timers/10/stop")
    assert (development.method, design.method) == ("POST", "POST")
    assert "stopped_at" in development.attributes
    assert "stopped_at" not in design.attributes
    *_, first, second, third = demo.worked(ANA)
    assert [work for work, _, _ in (first, second, third)] == [DESIGN, DEVELOPMENT, DESIGN]
    assert (first[2], second[2], third[2]) == (second[1], third[1], None)
    expect(page.locator("#notices")).to_be_empty()
    assert demo.is_in_order()


def test_every_write_says_when_it_is_sent(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    phone.clock.set_system_time(time.time() - HOUR)
    start_on(page, "Translation")
    expect(page.locator("#line")).to_contain_text("1 tap")
    phone.clock.set_system_time(time.time())
    go_online(phone, proxy)
    everything_sent(page)
    stop_it(page)
    everything_sent(page)
    assert demo.methods == ["POST", "PATCH"]
    for request in demo.keyed_requests:
        sent = datetime.fromisoformat(request.headers["client-time"]).timestamp()
        assert abs(sent - request.received_at) < 10
    ((_, start, _),) = demo.worked(RAVI)
    assert time.time() - HOUR - MINUTE < start < time.time() - HOUR + MINUTE


def test_clock_that_changes_while_offline_records_the_right_times(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    # Somebody sets the clock of the phone back by a year.
    phone.clock.set_system_time(time.time() - 365 * DAY)
    before = time.time()
    start_on(page, "Translation")
    page.reload()
    start_on(page, "Internal meetings")
    expect(page.locator("#line")).to_contain_text("2 taps")
    go_online(phone, proxy)
    everything_sent(page)
    (_, first, switched), (_, second, ended) = demo.worked(RAVI)
    assert (switched, ended) == (second, None)
    assert before - 5 <= first <= second <= time.time() + 5
    expect(page.locator("#notices")).to_be_empty()
    assert demo.is_in_order()


def test_ten_sessions_of_90_seconds_make_15_minutes_of_one_entry(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    # Noon of yesterday: all sessions are on the same day.
    noon = demo.midnight(RAVI, int(time.time())) - DAY // 2
    for number in range(10):
        phone.clock.set_fixed_time(noon + number * 5 * MINUTE)
        start_on(page, "Translation")
        phone.clock.set_fixed_time(noon + number * 5 * MINUTE + 90)
        stop_it(page)
    expect(page.locator("#total")).to_have_text("15 min")
    phone.clock.set_system_time(time.time())
    go_online(phone, proxy)
    everything_sent(page)
    assert demo.methods == ["POST"] * 10
    (entry,) = demo.entries(RAVI)
    assert (entry.tracked_seconds, entry.timer_count) == (900, 10)
    path = f"/time_entries/{entry.id}"
    assert demo.send(RAVI, "GET", path)["data"]["attributes"]["time"] == 15
    assert demo.is_in_order()


def test_second_start_continues_the_entry_of_the_day(page: Page, demo: DemoServer) -> None:
    log_in(page, RAVI)
    # The app has not seen the session of the other device.
    now = int(time.time())
    demo.record(RAVI, TRANSLATION, max(demo.midnight(RAVI, now), now - 90), now - 1)
    for _ in range(2):
        start_on(page, "Translation")
        stop_it(page)
        everything_sent(page)
    (entry,) = demo.entries(RAVI)
    assert entry.timer_count == 3
    start_on(page, "Internal meetings")
    everything_sent(page)
    assert [one.service_id for one in demo.entries(RAVI)] == [TRANSLATION, MEETINGS]
    # One search for each service, and none for an entry that is known.
    assert len([path for path in demo.paths if "filter%5Bservice_id%5D" in path]) == 2


def test_start_on_a_deleted_entry_makes_a_new_one(page: Page, demo: DemoServer) -> None:
    log_in(page, RAVI)
    start_on(page, "Translation")
    stop_it(page)
    everything_sent(page)
    (entry,) = demo.entries(RAVI)
    demo.send(RAVI, "DELETE", f"/time_entries/{entry.id}")
    start_on(page, "Translation")
    everything_sent(page)
    expect(page.locator("#notices")).to_be_empty()
    (recreated,) = demo.entries(RAVI)
    assert recreated.id != entry.id
    assert demo.is_in_order()


def test_work_on_an_archived_service_can_move_to_another_one(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    now = int(time.time())
    created = demo.send(ANA, "POST", "/services", {"data": {"attributes": {"name": "Editing"}}})
    stopped = {"data": {"attributes": {"stopped_at": rfc3339(now - 15 * MINUTE)}}}
    demo.send(ANA, "PATCH", "/timers/10/stop", stopped)
    log_in(page, ANA)
    go_offline(phone, proxy)
    # Not near the border of a minute: the app knows the clock of the server to the second only.
    begun = now // MINUTE * MINUTE - 10 * MINUTE + 30
    phone.clock.set_system_time(begun)
    start_on(page, "Editing")
    phone.clock.set_system_time(time.time())
    stop_it(page)
    expect(page.locator("#line")).to_contain_text("2 taps")
    demo.send(ANA, "PATCH", f"/services/{created['data']['id']}/archive")
    go_online(phone, proxy)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("Editing, ")
    expect(notice).to_contain_text("was not recorded: this service is ")
    everything_sent(page)
    page.reload()
    notice.get_by_role("button", name="Choose another service").click()
    form = editor(page)
    expect(form.get_by_label("Start")).to_have_value(form_time(ANA, begun))
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_have_text("Choose a service.")
    # The app no longer offers the archived service.
    assert form.get_by_role("option").all_inner_texts() == [
        "Choose a service",
        "Design",
        "Development",
    ]
    form.get_by_label("Service").select_option("Development")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#notices")).to_be_empty()
    everything_sent(page)
    work, start, end = demo.worked(ANA)[-1]
    assert (work, end is not None) == (DEVELOPMENT, True)
    assert begun - 1 <= start <= begun + MINUTE
    expect(service(page, "Editing")).to_have_count(0)
    assert demo.is_in_order()


def test_times_of_a_refused_action_are_by_the_clock_of_the_server(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    created = demo.send(ANA, "POST", "/services", {"data": {"attributes": {"name": "Editing"}}})
    log_in(page, ANA)
    stop_it(page)
    everything_sent(page)
    go_offline(phone, proxy)
    # The clock of the phone is wrong now, and the app cannot know.
    phone.clock.set_system_time(time.time() - DAY)
    begun = int(time.time())
    start_on(page, "Editing")
    stop_it(page)
    expect(page.locator("#line")).to_contain_text("2 taps")
    demo.send(ANA, "PATCH", f"/services/{created['data']['id']}/archive")
    go_online(phone, proxy)
    page.locator("#notices").get_by_role("button", name="Choose another service").click()
    minutes = [form_time(ANA, begun + seconds) for seconds in (-1, 0, 30)]
    assert editor(page).get_by_label("Start").input_value() in minutes
