"""Pairing codes log a phone in, and logging out revokes its token."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.browser.actions import go_offline, go_online, log_in, start_on
from tests.end_to_end.browser.browser_fixtures import ANA, RAVI, DemoServer
from tests.end_to_end.browser.test_logging_out import READ_ALL_STORAGE
from tests.support.tcp_proxy import TcpProxy


def make_code(demo: DemoServer, person_id: int) -> str:
    document = demo.send(person_id, "POST", "/pairings", {"data": {"attributes": {}}})
    return str(document["meta"]["code"])


def paired_tokens(demo: DemoServer, person_id: int) -> list[str]:
    """The ids of the tokens that pairing codes gave to a person."""
    document = demo.send(person_id, "GET", f"/api_tokens?filter[person_id]={person_id}")
    return [
        token["id"] for token in document["data"] if token["attributes"]["name"] == "Paired device"
    ]


def open_link(page: Page, fragment: str) -> None:
    """Open a link to the app, while the app is open."""
    page.evaluate("fragment => { location.hash = fragment; }", fragment)


def see(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()


def test_link_logs_in_and_leaves_no_code_behind(
    phone: BrowserContext, page: Page, demo: DemoServer
) -> None:
    code = make_code(demo, RAVI)
    page.close()
    opened = phone.new_page()
    opened.goto(f"/app#pair={code}")
    see(opened, "Ravi Das")
    assert opened.url.endswith("/app/")
    stored = opened.evaluate(READ_ALL_STORAGE)
    assert "stint_" in stored
    assert code not in stored
    assert len(paired_tokens(demo, RAVI)) == 1
    start_on(opened, "Translation")
    opened.reload()
    see(opened, "Ravi Das")


def test_typed_code_logs_in(page: Page, demo: DemoServer) -> None:
    code = make_code(demo, ANA)
    page.get_by_label("Pairing code").fill(f" {code.replace('-', ' ').lower()} ")
    page.get_by_role("button", name="Log in").click()
    see(page, "Ana Horvat")
    expect(page.get_by_label("Pairing code")).to_be_empty()


def test_invalid_code_is_explained(page: Page, demo: DemoServer) -> None:
    code = make_code(demo, ANA)
    make_code(demo, ANA)
    open_link(page, f"pair={code}")
    expect(page.locator("#login-error")).to_contain_text("This code is not valid.")
    expect(page.locator("#day")).to_be_hidden()
    page.get_by_label("Pairing code").fill("")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#login-error")).to_have_text("Enter a pairing code or an API token.")


def test_code_can_be_sent_again_after_a_lost_connection(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    code = make_code(demo, ANA)
    go_offline(phone, proxy)
    open_link(page, f"pair={code}")
    expect(page.locator("#login-error")).to_have_text("No connection.")
    go_online(phone, proxy)
    page.get_by_role("button", name="Log in").click()
    see(page, "Ana Horvat")


def test_logging_out_revokes_the_token(page: Page, demo: DemoServer) -> None:
    open_link(page, f"pair={make_code(demo, RAVI)}")
    see(page, "Ravi Das")
    log_out(page)
    expect(page.get_by_label("Pairing code")).to_be_visible()
    assert paired_tokens(demo, RAVI) == []
    assert "stint_" not in page.evaluate(READ_ALL_STORAGE)


def test_logging_out_without_a_connection_says_that_the_token_stays_valid(
    phone: BrowserContext, page: Page, proxy: TcpProxy, demo: DemoServer
) -> None:
    open_link(page, f"pair={make_code(demo, RAVI)}")
    see(page, "Ravi Das")
    expect(page.locator("#services button").first).to_be_visible()
    go_offline(phone, proxy)
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as dialog_event:
        log_out(page)
    assert "its token stays valid until you or an admin revoke it" in dialog_event.value.message
    see(page, "Ravi Das")
    page.once("dialog", lambda dialog: dialog.accept())
    log_out(page)
    expect(page.get_by_label("Pairing code")).to_be_visible()
    assert "stint_" not in page.evaluate(READ_ALL_STORAGE)
    assert len(paired_tokens(demo, RAVI)) == 1


def test_token_of_the_demo_stays_valid(page: Page, demo: DemoServer) -> None:
    log_in(page, RAVI)
    log_out(page)
    expect(page.get_by_label("Pairing code")).to_be_visible()
    assert demo.statuses_of("/users") == []
    assert demo.send(RAVI, "GET", "/users")["data"][0]["id"] == str(RAVI)


def test_link_asks_before_it_replaces_somebody_who_is_logged_in(
    page: Page, demo: DemoServer
) -> None:
    open_link(page, f"pair={make_code(demo, RAVI)}")
    see(page, "Ravi Das")
    link = f"pair={make_code(demo, ANA)}"
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as dialog_event:
        open_link(page, link)
    assert dialog_event.value.message.startswith("Ravi Das is logged in. Log out,")
    see(page, "Ravi Das")
    assert "#" not in page.url
    page.once("dialog", lambda dialog: dialog.accept())
    open_link(page, link)
    see(page, "Ana Horvat")
    assert paired_tokens(demo, RAVI) == []


def test_link_with_another_server_waits_for_the_person(page: Page, demo: DemoServer) -> None:
    code = make_code(demo, ANA)
    base = page.get_by_label("Address of the API")
    here = page.evaluate("new URL('/api/v2', location.href).href")
    elsewhere = here.replace("127.0.0.1", "localhost")
    open_link(page, f"pair={code}&api={elsewhere}")
    expect(base).to_be_visible()
    expect(base).to_have_value(elsewhere)
    expect(page.locator("#login-error")).to_contain_text("Check the address of the API")
    assert not any("redeem" in request.target for request in demo.gateway.requests)
    page.get_by_role("button", name="Log in").click()
    see(page, "Ana Horvat")
