"""ETag and If-None-Match: what a phone already has is not sent again. Contract section 8."""

import hashlib
import re
from collections.abc import Mapping

from chalicelib.http.responses import Reply

_DIGITS = 32
# Weak or strong, as RFC 9110 spells entity tags; a GET compares them weakly.
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def revalidate(reply: Reply, if_none_match: str | None) -> Reply:
    """The reply with its ETag; without a body, as a 304, where the client has this very one.

    The tag is weak: it stands for the document, not for its bytes, which may be compressed.
    """
    tag = entity_tag(reply.body.encode())
    headers: Mapping[str, str] = {**reply.headers, "ETag": f"W/{tag}"}
    if is_known(tag, if_none_match):
        return Reply(304, "", headers)
    return Reply(reply.status, reply.body, headers)


def entity_tag(body: bytes) -> str:
    """What stands for a body, in quotes: a strong tag."""
    return f'"{hashlib.sha256(body).hexdigest()[:_DIGITS]}"'


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether an If-None-Match header names a tag, were it as a weak one."""
    known = (if_none_match or "").strip()
    return known == "*" or tag in _TAG.findall(known)
