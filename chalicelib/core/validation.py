"""Rules for text inputs, and the control characters that only notes may contain.

A rule returns the text to store, or raises ``ValueError`` with a message for the client.
"""

import re

from chalicelib.core.time_zones import zone_names

_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
_MAX_EMAIL_LENGTH = 254
_HTTP_URL = re.compile(r"https?://[^\s/]+(/\S*)?", re.IGNORECASE)

CONTROL_CHARACTERS = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Characters that a terminal or a page obeys instead of showing them, for a regular expression.

Control characters (such as ESC, which begins a terminal's commands), line and paragraph separators,
and the marks that change the direction of text. Joiners (U+200C, U+200D) are not among them: emoji,
Persian and Indic scripts need them.
"""

# JSON, and so the description of the API, cannot contain halves of surrogate pairs.
_CONTROL = re.compile(rf"[{CONTROL_CHARACTERS}\ud800-\udfff]")


def find_control_character(text: str) -> str | None:
    """Return the name of the first control character in a text, such as U+202E; None: none."""
    match = _CONTROL.search(text)
    return None if match is None else f"U+{ord(match[0]):04X}"


def escape_control_characters(text: str, keep: str = "") -> str:
    """Return a text with its control characters as JSON escapes, such as ``\\u202e``.

    ``keep`` are the characters that stay, such as a line break.
    """
    return _CONTROL.sub(
        lambda match: match[0] if match[0] in keep else f"\\u{ord(match[0]):04x}", text
    )


def time_zone(text: str) -> str:
    """Accept the name of an IANA time zone."""
    if text not in zone_names():
        raise ValueError("Use an IANA time zone, such as Europe/Zagreb.")
    return text


def time_of_day(text: str) -> str:
    """Accept a time of day, as hours and minutes."""
    if not _TIME_OF_DAY.fullmatch(text):
        raise ValueError("Use a time of day from 00:00 to 23:59, such as 19:00.")
    return text


def email(text: str) -> str:
    """Accept an e-mail address. Checks the syntax only, not whether the address exists."""
    if len(text) > _MAX_EMAIL_LENGTH or not _EMAIL.fullmatch(text):
        raise ValueError("Use a valid e-mail address.")
    return text


def http_url(text: str) -> str:
    """Accept a URL that begins with ``https://`` or ``http://``."""
    if not _HTTP_URL.fullmatch(text):
        raise ValueError("Use a URL that begins with https:// or http://.")
    return text
