"""Writes that require the live token of the caller. Contract section 11, decision 0027.

A process remembers a caller for up to 60 seconds. A write that gives or shapes access must not rely
on that: its transaction requires that the token still exists, with the same role and expiry.
"""

from chalicelib.api_tokens.model import Credential
from chalicelib.core.write_set import RequireRecord

_FIELDS = ("organization_id", "person_id", "role", "expires_at")
"""What a caller's access follows from. A deactivation deletes the credentials of the person, and a
change of role writes them, so no other record must be read."""


class AccessChanged(Exception):
    """The token was revoked, or has another role or expiry than the process remembers.

    Nothing was written. Authenticate the request again, then decide it again.
    """


def require_same_access(remembered: Credential, live: Credential | None, now: int) -> None:
    """Compare a remembered token with the stored one. Raises :class:`AccessChanged`.

    :param live: the stored token; None: it does not exist.
    :param now: the present timestamp.
    """
    if live is None or live.expired(now):
        raise AccessChanged
    if any(getattr(live, name) != getattr(remembered, name) for name in _FIELDS):
        raise AccessChanged


def same_access(remembered: Credential) -> RequireRecord:
    """Return the condition that the stored token still gives the remembered access."""
    expected = {name: getattr(remembered, name) for name in _FIELDS}
    return RequireRecord(Credential, remembered.organization_id, remembered.digest, expected)
