"""The services of the pocket client: recently used ones, favourites, the search, and same names."""

import time
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.end_to_end.browser.actions import eventually, everything_sent, log_in, service, stop_it
from tests.end_to_end.browser.browser_fixtures import ANA, RAVI, DemoServer
from tests.end_to_end.browser.test_app import violations
from tests.end_to_end.browser.test_pure_functions import call, session
from tests.support.clock import DAY, MINUTE


def add_services(demo: DemoServer, *names: str, **attributes: Any) -> list[int]:
    """Create services of Ana's organization; return their ids."""
    return [
        int(
            demo.send(
                ANA, "POST", "/services", {"data": {"attributes": {"name": name, **attributes}}}
            )["data"]["id"]
        )
        for name in names
    ]


def star(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"Favourite: {name}", exact=True)


def shown(page: Page) -> list[str]:
    return page.locator("#services .start").all_inner_texts()


def found(page: Page, names: list[str], text: str) -> list[str]:
    services = [{"id": str(index), "name": name} for index, name in enumerate(names)]
    return [one["name"] for one in call(page, "search.js", "findServices", services, text)]


def test_search_folds_case_and_accents(page: Page) -> None:
    for text, name in [
        ("z", "Žito"),
        ("ŽITO", "zito"),
        ("strasse", "Straße"),
        ("STRASSE", "Straße"),
        ("straße", "STRASSE"),
        ("smor", "Smør"),
        ("smoer", "Smør"),
        ("uebersetzung", "Übersetzung"),
        ("ubersetzung", "Übersetzung"),
        ("müller", "Mueller"),
        ("müller", "Mu\u0308ller"),
        ("istanbul", "İstanbul"),
        ("ISTANBUL", "\u0131stanbul"),
        ("i\u0307stanbul", "ISTANBUL"),
        ("lodz", "Łódź"),
        ("dakovo", "Đakovo"),
        ("aeroskobing", "Ærøskøbing"),
        ("office", "O\ufb03ce"),
        ("ελληνικα", "Ελληνικά"),
        ("שלום", "שָׁלוֹם"),
        ("अनुवाद", "अनुवाद"),
    ]:
        assert found(page, [name], text) == [name], (text, name)
    # Vowel signs of other scripts are letters, not accents.
    assert found(page, ["अनुवाद"], "अनवद") == []


def test_search_finds_all_words_in_any_order(page: Page) -> None:
    names = ["Design of the logo", "Logo", "Web design"]
    assert found(page, names, " LOGO   des ") == ["Design of the logo"]
    assert found(page, names, "design") == ["Design of the logo", "Web design"]
    assert found(page, names, "  ") == names
    assert found(page, names, "designs") == []


def test_recent_services_come_first_then_favourites_then_names(page: Page) -> None:
    services = [{"id": str(number), "name": f"Work {number}"} for number in range(1, 13)]
    opened = 1000

    def used(service_id: str, started: int) -> dict[str, Any]:
        return session(started, None) | {"service": {"id": service_id}}

    def order(*sessions: dict[str, Any], favourites: tuple[str, ...] = ()) -> list[Any]:
        arguments = services, sessions, favourites, opened, "en-GB"
        return list(call(page, "recents.js", "orderServices", *arguments))

    def ids(ordered: list[Any], *, all_of_them: bool = False) -> list[str]:
        return [one["service"]["id"] for one in ordered if one["isFirst"] or all_of_them]

    assert ids(order()) == ["1", "2", "3", "4", "5", "6", "7", "8"]
    ordered = order(used("9", 10), used("12", 30), used("9", 20), favourites=("11", "12"))
    assert ids(ordered) == ["12", "9", "11", "1", "2", "3", "4", "5"]
    assert ids(ordered, all_of_them=True)[8:] == ["6", "7", "8", "10"]
    # What was used since the page was opened is shown, and moves no button.
    assert ids(order(used("10", opened))) == ["1", "2", "3", "4", "5", "6", "7", "8", "10"]
    # A service that is gone leaves no gap.
    assert ids(order(used("99", 10)))[0] == "1"


def test_same_names_are_distinguished(page: Page) -> None:
    services = [
        {"id": "1", "name": "Design", "billable": True},
        {"id": "2", "name": "Design ", "billable": False},
        {"id": "3", "name": "Support", "billable": True},
        {"id": "4", "name": "Support", "billable": True},
        {"id": "5", "name": "Travel", "billable": True},
    ]
    labels = page.evaluate(
        """async (services) => {
          const { src } = document.querySelector("script[type=module]");
          return [...(await import(new URL("services.js", src))).labelsOf(services).values()];
        }""",
        services,
    )
    assert labels == [
        "Design (billable)",
        "Design  (not billable)",
        "Support (no. 3)",
        "Support (no. 4)",
        "Travel",
    ]


def test_few_services_have_no_search(page: Page) -> None:
    log_in(page, RAVI)
    assert shown(page) == ["Internal meetings", "Translation"]
    expect(page.get_by_label("Search")).to_be_hidden()
    expect(page.get_by_role("button", name="All services")).to_be_hidden()


def test_hundred_services_are_folded_behind_recent_ones_and_favourites(
    page: Page, phone: BrowserContext, demo: DemoServer
) -> None:
    ids = add_services(demo, *(f"Work {number}" for number in range(1, 31)))
    yesterday = int(time.time()) - DAY
    demo.record(ANA, ids[24], yesterday, yesterday + 5 * MINUTE)
    log_in(page, ANA)
    first = ["Design", "Work 25", "Development", "Work 1", "Work 2", "Work 3", "Work 4", "Work 5"]
    assert eventually(lambda: shown(page) == first, page)

    everything = page.get_by_role("button", name="All services (32)")
    everything.click()
    expect(everything).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#services .start")).to_have_count(32)
    star(page, "Work 30").focus()
    page.keyboard.press("Space")
    expect(star(page, "Work 30")).to_have_attribute("aria-pressed", "true")
    # The row moved.
    expect(star(page, "Work 30")).to_be_focused()
    everything.click()
    with_favourite = ["Design", "Work 25", "Work 30", *first[2:7]]
    assert eventually(lambda: shown(page) == with_favourite, page)

    service(page, "Work 4").click()
    expect(page.locator("#work")).to_have_text("Work 4")
    everything_sent(page)
    assert shown(page) == with_favourite
    stop_it(page)
    everything_sent(page)
    # A session of the second in which a page is opened does not change the order yet.
    page.wait_for_timeout(1000)
    other = phone.new_page()
    other.goto("/app/")
    expect(star(other, "Work 30")).to_have_attribute("aria-pressed", "true")
    assert eventually(lambda: shown(other)[:2] == ["Work 4", "Design"], other)
    other.get_by_role("button", name="Log out").click()
    expect(other.get_by_label("Your API token")).to_be_visible()
    log_in(other, ANA)
    expect(other.get_by_role("button", name="All services (32)")).to_be_visible()
    expect(other.locator(".star[aria-pressed=true]")).to_have_count(0)


def test_search_starts_the_first_service_it_finds(page: Page, demo: DemoServer) -> None:
    add_services(demo, *(f"Work {number}" for number in range(1, 9)), "Übersetzung für Łódź")
    log_in(page, ANA)
    search = page.get_by_label("Search")
    search.fill("lodz uber")
    expect(page.locator("#found")).to_have_text("1 service")
    assert shown(page) == ["Übersetzung für Łódź"]
    search.press("Enter")
    expect(page.locator("#work")).to_have_text("Übersetzung für Łódź")
    search.fill("nothing like it")
    expect(page.locator("#found")).to_have_text("No service has “nothing like it” in its name.")
    assert violations(page) == []
    search.press("Enter")
    search.press("Escape")
    expect(search).to_have_value("")
    expect(page.locator("#found")).to_be_empty()
    # Enter in an empty field starts nothing.
    search.press("Enter")
    everything_sent(page)
    assert [request.method for request in demo.keyed_requests] == ["POST"]
    expect(search).to_be_focused()


def test_form_distinguishes_same_names(page: Page, demo: DemoServer) -> None:
    (twin,) = add_services(demo, "Design", billable=False)
    log_in(page, ANA)
    page.get_by_role("button", name="Add a session").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Service").select_option(label="Design (not billable)")
    form.get_by_label("Start").fill("2026-01-05T09:00")
    form.get_by_label("End").fill("2026-01-05T09:30")
    form.get_by_role("button", name="Save").click()
    assert eventually(lambda: len(demo.keyed_requests) == 1, page)
    everything_sent(page)
    assert demo.keyed_requests[0].attributes["service_id"] == str(twin)
