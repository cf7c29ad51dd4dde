"""Refused actions: every error has words for people, and an answer that keeps the person's time."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chalicelib.core import errors
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import PeriodClosed
from chalicelib.core.reasons import Reason
from chalicelib.registry import build_routes
from tests.end_to_end.browser.actions import (
    DASH,
    edit,
    editor,
    everything_sent,
    form_time,
    go_offline,
    go_online,
    log_in,
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

NOW = 1_772_445_600
"""Monday, 2 March 2026, 10:00 UTC."""

ROUTES = {
    "start": "start_timer",
    "add": "start_timer",
    "edit": "update_timer",
    "stop": "stop_timer",
    "delete": "delete_timer",
}
"""The operation of each kind of action."""

RETRIED = {"rate_limited", "unavailable", "server_error", "conflict", "invalid_auth_token"}
"""The page repeats these requests by itself, or asks for a new login."""

ATTRIBUTES = ("service", "time_entry", "person", "started_at", "stopped_at", "note", "colour")

TABLE = """async ([notices, now]) => {
  const { src } = document.querySelector("script[type=module]");
  const refusals = await import(new URL("refusals.js", src));
  const view = { sessions: [], services: [], zone: "Europe/Zagreb" };
  return notices.map((notice) => ({
    text: refusals.textOfRefusal(notice, view.zone, now),
    answers: refusals.answersTo(notice, view, now).map(({ kind, label }) => [kind, label]),
    question: refusals.questionBefore(notice, view.zone),
  }));
}"""


def notice_of(kind: str, code: str, attribute: str | None = None, **others: Any) -> dict[str, Any]:
    """A notice as the sender stores it."""
    session = {
        "id": None if kind in ("start", "add") else "10",
        "service": {"id": "1", "name": "Design"},
        "started": NOW - HOUR,
        "stopped": None if kind == "start" else NOW,
    }
    return {
        "key": "k",
        "kind": "refused",
        "refusedKind": kind,
        "session": session,
        "code": code,
        "pointer": f"data/attributes/{attribute}" if attribute else None,
        "words": "attribute is invalid"
        if attribute == "service"
        else "Nothing can be said about it.",
        "action": {"key": "k", "kind": kind},
        "dependents": [],
    } | others


def all_refusals(dependencies: Dependencies) -> list[dict[str, Any]]:
    """A notice for each error that the routes of the actions declare, and each value."""
    codes = {
        route.name: {error.code for error in route.errors} for route in build_routes(dependencies)
    }
    notices = []
    for kind, route in ROUTES.items():
        for code in sorted(codes[route] - RETRIED):
            if code == "invalid_attribute":
                notices += [notice_of(kind, code, attribute) for attribute in ATTRIBUTES]
            elif code == "period_closed":
                notices.append(notice_of(kind, code, "started_at", reason="2026-03-31"))
            else:
                notices.append(notice_of(kind, code))
    notices += [
        notice_of("add", "invalid_attribute", "service", reason=reason.value) for reason in Reason
    ]
    return [*notices, notice_of("add", "brand_new"), notice_of("edit", "brand_new")]


def is_quoted(notice: dict[str, Any]) -> bool:
    """Whether the page has no words of its own that say as much as the server's."""
    unclear = {"brand_new", *(error.code for error in OUTDATED)}
    return notice["code"] in unclear or (notice["pointer"] or "").endswith("colour")


OUTDATED = (
    errors.IdConflict,
    errors.InvalidHeader,
    errors.InvalidParameter,
    errors.MalformedDocument,
    errors.MethodNotAllowed,
    errors.NotAcceptable,
    errors.RouteNotFound,
    errors.TypeConflict,
    errors.UnsupportedInclude,
    errors.UnsupportedMediaType,
)
"""Errors of a page and a server that do not fit each other."""


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_every_declared_error_has_words_and_an_answer(
    browser: Browser, proxy: TcpProxy, dependencies: Dependencies, language: str
) -> None:
    context = browser.new_context(locale=language, base_url=proxy.url)
    page = context.new_page()
    page.goto("/app/")
    notices = all_refusals(dependencies)
    assert len({notice["code"] for notice in notices}) > 12
    results = page.evaluate(TABLE, [notices, NOW])
    context.close()
    for notice, result in zip(notices, results, strict=True):
        text, kinds = result["text"], {kind for kind, _ in result["answers"]}
        # Only a code that the page does not know, and what only the server can explain, are quoted.
        own_words = re.sub(r"[“„].*?[”“]", "", text)
        assert "undefined" not in text + str(result["answers"]), notice
        assert not re.search(r"[a-z]_[a-z]|/|`|attribute is invalid", own_words), (notice, text)
        assert "copy" in kinds, notice
        assert kinds & {"place", "form", "retry"}, notice
        if notice["refusedKind"] != "delete":
            assert result["question"], notice
        assert ("Nothing can be said about it." in text) is is_quoted(notice), notice


def test_times_are_refused_with_what_is_wrong(page: Page) -> None:
    def text(started: int, stopped: int | None) -> str:
        notice = notice_of("add", "invalid_attribute", "started_at")
        notice["session"] |= {"started": started, "stopped": stopped}
        (result,) = page.evaluate(TABLE, [[notice], NOW])
        assert "retry" not in dict(result["answers"])
        words: str = result["text"]
        return words

    assert "its start is in the future" in text(NOW + HOUR, NOW + 2 * HOUR)
    assert "its end is in the future" in text(NOW - HOUR, NOW + HOUR)
    assert "its end is before its start" in text(NOW - HOUR, NOW - 2 * HOUR)
    assert "at most 31 days ago" in text(NOW - 32 * 24 * HOUR, None)
    assert "can last at most 31 days" in text(NOW - 40 * 24 * HOUR, NOW - HOUR)


def test_free_parts_of_a_session(page: Page) -> None:
    def parts(started: int, stopped: int | None, *others: tuple[int, int | None]) -> Any:
        busy = [
            {"id": str(index), "started": begin, "stopped": end}
            for index, (begin, end) in enumerate(others)
        ]
        found = page.evaluate(
            """async (parameters) => {
              const { src } = document.querySelector("script[type=module]");
              return (await import(new URL("gaps.js", src))).freeParts(...parameters);
            }""",
            [{"id": None, "started": started, "stopped": stopped}, busy, 10_000],
        )
        return [(part["started"], part["stopped"]) for part in found]

    assert parts(1000, 2000, (1200, 1400), (3000, None)) == [(1000, 1200), (1400, 2000)]
    assert parts(1000, 2000, (900, 1500), (1800, 2500)) == [(1500, 1800)]
    assert parts(1000, 2000, (1300, 1700), (1200, 1900)) == [(1000, 1200), (1900, 2000)]
    assert parts(1000, 2000, (500, None)) == []
    # A running session goes on after the last one that is over.
    assert parts(1000, None, (1200, 1400)) == [(1000, 1200), (1400, None)]
    assert parts(1000, None, (1200, None)) == [(1000, 1200)]
    # Less than a minute is not offered.
    assert parts(1000, 2000, (1030, 2000)) == []


def add(page: Page, start: int, end: int) -> None:
    page.get_by_role("button", name="Add a session").click()
    editor(page).get_by_label("Service").select_option("Translation")
    editor(page).get_by_label("Start").fill(form_time(RAVI, start))
    editor(page).get_by_label("End").fill(form_time(RAVI, end))
    save(page)


def test_session_over_others_is_recorded_in_the_free_times(
    page: Page, demo: DemoServer, noon: int
) -> None:
    demo.record(RAVI, MEETINGS, noon + HOUR, noon + 2 * HOUR)
    demo.record(RAVI, MEETINGS, noon + 3 * HOUR, noon + 4 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    add(page, noon, noon + 5 * HOUR)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("was not recorded: it overlaps Internal meetings, ")
    button = notice.get_by_role("button", name=re.compile(r"^Record "))
    expect(button).to_contain_text(DASH)
    button.click()
    expect(notice).to_have_count(0)
    everything_sent(page)
    assert [times for service, *times in demo.worked(RAVI) if service == TRANSLATION] == [
        [noon, noon + HOUR],
        [noon + 2 * HOUR, noon + 3 * HOUR],
        [noon + 4 * HOUR, noon + 5 * HOUR],
    ]
    assert demo.is_in_order()


def test_edit_into_the_next_session_can_end_at_its_start(
    page: Page, demo: DemoServer, noon: int
) -> None:
    demo.record(RAVI, TRANSLATION, noon, noon + HOUR)
    demo.record(RAVI, MEETINGS, noon + 2 * HOUR, noon + 3 * HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    edit(page, "Translation").get_by_label("End").fill(form_time(RAVI, noon + 150 * MINUTE))
    save(page)
    notice = page.locator("#notices li")
    notice.get_by_role("button", name=re.compile(r"^End at .* instead$")).click()
    expect(notice).to_have_count(0)
    everything_sent(page)
    assert demo.worked(RAVI)[0] == (TRANSLATION, noon, noon + 2 * HOUR)
    assert demo.is_in_order()


def test_edit_of_a_session_that_another_device_deleted_is_recorded_again(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer, noon: int
) -> None:
    timer = demo.record(RAVI, TRANSLATION, noon, noon + HOUR)
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    go_offline(phone, proxy)
    edit(page, "Translation").get_by_label("End").fill(form_time(RAVI, noon + 2 * HOUR))
    save(page)
    demo.send(RAVI, "DELETE", f"/timers/{timer}")
    go_online(phone, proxy)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text("was not changed: it no longer exists, ")
    notice.get_by_role("button", name="Record it again").click()
    expect(editor(page).get_by_role("heading")).to_have_text("Add a session")
    expect(editor(page).get_by_label("End")).to_have_value(form_time(RAVI, noon + 2 * HOUR))
    save(page)
    expect(notice).to_have_count(0)
    everything_sent(page)
    assert demo.worked(RAVI) == [(TRANSLATION, noon, noon + 2 * HOUR)]
    assert demo.is_in_order()


def test_work_in_a_closed_period_is_copied_for_an_admin_and_not_dropped_at_once(
    phone: BrowserContext, page: Page, demo: DemoServer, noon: int
) -> None:
    phone.grant_permissions(["clipboard-read", "clipboard-write"])
    log_in(page, RAVI)
    show_day(page, RAVI, noon)
    # An admin closed the period a moment ago.
    date = form_time(RAVI, noon)[:10]
    refusal = PeriodClosed("started_at", date, f"The session starts on {date}.")
    demo.gateway.next_responses = [demo.gateway.refuse(refusal)]
    add(page, noon, noon + HOUR)
    notice = page.locator("#notices li")
    notice.get_by_role("button", name="Copy as text").click()
    expect(notice.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"Ravi Das, {date}, Asia/Kolkata: Translation, ")
    questions: list[str] = []

    def refuse(dialog: Any) -> None:
        questions.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    notice.get_by_role("button", name="Dismiss").click()
    assert "is then recorded nowhere" in questions[0]
    expect(notice).to_have_count(1)


def test_refused_start_is_sent_again_with_its_stop(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    log_in(page, RAVI)
    demo.gateway.next_responses = [
        demo.gateway.refuse(errors.AccessDenied("Only an admin can do this."))
    ]
    go_offline(phone, proxy)
    now = int(time.time())
    phone.clock.set_system_time(now - 30 * MINUTE)
    start_on(page, "Translation")
    phone.clock.set_system_time(now - 20 * MINUTE)
    stop_it(page)
    phone.clock.set_system_time(time.time())
    go_online(phone, proxy)
    notice = page.locator("#notices li")
    expect(notice).to_contain_text(
        "was not recorded: you are not allowed to do this, ask an admin."
    )
    expect(notice).not_to_contain_text("Only an admin")
    notice.get_by_role("button", name="Try again").click()
    expect(notice).to_have_count(0)
    everything_sent(page)
    ((work, start, end),) = demo.worked(RAVI)
    assert work == TRANSLATION
    assert end is not None
    assert (round((now - start) / MINUTE), round((now - end) / MINUTE)) == (30, 20)
    assert len({request.key for request in demo.keyed_requests}) == 2
    assert demo.is_in_order()
