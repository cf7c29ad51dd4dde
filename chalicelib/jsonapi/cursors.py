"""Cursors: opaque to clients, and good for the very list that gave them. Contract section 6.

A cursor holds a position and a digest of the list. Whose list it is always comes from the caller's
credentials and query, never from the cursor: a forged one is refused, or at the worst begins
elsewhere in a list that its forger may read anyway.
"""

import base64
import binascii
import hashlib
import hmac

from chalicelib.core.errors import InvalidCursor

PARAMETER = "page[after]"

_DIGEST_BYTES = 12


def write_cursor(listing: str, position: str) -> str:
    """A cursor at a position of a list; ``listing`` describes everything that makes that list."""
    return base64.urlsafe_b64encode(_digest(listing) + position.encode()).decode().rstrip("=")


def read_cursor(listing: str, cursor: str) -> str:
    """The position that a cursor of that list holds. Raises :class:`InvalidCursor`."""
    try:
        # Strict: what is not of the alphabet would otherwise be skipped.
        held = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = held[_DIGEST_BYTES:].decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor(PARAMETER) from error
    if not hmac.compare_digest(held[:_DIGEST_BYTES], _digest(listing)):
        raise InvalidCursor(PARAMETER)
    return position


def _digest(listing: str) -> bytes:
    return hashlib.sha256(listing.encode()).digest()[:_DIGEST_BYTES]
