"""ETag and If-None-Match: what a phone already has is not sent again. Contract section 8."""

import hashlib
import re
from collections.abc import Mapping

from chalicelib.http.exchange import Reply

_DIGITS = 32
# Weak or strong, as RFC 9110 spells entity tags; a GET compares them weakly.
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def revalidate(reply: Reply, if_none_match: str | None) -> Reply:
    """The reply with its ETag; without a body, as a 304, where the client has this very one.

    The tag is weak: it stands for the document, not for its bytes, which may be compressed.
    """
    tag = f'"{hashlib.sha256(reply.body.encode()).hexdigest()[:_DIGITS]}"'
    headers: Mapping[str, str] = {**reply.headers, "ETag": f"W/{tag}"}
    known = (if_none_match or "").strip()
    if known == "*" or tag in _TAG.findall(known):
        return Reply(304, "", headers)
    return Reply(reply.status, reply.body, headers)
