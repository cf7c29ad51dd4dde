"""ETag, If-None-Match and If-Match. Contract sections 4c and 8, decision 0021.

A client does not download an unchanged body, and does not overwrite a record that has changed.
"""

import hashlib
import re
from collections.abc import Mapping

from chalicelib.core.write_options import IfMatch
from chalicelib.http.responses import HttpResponse

_DIGITS = 32
# A weak or a strong entity tag (RFC 9110). Both headers use the weak comparison.
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_VERSION = re.compile(r'"([0-9a-f]+)-[^"]*"')


def revalidate(response: HttpResponse, if_none_match: str | None) -> HttpResponse:
    """Add an ETag to a response. If the client has this body, return a 304 without a body.

    The tag is weak: it identifies the document, not its bytes, which may be compressed.
    """
    tag = entity_tag(response.body.encode(), response.version)
    headers: Mapping[str, str] = {**response.headers, "ETag": f"W/{tag}"}
    if is_not_modified(tag, if_none_match):
        return HttpResponse(304, "", headers)
    return HttpResponse(response.status, response.body, headers)


def entity_tag(body: bytes, version: str | None = None) -> str:
    """Return the strong entity tag of a body, in quotes. It begins with the record's version."""
    digest = hashlib.sha256(body).hexdigest()[:_DIGITS]
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def is_not_modified(tag: str, if_none_match: str | None) -> bool:
    """Return whether an If-None-Match header contains a tag, as a weak or a strong one."""
    header = (if_none_match or "").strip()
    return header == "*" or tag in _TAG.findall(header)


def read_if_match(header: str) -> IfMatch | None:
    """Return the versions in the entity tags of an If-Match header; None if the header is empty.

    A tag without a version, such as that of a list, matches no record.
    """
    if not header:
        return None
    if header == "*":
        return IfMatch(None)
    versions = map(_VERSION.fullmatch, _TAG.findall(header))
    return IfMatch(frozenset(version[1] for version in versions if version is not None))
