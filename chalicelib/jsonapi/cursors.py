"""Cursors: opaque to clients, and valid only for the list that returned them. Contract section 6.

A cursor contains a position and a hash of the list. The list itself always comes from the caller's
credentials and query, never from the cursor. So a forged cursor is rejected, or it selects another
position in a list that the caller can read anyway.
"""

import base64
import binascii
import hashlib
import hmac

from chalicelib.core.errors import InvalidCursor

CURSOR_PARAMETER = "page[after]"

_HASH_BYTES = 12


def write_cursor(listing: str, position: str) -> str:
    """Return a cursor for a position of a list.

    ``listing`` describes everything that identifies the list: caller, filters and sort.
    """
    return base64.urlsafe_b64encode(_hash(listing) + position.encode()).decode().rstrip("=")


def read_cursor(listing: str, cursor: str) -> str:
    """Return the position in a cursor of a list. Raises :class:`InvalidCursor`."""
    try:
        # Strict: by default, b64decode ignores characters outside the alphabet.
        decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = decoded[_HASH_BYTES:].decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor(CURSOR_PARAMETER) from error
    if not hmac.compare_digest(decoded[:_HASH_BYTES], _hash(listing)):
        raise InvalidCursor(CURSOR_PARAMETER)
    return position


def _hash(listing: str) -> bytes:
    return hashlib.sha256(listing.encode()).digest()[:_HASH_BYTES]
