"""The admin page in Chromium: each of its functions, on the demo's organization of Ana."""

import json
import re
import time
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.end_to_end.browser.admin_actions import (
    dialog,
    go_to,
    loaded,
    log_in_as_admin,
    row_of,
    save,
    today,
)
from tests.end_to_end.browser.browser_fixtures import ANA, DESIGN, DemoServer
from tests.end_to_end.browser.test_app import OVERFLOW
from tests.end_to_end.browser.test_logging_out import READ_ALL_STORAGE
from tests.end_to_end.browser.test_pairing import make_code, paired_tokens
from tests.support.api import JSON_API
from tests.support.qr_reader import read_qr_code
from tests.support.tcp_proxy import TcpProxy

IVAN = 8784
MIA = 8796
WIDTHS = (390, 1280)


@pytest.fixture
def page(admin_page: Page) -> Page:
    return admin_page


def attributes_of(demo: DemoServer, path: str) -> list[dict[str, Any]]:
    return [record["attributes"] for record in demo.send(ANA, "GET", path)["data"]]


def test_page_shows_who_works_and_stops_a_timer(admin: Page, demo: DemoServer) -> None:
    for name, service in (("Ana Horvat", "Design"), ("Ivan Babić", "Design")):
        expect(row_of(admin, name)).to_contain_text(service)
    expect(row_of(admin, "Ana Horvat")).to_contain_text(re.compile(r"0:3\d:\d\d"))
    admin.get_by_role("button", name="Stop: Ivan Babić").click()
    expect(admin.get_by_role("status")).to_have_text("The timer of Ivan Babić is stopped.")
    expect(row_of(admin, "Ivan Babić")).to_have_count(0)
    running = demo.send(ANA, "GET", f"/timers?filter[person_id]={IVAN}&filter[stopped_at]=")
    assert running["data"] == []


def test_member_sees_that_the_page_is_for_admins(page: Page) -> None:
    page.get_by_label("API token").fill("demo-member")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("This page is for admins.")
    expect(page.locator("#page")).to_be_hidden()
    assert "demo-member" not in page.evaluate(READ_ALL_STORAGE)


def test_code_of_a_link_logs_in_and_logging_out_revokes_the_token(
    page: Page, demo: DemoServer
) -> None:
    code = make_code(demo, ANA)
    page.goto("about:blank")
    page.goto(f"/admin#pair={code}")
    loaded(page, "Now")
    assert code not in page.url
    assert len(paired_tokens(demo, ANA)) == 1
    page.reload()
    loaded(page, "Now")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Pairing code")).to_be_visible()
    assert paired_tokens(demo, ANA) == []
    assert "stint_" not in page.evaluate(READ_ALL_STORAGE)


def refuse(page: Page, url: str, status: int, code: str, meta: object = None) -> None:
    """Answer requests to a URL with an error of the API."""
    error = {"status": str(status), "code": code, "detail": "The detail.", "meta": meta or {}}
    body = json.dumps({"errors": [error]})
    page.route(url, lambda route: route.fulfill(status=status, content_type=JSON_API, body=body))


def test_rejected_token_ends_the_session(admin: Page) -> None:
    # The server remembers a valid token for up to 60 seconds.
    refuse(admin, "**/api/v2/people?*", 401, "invalid_auth_token")
    admin.get_by_role("link", name="People").click()
    expect(admin.locator("#login-error")).to_have_text(
        "The token is no longer valid. Log in again."
    )
    expect(admin.locator("#page")).to_be_hidden()
    assert "demo-admin" not in admin.evaluate(READ_ALL_STORAGE)


def test_wrong_code_is_explained(page: Page) -> None:
    page.get_by_label("Pairing code").fill("0000-0000-0000")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("code")
    expect(page.locator("#page")).to_be_hidden()


def test_person_is_created_changed_deactivated_and_restored(admin: Page, demo: DemoServer) -> None:
    go_to(admin, "People")
    admin.get_by_role("button", name="Add a person").click()
    form = dialog(admin)
    form.get_by_label("First name").fill("Noa")
    form.get_by_label("Last name").fill("<b>Levi</b>")
    form.get_by_label("E-mail address").fill("ana@adriatic.example")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("E-mail address")
    form.get_by_label("E-mail address").fill("noa@adriatic.example")
    save(admin)
    expect(row_of(admin, "noa@adriatic.example")).to_contain_text("Noa <b>Levi</b>")
    admin.get_by_role("button", name="Change: Noa").click()
    form.get_by_label("Last name").fill("Levi")
    form.get_by_label("Role").select_option("Admin")
    save(admin)
    expect(row_of(admin, "Noa Levi")).to_contain_text("Admin")
    admin.get_by_role("button", name="Deactivate: Noa Levi").click()
    save(admin, "Deactivate")
    expect(row_of(admin, "Noa Levi")).to_have_count(0)
    admin.get_by_label("Show deactivated people").check()
    admin.get_by_role("button", name="Restore: Noa Levi").click()
    expect(row_of(admin, "Noa Levi")).to_contain_text("active")
    (noa,) = attributes_of(demo, "/people?filter[email]=noa@adriatic.example")
    assert (noa["role"], noa["deactivated_at"]) == ("admin", None)


def test_qr_code_pairs_a_device(admin: Page) -> None:
    go_to(admin, "People")
    admin.get_by_role("button", name="Pair a device: Ivan Babić").click()
    expect(dialog(admin).get_by_role("img")).to_be_visible()
    code = dialog(admin).locator(".secret").inner_text()
    link = dialog(admin).get_by_role("link").get_attribute("href")
    assert link is not None
    assert link.endswith(f"/app/#pair={code}")
    path = dialog(admin).locator("path").get_attribute("d")
    squares = re.findall(r"M(\d+) (\d+)h1v1h-1z", path or "")
    assert read_qr_code({(int(row), int(column)) for column, row in squares}) == link
    phone = admin.context.new_page()
    phone.goto(link)
    expect(phone.get_by_role("heading", name="Ivan Babić")).to_be_visible()


def test_token_is_created_shown_once_and_revoked(admin: Page, demo: DemoServer) -> None:
    go_to(admin, "People")
    admin.get_by_role("button", name="Tokens: Ivan Babić").click()
    expect(dialog(admin).get_by_text("demo", exact=True)).to_be_visible()
    dialog(admin).get_by_label("Purpose of the token").fill("report")
    dialog(admin).get_by_role("button", name="Create a token").click()
    expect(dialog(admin).locator(".secret")).to_contain_text("stint_")
    dialog(admin).get_by_role("button", name="Close").click()
    admin.get_by_role("button", name="Tokens: Ivan Babić").click()
    dialog(admin).get_by_role("button", name="Revoke: report").click()
    expect(dialog(admin).get_by_text("report", exact=True)).to_have_count(0)
    tokens = attributes_of(demo, f"/api_tokens?filter[person_id]={IVAN}")
    assert [token["name"] for token in tokens] == ["demo"]


def test_service_is_created_changed_archived_and_restored(admin: Page, demo: DemoServer) -> None:
    go_to(admin, "Services")
    admin.get_by_role("button", name="Add a service").click()
    dialog(admin).get_by_label("Name").fill("Travel")
    dialog(admin).get_by_label("Billable").uncheck()
    save(admin)
    expect(row_of(admin, "Travel")).to_be_visible()
    admin.get_by_role("button", name="Change: Travel").click()
    dialog(admin).get_by_label("Name").fill("Travels")
    save(admin)
    admin.get_by_role("button", name="Archive: Travels").click()
    expect(row_of(admin, "Travels")).to_have_count(0)
    admin.get_by_label("Show archived services").check()
    admin.get_by_role("button", name="Restore: Travels").click()
    expect(row_of(admin, "Travels")).to_contain_text("active")
    (travels,) = attributes_of(demo, "/services?filter[name]=Travels")
    assert (travels["billable"], travels["archived_at"]) == (False, None)


def open_day(admin: Page, date: str, person_id: int = IVAN) -> None:
    admin.evaluate(f"location.hash = 'days/{person_id}/{date}'")
    loaded(admin, "Days")
    expect(admin.get_by_label("Day", exact=True)).to_have_value(date)
    expect(admin.get_by_role("button", name="Add a session")).to_be_visible()


def test_session_is_added_changed_and_deleted(admin: Page, demo: DemoServer) -> None:
    open_day(admin, "2026-03-02")
    admin.get_by_role("button", name="Add a session").click()
    form = dialog(admin)
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_have_text("Choose a service.")
    form.get_by_label("Service").select_option("Development")
    form.get_by_label("Start").fill("2026-03-02T10:00")
    form.get_by_label("End").fill("2026-03-02T09:00")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_have_text("The end is before the start.")
    form.get_by_label("End").fill("2026-03-02T11:30")
    save(admin)
    admin.get_by_role("button", name=re.compile("Change: Development, ")).click()
    form.get_by_label("End").fill("2026-03-02T12:00")
    save(admin)
    expect(row_of(admin, "Development").first).to_contain_text("2 h 00 min")
    (*_, added) = [
        timer
        for timer in demo.send(ANA, "GET", f"/timers?filter[person_id]={IVAN}")["data"]
        if timer["attributes"]["started_at"].startswith("2026-03-02")
    ]
    assert added["attributes"]["total_time"] == 120
    admin.get_by_role("button", name="Add a session").click()
    form.get_by_label("Service").select_option("Design")
    form.get_by_label("Start").fill("2026-03-02T11:00")
    form.get_by_label("End").fill("2026-03-02T11:10")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_have_text("It overlaps another session of this person.")
    form.get_by_role("button", name="Cancel").click()
    admin.get_by_role("button", name=re.compile("Delete: Development, ")).click()
    save(admin, "Delete")
    expect(admin.get_by_text("No session began on this day.")).to_be_visible()
    changes = admin.locator(".changes li")
    expect(changes.first).to_contain_text("Ana Horvat deleted a session of Ivan Babić")
    expect(changes.nth(1)).to_contain_text("Ana Horvat changed a session of Ivan Babić")


def test_time_entry_is_added_changed_and_deleted(admin: Page, demo: DemoServer) -> None:
    open_day(admin, "2026-03-03")
    admin.get_by_role("button", name="Add a time entry").click()
    form = dialog(admin)
    form.get_by_label("Service", exact=True).select_option("Design")
    form.get_by_label("Minutes", exact=True).fill("90")
    form.get_by_label("Note").fill("workshop")
    save(admin)
    expect(row_of(admin, "workshop")).to_contain_text("1 h 30 min")
    admin.get_by_role("button", name="Change: Design").click()
    form.get_by_label("Billable minutes").fill("60")
    save(admin)
    path = f"/time_entries?filter[person_id]={IVAN}&filter[date]=2026-03-03"
    (entry,) = attributes_of(demo, path)
    assert (entry["time"], entry["billable_time"], entry["note"]) == (90, 60, "workshop")
    expect(admin.locator(".changes li").first).to_contain_text("Billable minutes")
    admin.get_by_role("button", name="Delete: Design").click()
    save(admin, "Delete")
    expect(admin.get_by_text("No time on this day.")).to_be_visible()
    assert attributes_of(demo, path) == []


def test_closed_time_is_explained(admin: Page, demo: DemoServer) -> None:
    attributes = {"person_id": IVAN, "service_id": DESIGN, "time": 90, "date": "2026-03-04"}
    demo.send(ANA, "POST", "/time_entries", {"data": {"attributes": attributes}})
    open_day(admin, "2026-03-04")
    # A closing is in force after 60 seconds.
    meta = {"closed_until": "2026-03-31"}
    refuse(admin, "**/api/v2/time_entries/*", 422, "period_closed", meta)
    admin.get_by_role("button", name="Change: Design").click()
    dialog(admin).get_by_label("Note").fill("late")
    dialog(admin).get_by_role("button", name="Save").click()
    expect(dialog(admin).get_by_role("alert")).to_have_text(
        "The time up to 2026-03-31 is closed. Lift the closing first, in Month."
    )


def test_days_are_chosen_with_the_controls(admin: Page, demo: DemoServer) -> None:
    demo.record(ANA, DESIGN, int(time.time()) - 5 * 86400, int(time.time()) - 5 * 86400 + 600)
    go_to(admin, "Days")
    expect(admin.get_by_label("Day", exact=True)).to_have_value(today())
    admin.get_by_label("Person").select_option("Ivan Babić")
    expect(row_of(admin, "running")).to_be_visible()
    admin.get_by_role("button", name="Previous day").click()
    expect(admin.get_by_label("Day", exact=True)).not_to_have_value(today())
    expect(admin.get_by_label("Person")).to_have_value(str(IVAN))
    expect(admin.get_by_text("No session began on this day.")).to_be_visible()


def test_changes_are_listed_and_filtered(admin: Page, demo: DemoServer) -> None:
    demo.send(ANA, "POST", "/services", {"data": {"attributes": {"name": "Training"}}})
    document = {"data": {"attributes": {"title": "Designer"}}}
    demo.send(ANA, "PATCH", f"/people/{IVAN}", document)
    pairing = {"data": {"attributes": {"person_id": MIA}}}
    demo.send(ANA, "POST", "/pairings", pairing)
    events = ["timer.started", "timer.stopped"]
    hook = {"name": "Payroll", "url": "https://hooks.example.com/", "events": events}
    demo.send(ANA, "POST", "/webhooks", {"data": {"attributes": hook}})
    go_to(admin, "Changes")
    rows = admin.locator(".changes li")
    expect(rows.filter(has_text="Ana Horvat created a service")).to_contain_text("Training")
    expect(rows.filter(has_text="Ana Horvat created a pairing code of Mia Kovač")).to_be_visible()
    expect(rows.filter(has_text="created a webhook")).to_contain_text(
        "Events: none → timer.started, timer.stopped"
    )
    admin.get_by_label("Person").select_option("Ivan Babić")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Ana Horvat changed a person of Ivan Babić")
    admin.get_by_label("What").select_option("Sessions")
    expect(admin.get_by_text("Nothing to show.")).to_be_visible()


def test_refusals_are_in_words_of_the_page(admin: Page) -> None:
    go_to(admin, "People")
    admin.get_by_role("button", name="Add a person").click()
    dialog(admin).get_by_role("button", name="Save").click()
    problem = dialog(admin).get_by_role("alert")
    expect(problem).to_have_text("First name: Enter a value.")
    dialog(admin).get_by_role("button", name="Cancel").click()
    admin.get_by_role("button", name="Deactivate: Ana Horvat").click()
    dialog(admin).get_by_role("button", name="Deactivate").click()
    expect(problem).to_have_text(
        "This person is the last active admin. Make another person an admin first."
    )
    dialog(admin).get_by_role("button", name="Cancel").click()
    go_to(admin, "Services")
    admin.get_by_role("button", name="Change: Design").click()
    dialog(admin).get_by_label("Name").fill("Drawing")
    for status, code, words in (
        (404, "record_not_found", "This does not exist any more. Open the view again."),
        (
            503,
            "unavailable",
            "The server cannot do this at the moment. Try again in a few seconds.",
        ),
    ):
        refuse(admin, "**/api/v2/services/*", status, code, {})
        dialog(admin).get_by_role("button", name="Save").click()
        expect(problem).to_have_text(words)


def test_lost_connection_is_explained_and_a_repeat_writes_once(
    admin: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    go_to(admin, "Services")
    admin.get_by_role("button", name="Add a service").click()
    dialog(admin).get_by_label("Name").fill("Travel")
    proxy.losing = b"POST /api/v2/services"
    dialog(admin).get_by_role("button", name="Save").click()
    expect(dialog(admin).get_by_role("alert")).to_have_text("No connection. Try again.")
    assert proxy.lost.is_set()
    proxy.losing = None
    save(admin)
    assert len(attributes_of(demo, "/services?filter[name]=Travel")) == 1


VIEWS = ("Now", "Days", "People", "Services", "Changes")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_views_have_no_accessibility_violations(page: Page, scheme: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    assert violations(page) == []
    log_in_as_admin(page)
    for view in VIEWS:
        go_to(page, view)
        assert violations(page) == [], view
    go_to(page, "People")
    page.get_by_role("button", name="Pair a device: Ivan Babić").click()
    expect(dialog(page).get_by_role("img")).to_be_visible()
    assert violations(page) == []
    dialog(page).get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Add a person").click()
    dialog(page).get_by_role("button", name="Save").click()
    expect(dialog(page).get_by_role("alert")).not_to_be_empty()
    assert violations(page) == []


def violations(page: Page) -> list[str]:
    return [
        f"{violation['id']}: {[node['html'] for node in violation['nodes']]}"
        for violation in Axe().run(page).response["violations"]
    ]


@pytest.mark.parametrize("scale", [1, 2])
def test_views_fit_a_small_screen(page: Page, scale: int) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    log_in_as_admin(page)
    page.evaluate(f"document.documentElement.style.fontSize = '{17 * scale}px'")
    for view in VIEWS:
        go_to(page, view)
        assert page.evaluate(OVERFLOW) == [], view


def test_page_can_be_used_with_the_keyboard_only(page: Page, demo: DemoServer) -> None:
    page.get_by_label("API token").focus()
    page.keyboard.type("demo-admin")
    page.keyboard.press("Enter")
    loaded(page, "Now")
    page.get_by_role("link", name="Services").focus()
    page.keyboard.press("Enter")
    loaded(page, "Services")
    expect(page.locator("#title")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Add a service")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("Keyboard work")
    page.keyboard.press("Enter")
    expect(row_of(page, "Keyboard work")).to_be_visible()
    expect(page.get_by_role("button", name="Add a service")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()
    assert len(attributes_of(demo, "/services?filter[name]=Keyboard%20work")) == 1
