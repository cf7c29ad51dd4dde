"""The page on narrow screens, with large text, long words, and names from right to left."""

import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end.browser.actions import (
    editor,
    log_in,
    row,
    service,
    start_on,
    stop_it,
)
from tests.end_to_end.browser.browser_fixtures import (
    ANA,
    ASHA,
    ORGANIZATIONS,
    RAVI,
    DemoServer,
    start_beyond_the_limit,
)

LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenfabrikation"
HEBREW = "עיצוב 24/7 (חדש)"
PIXELS = 17
"""The size of the page's text, in pixels, where the person has not chosen another size."""

TOO_WIDE = """() => {
  const page = document.scrollingElement;
  const open = document.querySelector("dialog[open]");
  const scrolled = [page, open].filter((one) => one && one.scrollWidth > one.clientWidth);
  const isCut = (element) => {
    if (element.closest(".unseen") || !element.checkVisibility()) return false;
    const { left, right } = element.getBoundingClientRect();
    const isBeside = left < 0 || right > innerWidth + 0.5;
    // An element without an own scroll area reports text beyond its edge, too.
    return isBeside || (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1);
  };
  const inside = [...(open ?? document.body).querySelectorAll("*")];
  return [...scrolled, ...inside.filter(isCut)].map((element) => element.outerHTML);
}"""

# Columns of one letter are neither too wide nor cut, but cannot be read.
TOO_NARROW = """() => [...document.querySelectorAll("ol :is(strong, span), .start, #work, li p")]
  .filter((element) => element.checkVisibility() &&
    element.clientWidth < 5 * parseFloat(getComputedStyle(element).fontSize))
  .map((element) => element.outerHTML)"""

OVERLAPS = """() => {
  const leaves = [...document.querySelectorAll("#day *")].filter((element) =>
    element.checkVisibility() && !element.closest(".unseen") && element.textContent.trim() &&
    !element.querySelector("*"));
  const boxes = leaves.map((element) => [element.outerHTML, element.getBoundingClientRect()]);
  return boxes.flatMap(([one, a], index) => boxes.slice(index + 1)
    .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
    .map(([other]) => [one, other]));
}"""


def set_text_size(page: Page, percent: int) -> None:
    page.evaluate(f"document.documentElement.style.fontSize = '{PIXELS * percent / 100}px'")


def rename_everything(demo: DemoServer) -> None:
    """Give Ravi, the organization and its services names with long words and Hebrew letters."""
    for path, attributes in {
        "/services/1300": {"name": LONG_WORD},
        "/services/1301": {"name": HEBREW},
        f"/people/{RAVI}": {"first_name": HEBREW, "last_name": LONG_WORD},
        f"/organizations/{ORGANIZATIONS[RAVI]}": {"name": f"{LONG_WORD}-{LONG_WORD}"},
    }.items():
        demo.send(ASHA, "PATCH", path, {"data": {"attributes": attributes}})


@pytest.mark.parametrize(("width", "percent"), [(390, 100), (320, 100), (390, 200), (320, 200)])
def test_long_words_and_large_text_fit(
    page: Page, demo: DemoServer, width: int, percent: int
) -> None:
    rename_everything(demo)
    start_beyond_the_limit(demo)
    page.set_viewport_size({"width": width, "height": 700})
    set_text_size(page, percent)
    assert page.evaluate(TOO_WIDE) == []
    log_in(page, RAVI)
    expect(page.locator("#notices li")).to_be_visible()
    start_on(page, LONG_WORD)
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate(TOO_NARROW) == []
    assert page.evaluate(OVERLAPS) == []
    for button in ("Add a session", "Keyboard shortcuts", "Add another phone"):
        page.get_by_role("button", name=button).click()
        if button == "Add another phone":
            expect(page.get_by_role("img")).to_be_visible()
        assert page.evaluate(TOO_WIDE) == []
        page.keyboard.press("Escape")
    row(page, LONG_WORD).first.get_by_role("button", name="Change").click()
    expect(editor(page)).to_be_visible()
    assert page.evaluate(TOO_WIDE) == []


def test_both_buttons_of_a_session_are_beside_its_times(page: Page) -> None:
    log_in(page, ANA)
    stop_it(page)
    session = row(page, "Design").first
    expect(session.get_by_role("button")).to_have_count(2)
    times, actions = (session.locator(part).bounding_box() for part in ("span", ".actions"))
    assert times is not None
    assert actions is not None
    assert actions["y"] < times["y"] + times["height"]
    assert times["x"] + times["width"] <= actions["x"]


def test_names_from_right_to_left_keep_the_order_of_what_is_beside_them(
    page: Page, demo: DemoServer
) -> None:
    rename_everything(demo)
    start_beyond_the_limit(demo)
    log_in(page, RAVI)
    # What people wrote has a direction of its own.
    for name in (f"{HEBREW} {LONG_WORD}", f"{LONG_WORD}-{LONG_WORD}", HEBREW):
        places = page.locator("#day").get_by_text(name, exact=True)
        assert places.count() >= 1
        for place in places.all():
            assert place.get_attribute("dir") == "auto", name
    start = service(page, HEBREW)
    assert start.locator("bdi").evaluate("element => getComputedStyle(element).direction") == "rtl"
    session = row(page, HEBREW).first
    left, right = (session.locator(tag).bounding_box() for tag in ("strong", "b"))
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]
    alignments = page.locator("#day [dir=auto]").evaluate_all(
        "all => all.map((element) => getComputedStyle(element).textAlign)"
    )
    assert "right" not in alignments
    assert "start" not in alignments
    # Within a sentence, the name is isolated.
    change = session.locator(".actions button").last
    assert f"\u2068{HEBREW}\u2069" in (change.get_attribute("aria-label") or "")
    change.click()
    directions = editor(page).locator("option").evaluate_all("all => all.map(({ dir }) => dir)")
    assert set(directions) == {"auto"}


def test_text_has_the_size_that_the_person_chose_in_the_browser(page: Page) -> None:
    sizes = page.evaluate(
        """() => [...document.styleSheets].flatMap(({ cssRules }) => [...cssRules])
          .map(({ style }) => style?.fontSize).filter(Boolean)"""
    )
    assert len(sizes) > 5
    assert [size for size in sizes if size.endswith("px")] == []


def test_running_timer_is_visible_without_the_colors_of_the_page(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    log_in(page, RAVI)
    style = "(element, name) => getComputedStyle(element)[name]"
    running, pressed = page.locator("#now"), page.locator("#services .start")
    assert running.evaluate(style, "borderTopWidth") == "1px"
    idle_color = pressed.first.evaluate(style, "backgroundColor")
    pressed.first.click()
    expect(pressed.first).to_have_attribute("aria-pressed", "true")
    assert running.evaluate(style, "borderTopWidth") == "3px"
    assert pressed.first.evaluate(style, "backgroundColor") != idle_color


@pytest.mark.parametrize("wish", ["reduce", "no-preference"])
def test_buttons_move_only_if_the_person_accepts_motion(page: Page, wish: str) -> None:
    page.emulate_media(reduced_motion="reduce" if wish == "reduce" else "no-preference")
    page.locator("#log-in").hover()
    page.mouse.down()
    transform = page.locator("#log-in").evaluate("element => getComputedStyle(element).transform")
    assert (transform == "none") == (wish == "reduce")
