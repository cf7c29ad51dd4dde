"""Content-Type and Accept. Contract section 1; JSON:API 1.1, "Content Negotiation"."""

import re

from chalicelib.core.errors import NotAcceptable, UnsupportedMediaType

JSON_API = "application/vnd.api+json"
CONTENT_TYPE = f"{JSON_API}; charset=utf-8"

# A separator outside of a quoted string.
_PARTS = {mark: re.compile(rf'(?:[^{mark}"]|"(?:[^"\\]|\\.)*"?)+') for mark in ",;"}


def check_content_type(header: str | None) -> None:
    """The type of a body: JSON:API, with ``profile`` or ``charset=utf-8`` at the most.

    Raises :class:`UnsupportedMediaType`.
    """
    media_type, parameters = _parse(header or "")
    if media_type != JSON_API:
        raise UnsupportedMediaType
    for name, value in parameters:
        if name != "profile" and (name, value) != ("charset", "utf-8"):
            raise UnsupportedMediaType


def check_accept(header: str | None) -> None:
    """Raises :class:`NotAcceptable` where every JSON:API entry carries a parameter but ``profile``.

    An Accept header without such an entry is no obstacle: browsers and proxies send all sorts.
    """
    entries = [_parse(entry) for entry in _PARTS[","].findall(header or "")]
    ours = [parameters for media_type, parameters in entries if media_type == JSON_API]
    # q is a weight and not a parameter of the media type.
    if ours and all(any(name not in ("profile", "q") for name, _ in entry) for entry in ours):
        raise NotAcceptable


def _parse(entry: str) -> tuple[str, list[tuple[str, str]]]:
    media_type, *rest = _PARTS[";"].findall(entry) or [""]
    parameters = []
    for part in rest:
        name, _, value = part.partition("=")
        if name.strip():
            parameters.append((name.strip().lower(), value.strip().strip('"').lower()))
    return media_type.strip().lower(), parameters
