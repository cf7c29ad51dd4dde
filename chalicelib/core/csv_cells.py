"""Texts in cells of CSV that a spreadsheet must not calculate. Pure. Contract section 10a."""

_ESCAPE = "'"
# OWASP, CSV injection: a spreadsheet calculates what begins with one of these. It also ignores
# spaces before them, and knows the full-width forms.
_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def escape_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before it."""
    return f"{_ESCAPE}{text}" if _needs_escape(text) else text


def unescape_cell(text: str) -> str:
    """Return the text that :func:`escape_cell` escaped."""
    rest = text.removeprefix(_ESCAPE)
    return rest if rest != text and _needs_escape(rest) else text


def _needs_escape(text: str) -> bool:
    # An apostrophe too: otherwise nobody knows whose it is.
    return text.lstrip(" ").startswith((*_FORMULA_STARTS, _ESCAPE))
