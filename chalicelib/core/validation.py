"""What some texts must be. Each gives the text as it is kept, or raises ``ValueError`` with what
it must be."""

import re
from zoneinfo import available_timezones

# Names of files that lie among the zones, and that are no zones.
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
_LONGEST_EMAIL = 254
_WEB_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?", re.IGNORECASE)


def time_zone(text: str) -> str:
    """An IANA time zone."""
    if text in _NO_ZONES or text not in available_timezones():
        raise ValueError("Use an IANA time zone, such as Europe/Zagreb.")
    return text


def email(text: str) -> str:
    """An e-mail address; whether anybody reads it there is not asked."""
    if len(text) > _LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        raise ValueError("Use a valid e-mail address.")
    return text


def web_address(text: str) -> str:
    """A URL that a browser may load a picture from."""
    if not _WEB_ADDRESS.fullmatch(text):
        raise ValueError("Use a URL that begins with https:// or http://.")
    return text
