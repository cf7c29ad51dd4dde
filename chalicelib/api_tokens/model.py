"""API tokens: the credential for authentication, and the record that the API shows."""

from typing import ClassVar

from msgspec import Struct

from chalicelib.core.errors import RecordNotFound
from chalicelib.people.model import Role


class Credential(Struct, frozen=True):
    """An API token as authentication uses it.

    ``digest`` is the token's hash; the token itself is not stored. ``expires_at`` is a timestamp.
    ``token_id`` is the id of its :class:`ApiToken`; None: version 0.2.0 created it.
    ``last_used_on`` is a date in the organization's time zone.
    """

    digest: str
    organization_id: int
    person_id: int
    role: Role
    name: str
    expires_at: int | None = None
    token_id: int | None = None
    last_used_on: str | None = None

    def expired(self, now: int) -> bool:
        """Whether the token is expired at the timestamp ``now``."""
        return self.expires_at is not None and self.expires_at <= now


class ApiToken(Struct, frozen=True):
    """An API token as the API shows it, without the token itself.

    ``digest`` is the token's hash. ``created_at`` and ``expires_at`` are timestamps.
    ``last_used_on`` is a date. It is stored in the credential only; None in the stored list.
    """

    unversioned: ClassVar[tuple[str, ...]] = ("last_used_on",)
    recorded_as: ClassVar[str] = "api_tokens"
    unrecorded: ClassVar[tuple[str, ...]] = ("digest", "last_used_on")

    id: int
    organization_id: int
    person_id: int
    name: str
    digest: str
    created_at: int
    expires_at: int | None = None
    last_used_on: str | None = None


class TokenOwner(Struct, frozen=True):
    """The person of the token with this id, so that the id is enough to find the token."""

    id: int
    organization_id: int
    person_id: int


class PersonTokens(Struct, frozen=True):
    """All tokens of one person. ``id`` is the person's; ``version`` is 0 before the first token.

    ``pairing_digest`` is the hash of the only pairing code that can become a token of the person.
    """

    id: int
    organization_id: int
    version: int = 0
    tokens: tuple[ApiToken, ...] = ()
    pairing_digest: str | None = None

    def find(self, token_id: int) -> ApiToken:
        """Return the token with this id. Raises :class:`RecordNotFound`."""
        for token in self.tokens:
            if token.id == token_id:
                return token
        raise RecordNotFound

    def contains(self, token_id: int) -> bool:
        """Whether the person has a token with this id."""
        return any(token.id == token_id for token in self.tokens)
