"""Rules for text inputs. Each returns the text to store.

Each raises ``ValueError`` with a message for the client if the text is invalid.
"""

import re

from chalicelib.core.time_zones import zone_names

_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
_MAX_EMAIL_LENGTH = 254
_HTTP_URL = re.compile(r"https?://[^\s/]+(/\S*)?", re.IGNORECASE)


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
