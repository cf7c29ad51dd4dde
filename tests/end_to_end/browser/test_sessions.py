"""Changing, adding and deleting sessions."""

import time
from datetime import datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from chalicelib.core.errors import PeriodClosed
from tests.end_to_end.browser.actions import (
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
    ANA,
    DESIGN,
    DEVELOPMENT,
    MEETINGS,
    RAVI,
    TRANSLATION,
    DemoServer,
)
from tests.support.clock import HOUR, MINUTE
from tests.support.tcp_proxy import TcpProxy


def test_start_end_and_service_of_a_session_can_be_changed(
    page: Page, demo: DemoServer, noon: int
) -> None:
    # The form shows minutes. What is not changed keeps its seconds.
    demo.record(RAVI, TRANSLATION, noon + 17, noon + HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    form = edit(page, "Translation")
    expect(form.get_by_label("Start")).to_have_value(form_time(RAVI, noon))
    form.get_by_label("End").fill(form_time(RAVI, noon + 45 * MINUTE))
    save(page)
    everything_sent(page)
    assert demo.worked(RAVI) == [(TRANSLATION, noon + 17, noon + 45 * MINUTE)]
    assert list(demo.keyed_requests[-1].attributes) == ["stopped_at"]
    edit(page, "Translation").get_by_label("Service").select_option("Internal meetings")
    save(page)
    expect(row(page, "Internal meetings")).to_be_visible()
    everything_sent(page)
    form = edit(page, "Internal meetings")
    form.get_by_label("Start").fill(form_time(RAVI, noon - HOUR))
    save(page)
    everything_sent(page)
    assert demo.worked(RAVI) == [(MEETINGS, noon - HOUR, noon + 45 * MINUTE)]
    assert demo.is_in_order()


def test_session_that_moves_to_another_service_joins_the_entry_of_that_day(
    page: Page, demo: DemoServer, noon: int
) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + 90)
    demo.record(RAVI, MEETINGS, noon + 100, noon + 190)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    edit(page, "Internal meetings").get_by_label("Service").select_option("Translation")
    save(page)
    everything_sent(page)
    (entry,) = demo.entries(RAVI)
    assert (entry.service_id, entry.tracked_seconds) == (TRANSLATION, 180)
    assert demo.is_in_order()


def test_running_session_can_be_changed_and_ended(page: Page, demo: DemoServer) -> None:
    log_in(page, ANA)
    ((_, began, _),) = [session for session in demo.worked(ANA) if session[2] is None]
    form = edit(page, "now")
    form.get_by_label("Start").fill(form_time(ANA, began - 10 * MINUTE))
    save(page)
    everything_sent(page)
    start = (began - 10 * MINUTE) // MINUTE * MINUTE
    assert demo.worked(ANA)[-1] == (DESIGN, start, None)
    edit(page, "now").get_by_label("End").fill(form_time(ANA, start + 5 * MINUTE))
    save(page)
    expect(page.locator("#work")).to_have_text("No timer is running")
    everything_sent(page)
    assert demo.worked(ANA)[-1] == (DESIGN, start, start + 5 * MINUTE)
    assert demo.is_in_order()


def test_session_can_be_added_between_others_also_offline(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, noon: int
) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + HOUR + 23)
    demo.record(RAVI, TRANSLATION, noon + 2 * HOUR, noon + 3 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    go_offline(phone, proxy)
    page.get_by_role("button", name="Add a session").click()
    editor(page).get_by_label("Service").select_option("Internal meetings")
    # The first session ended within this minute, so the new one begins at that second.
    editor(page).get_by_label("Start").fill(form_time(RAVI, noon + HOUR))
    editor(page).get_by_label("End").fill(form_time(RAVI, noon + 90 * MINUTE))
    save(page)
    expect(row(page, "Internal meetings")).to_contain_text("waiting")
    page.reload()
    go_online(phone, proxy)
    everything_sent(page)
    expected = (MEETINGS, noon + HOUR + 23, noon + 90 * MINUTE)
    assert demo.worked(RAVI)[1] == expected
    assert demo.methods == ["POST"]
    assert demo.is_in_order()


def test_session_can_be_deleted(page: Page, demo: DemoServer, noon: int) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + HOUR)
    demo.record(RAVI, MEETINGS, noon + HOUR, noon + 2 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    form = edit(page, "Translation")
    page.once("dialog", lambda dialog: dialog.accept())
    form.get_by_role("button", name="Delete").click()
    expect(row(page, "Translation")).to_have_count(0)
    everything_sent(page)
    # Lists that are loaded later do not show it either.
    page.reload()
    expect(row(page, "Internal meetings")).to_be_visible()
    expect(row(page, "Translation")).to_have_count(0)
    assert demo.worked(RAVI) == [(MEETINGS, noon + HOUR, noon + 2 * HOUR)]
    assert demo.is_in_order()


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_write_with_lost_response_is_repeated_with_the_same_key(
    page: Page, proxy: TcpProxy, demo: DemoServer, noon: int, method: str
) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    proxy.losing = f"{method} /api/v2/timers".encode()
    if method == "POST":
        page.get_by_role("button", name="Add a session").click()
        editor(page).get_by_label("Service").select_option("Translation")
        editor(page).get_by_label("Start").fill(form_time(RAVI, noon + 2 * HOUR))
        editor(page).get_by_label("End").fill(form_time(RAVI, noon + 3 * HOUR))
        save(page)
    elif method == "PATCH":
        edit(page, "Translation").get_by_label("End").fill(form_time(RAVI, noon + 30 * MINUTE))
        save(page)
    else:
        form = edit(page, "Translation")
        page.once("dialog", lambda dialog: dialog.accept())
        form.get_by_role("button", name="Delete").click()
    assert eventually(proxy.lost.is_set, page)
    proxy.losing = None
    everything_sent(page)
    first, *repeated = demo.keyed_requests
    assert repeated
    for request in repeated:
        assert (request.method, request.key, request.body) == (method, first.key, first.body)
        assert request.is_replayed
    expected = {
        "POST": [(noon, noon + HOUR), (noon + 2 * HOUR, noon + 3 * HOUR)],
        "PATCH": [(noon, noon + 30 * MINUTE)],
        "DELETE": [],
    }
    assert [times for _, *times in demo.worked(RAVI)] == [list(times) for times in expected[method]]
    assert demo.is_in_order()


def test_closed_period_is_explained(page: Page, demo: DemoServer, noon: int) -> None:
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    page.get_by_role("button", name="Add a session").click()
    editor(page).get_by_label("Service").select_option("Translation")
    editor(page).get_by_label("Start").fill(form_time(RAVI, noon))
    editor(page).get_by_label("End").fill(form_time(RAVI, noon + HOUR))
    # An admin closed the period a moment ago.
    date = form_time(RAVI, noon)[:10]
    last_day = f"{int(date[-2:])} {datetime.fromisoformat(date):%B %Y}"
    refusal = PeriodClosed("started_at", date, f"The session starts on {date}.")
    demo.gateway.next_responses = [demo.gateway.refuse(refusal)]
    save(page)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text(f"was not recorded: the time up to {last_day} is closed, ")
    # Nothing that was entered is lost.
    notice.get_by_role("button", name="Use other times").click()
    expect(editor(page).get_by_label("Start")).to_have_value(form_time(RAVI, noon))


def test_overlap_is_explained_and_nothing_that_was_entered_is_lost(
    page: Page, demo: DemoServer, noon: int
) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + HOUR)
    demo.record(RAVI, MEETINGS, noon + HOUR, noon + 2 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    end = form_time(RAVI, noon + 90 * MINUTE)
    edit(page, "Translation").get_by_label("End").fill(end)
    save(page)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("was not changed: it overlaps Internal meetings, ")
    page.reload()
    notice.get_by_role("button", name="Use other times").click()
    expect(editor(page).get_by_label("End")).to_have_value(end)
    # Closing the form keeps the notice.
    page.keyboard.press("Escape")
    expect(editor(page)).to_be_hidden()
    notice.get_by_role("button", name="Use other times").click()
    editor(page).get_by_label("End").fill(form_time(RAVI, noon + 50 * MINUTE))
    save(page)
    expect(page.locator("#notices")).to_be_empty()
    everything_sent(page)
    assert demo.worked(RAVI)[0] == (TRANSLATION, noon, noon + 50 * MINUTE)
    page.get_by_role("button", name="Add a session").click()
    editor(page).get_by_label("Service").select_option("Translation")
    editor(page).get_by_label("Start").fill(form_time(RAVI, noon + 90 * MINUTE))
    editor(page).get_by_label("End").fill(form_time(RAVI, noon + 3 * HOUR))
    save(page)
    expect(notice).to_contain_text("was not recorded: it overlaps Internal meetings, ")
    # Only its start is in the way, so one tap is enough.
    notice.get_by_role("button", name="instead").click()
    expect(notice).to_have_count(0)
    everything_sent(page)
    assert demo.worked(RAVI)[2] == (TRANSLATION, noon + 2 * HOUR, noon + 3 * HOUR)
    assert demo.is_in_order()


def test_form_says_what_is_wrong(page: Page, demo: DemoServer) -> None:
    log_in(page, RAVI)
    page.get_by_role("button", name="Add a session").click()
    now = int(time.time())
    for label in ("Start", "End"):
        editor(page).get_by_label(label).fill("")
    for label, text, problem in [
        ("Service", "Translation", "Choose a service."),
        ("Start", form_time(RAVI, now + HOUR), "Enter the start."),
        ("Start", form_time(RAVI, now - HOUR), "The start is in the future."),
        ("End", form_time(RAVI, now - 2 * HOUR), None),
        ("End", form_time(RAVI, now + HOUR), "The end is before the start."),
        ("End", form_time(RAVI, now - HOUR), "The end is in the future."),
    ]:
        if problem is not None:
            editor(page).get_by_role("button", name="Save").click()
            expect(editor(page).get_by_role("alert")).to_have_text(problem)
        field = editor(page).get_by_label(label)
        if label == "Service":
            field.select_option(text)
        else:
            field.fill(text)
    editor(page).get_by_role("button", name="Cancel").click()
    expect(editor(page)).to_be_hidden()
    assert demo.keyed_requests == []


def test_form_uses_the_time_zone_of_the_organization(
    page: Page, demo: DemoServer, noon: int
) -> None:
    demo.record(ANA, DEVELOPMENT, noon, noon + HOUR)
    log_in(page, ANA)
    show_day(page, ANA, noon)
    form = edit(page, "Development")
    expect(form.get_by_label("Start")).to_have_value(form_time(ANA, noon))
