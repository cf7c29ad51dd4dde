"""The colors of the pages: contrast of text in both color schemes (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from chalicelib.http.static_pages import PAGES_FOLDER

TEXT, CONTROL = 4.5, 3.0
PAIRS = [
    ("text", "background", TEXT),
    ("text", "card", TEXT),
    ("text", "warning", TEXT),
    ("muted", "background", TEXT),
    ("muted", "card", TEXT),
    ("accent", "background", TEXT),
    ("on-accent", "accent", TEXT),
    ("error", "background", TEXT),
    # The borders of fields, and the focus.
    ("muted", "background", CONTROL),
    ("accent", "card", CONTROL),
    ("accent", "warning", CONTROL),
]
# Text of a row that is not recorded yet.
WAITING_OPACITY = r"\.waiting b \{ opacity: (0\.\d+); \}"


def colors(scheme: int) -> dict[str, tuple[float, ...]]:
    """The colors of base.css as red, green and blue from 0 to 1; scheme 0 is light, 1 is dark."""
    text = (PAGES_FOLDER / "shared" / "base.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\(#(\w{6}), #(\w{6})\);", text)
    return {
        name: tuple(int(pair[scheme][index : index + 2], 16) / 255 for index in (0, 2, 4))
        for name, *pair in found
    }


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: tuple[float, ...]) -> float:
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in color
    ]
    return sum(
        weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def test_contrast_is_computed_as_in_the_standard() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    grey = (0x76 / 255,) * 3
    assert contrast(grey, (1, 1, 1)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize(("front", "back", "minimum"), PAIRS)
def test_contrast_is_high_enough(scheme: int, front: str, back: str, minimum: float) -> None:
    known = colors(scheme)
    assert contrast(known[front], known[back]) >= minimum


@pytest.mark.parametrize("scheme", [0, 1])
def test_waiting_rows_can_be_read(scheme: int) -> None:
    text = (PAGES_FOLDER / "app" / "pocket.css").read_text()
    (opacity,) = map(float, re.findall(WAITING_OPACITY, text))
    known = colors(scheme)
    mixed = tuple(
        opacity * front + (1 - opacity) * back
        for front, back in zip(known["text"], known["background"], strict=True)
    )
    assert contrast(mixed, known["background"]) >= TEXT
