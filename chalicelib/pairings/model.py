"""A pairing: a one-time code for a token of a person."""

from typing import ClassVar

from msgspec import Struct

VALID_SECONDS = 15 * 60
"""How long a code is valid."""


class Pairing(Struct, frozen=True):
    """A code that can be exchanged once for a token of a person, without the code itself.

    ``digest`` is the code's hash, ``maker_digest`` that of the token that created the code; None:
    an admin command did. ``token_name`` is the name of the new token. ``created_at`` and
    ``expires_at`` are timestamps: those of the code, not of the token.
    """

    recorded_as: ClassVar[str] = "pairings"
    unrecorded: ClassVar[tuple[str, ...]] = ("digest", "maker_digest")

    digest: str
    id: int
    organization_id: int
    person_id: int
    token_name: str
    created_at: int
    expires_at: int
    maker_digest: str | None = None
