"""Notes of time entries, and continuing an earlier session."""

import time

from playwright.sync_api import BrowserContext, Page, expect

from chalicelib.core.errors import PeriodClosed
from tests.end_to_end.browser.actions import (
    edit,
    editor,
    everything_sent,
    form_time,
    go_offline,
    go_online,
    log_in,
    row,
    save,
    show_day,
    start_on,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import (
    MEETINGS,
    RAVI,
    TRANSLATION,
    DemoServer,
)
from tests.support.clock import HOUR, MINUTE
from tests.support.tcp_proxy import TcpProxy


def notes(demo: DemoServer) -> list[tuple[int, str | None]]:
    return [(entry.service_id, entry.note) for entry in demo.entries(RAVI)]


def test_running_timer_gets_a_note_offline_with_its_start(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    start_on(page, "Translation")
    page.get_by_role("button", name="Add a note").click()
    note = editor(page).get_by_label("Note")
    expect(note).to_be_focused()
    note.fill("مسودة\nthe second line")
    save(page)
    expect(page.locator("#now-note")).to_have_text("مسودة\nthe second line")
    expect(page.locator("#now-note")).to_have_css("direction", "rtl")
    page.reload()
    expect(row(page, "Translation").locator(".note")).to_contain_text("the second line")
    go_online(phone, proxy)
    everything_sent(page)
    assert notes(demo) == [(TRANSLATION, "مسودة\nthe second line")]
    # One request: if the start is deleted, no empty time entry remains.
    assert demo.methods == ["POST"]
    page.get_by_role("button", name="Change the note").click()
    editor(page).get_by_label("Note").fill("")
    save(page)
    expect(page.get_by_role("button", name="Add a note")).to_be_visible()
    everything_sent(page)
    assert notes(demo) == [(TRANSLATION, None)]
    assert demo.is_in_order()


def test_sessions_of_a_service_on_a_day_share_their_note(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, noon: int
) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + 90)
    (entry,) = demo.entries(RAVI)
    again = {"data": {"attributes": {"time_entry_id": str(entry.id)}}}
    for begun in (noon + HOUR, noon + 2 * HOUR):
        times = {"started_at": iso(begun), "stopped_at": iso(begun + 60)}
        again["data"]["attributes"] |= times
        demo.send(RAVI, "POST", "/timers", again)
    demo.record(RAVI, MEETINGS, noon + 3 * HOUR, noon + 3 * HOUR + 60)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    go_offline(phone, proxy)
    row(page, "Translation").first.get_by_role("button", name="Change").click()
    expect(editor(page)).to_contain_text("all its sessions share one note")
    editor(page).get_by_label("Note").fill("x" * 2001)
    editor(page).get_by_role("button", name="Save").click()
    expect(editor(page).get_by_role("alert")).to_have_text(
        "The note has 2001 characters. It can have 2000."
    )
    editor(page).get_by_label("Note").fill("Chapter 3")
    save(page)
    expect(page.locator("#line")).to_contain_text("1 tap will be sent later")
    expect(page.locator("#sessions .note").filter(has_text="Chapter 3")).to_have_count(3)
    # A session that moves to this service gets this note, so the form shows it.
    form = edit(page, "Internal meetings")
    form.get_by_label("Service").select_option("Translation")
    expect(form.get_by_label("Note")).to_have_value("Chapter 3")
    save(page)
    go_online(phone, proxy)
    everything_sent(page)
    assert notes(demo) == [(TRANSLATION, "Chapter 3")]
    # Only the note is sent, never a time that may be old.
    assert demo.keyed_requests[0].attributes == {"note": "Chapter 3"}
    page.reload()
    expect(page.locator("#sessions .note").filter(has_text="Chapter 3")).to_have_count(4)
    assert demo.is_in_order()


def test_note_of_a_start_that_moved_to_another_service_follows_it(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    go_offline(phone, proxy)
    start_on(page, "Translation")
    form = edit(page, "Translation")
    form.get_by_label("Service").select_option("Internal meetings")
    form.get_by_label("Note").fill("Weekly")
    save(page)
    expect(page.locator("#now-note")).to_have_text("Weekly")
    go_online(phone, proxy)
    everything_sent(page)
    assert [note for note in notes(demo) if note[1]] == [(MEETINGS, "Weekly")]
    expect(page.locator("#now-note")).to_have_text("Weekly")
    assert demo.is_in_order()


def iso(timestamp: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(timestamp))


def test_refused_note_is_shown_and_kept(page: Page, demo: DemoServer, noon: int) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    # An admin closed the period a moment ago.
    refusal = PeriodClosed("date", "2026-03-02", "The time entry is dated 2026-03-02.")
    demo.gateway.next_responses = [demo.gateway.refuse(refusal)]
    edit(page, "Translation").get_by_label("Note").fill("Chapter 3")
    save(page)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("The note of Translation, “Chapter 3”, was not saved: the time")
    page.reload()
    notice.get_by_role("button", name="Change").click()
    expect(editor(page).get_by_label("Note")).to_have_value("Chapter 3")
    save(page)
    expect(page.locator("#notices")).to_be_empty()
    everything_sent(page)
    assert notes(demo) == [(TRANSLATION, "Chapter 3")]


def test_note_of_a_refused_change_stays_with_it(page: Page, demo: DemoServer, noon: int) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + HOUR)
    demo.record(RAVI, MEETINGS, noon + HOUR, noon + 2 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    form = edit(page, "Translation")
    form.get_by_label("End").fill(form_time(RAVI, noon + 90 * MINUTE))
    form.get_by_label("Note").fill("Chapter 3")
    save(page)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("was not changed: it overlaps Internal meetings, ")
    assert notes(demo) == [(TRANSLATION, None), (MEETINGS, None)]
    notice.get_by_role("button", name="Use other times").click()
    expect(editor(page).get_by_label("Note")).to_have_value("Chapter 3")


def test_session_is_continued_with_its_note(page: Page, demo: DemoServer, noon: int) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + HOUR)
    demo.record(RAVI, MEETINGS, noon + HOUR, noon + 2 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    for name, text in (("Translation", "Chapter 3"), ("Internal meetings", "Weekly")):
        edit(page, name).get_by_label("Note").fill(text)
        save(page)
    everything_sent(page)
    page.get_by_role("button", name="Continue Translation").click()
    expect(page.locator("#work")).to_have_text("Translation")
    expect(page.locator("#now-note")).to_have_text("Chapter 3")
    everything_sent(page)
    expect(page.get_by_role("button", name="Continue Translation")).to_have_count(0)
    # The entry of today has its own note, which stays.
    start_on(page, "Internal meetings")
    page.get_by_role("button", name="Add a note").click()
    editor(page).get_by_label("Note").fill("Today")
    save(page)
    stop_it(page)
    page.get_by_role("button", name="Continue Internal meetings").click()
    expect(page.locator("#now-note")).to_have_text("Today")
    everything_sent(page)
    assert sorted(notes(demo), key=str) == [
        (TRANSLATION, "Chapter 3"),
        (TRANSLATION, "Chapter 3"),
        (MEETINGS, "Today"),
        (MEETINGS, "Weekly"),
    ]
    assert demo.is_in_order()
