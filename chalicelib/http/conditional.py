"""ETag and If-None-Match: a client does not download an unchanged body. Contract section 8."""

import hashlib
import re
from collections.abc import Mapping

from chalicelib.http.responses import HttpResponse

_DIGITS = 32
# A weak or a strong entity tag (RFC 9110). If-None-Match uses the weak comparison.
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def revalidate(response: HttpResponse, if_none_match: str | None) -> HttpResponse:
    """Add an ETag to a response. If the client has this body, return a 304 without a body.

    The tag is weak: it identifies the document, not its bytes, which may be compressed.
    """
    tag = entity_tag(response.body.encode())
    headers: Mapping[str, str] = {**response.headers, "ETag": f"W/{tag}"}
    if is_not_modified(tag, if_none_match):
        return HttpResponse(304, "", headers)
    return HttpResponse(response.status, response.body, headers)


def entity_tag(body: bytes) -> str:
    """Return the strong entity tag of a body, in quotes."""
    return f'"{hashlib.sha256(body).hexdigest()[:_DIGITS]}"'


def is_not_modified(tag: str, if_none_match: str | None) -> bool:
    """Return whether an If-None-Match header contains a tag, as a weak or a strong one."""
    header = (if_none_match or "").strip()
    return header == "*" or tag in _TAG.findall(header)
