"""Authentication by API token and organization id. Contract sections 1 and 5.

The process caches an authenticated caller for 55 seconds, so that most requests need no database
call. A revoked token, an old setting, or an old list of closed services can therefore be valid for
up to 60 seconds more, but not for a write that gives or shapes access: core/live_access.py.
"""

import hashlib
import secrets

from chalicelib.api_tokens.model import Credential, PersonTokens
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import AccessDenied, InvalidAuthToken, NoOrganizationId
from chalicelib.core.expiring_cache import ExpiringCache
from chalicelib.core.ids import parse_id
from chalicelib.core.permissions import Caller
from chalicelib.organizations.model import Organization

COMMIT_SECONDS = 5
"""A change can be read so long after its timestamp: until then it is committed, and the clocks of
servers differ. A process that reads the record before that remembers the value before the change.
"""

CALLER_CACHE_SECONDS = 60 - COMMIT_SECONDS
"""Every process knows a change 60 seconds after its timestamp."""

_MAX_CACHED_CALLERS = 1_000
_TOKEN_PREFIX = "stint_"  # noqa: S105 - not a secret
_TOKEN_BYTES = 32
_MAX_TOKEN_LENGTH = 200


class Authenticator:
    """Authenticates callers by the values of two request headers."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database
        self._callers: ExpiringCache[str, Caller] = ExpiringCache(
            _MAX_CACHED_CALLERS, dependencies.clock
        )

    def authenticate(
        self, token: str | None, organization: str | None, *, organization_required: bool = True
    ) -> Caller:
        """Return the caller. No call if cached, else one; two if no organization is required.

        One more call for a token that version 0.2.0 created, to read its id.

        The token is checked first, so that errors reveal nothing to callers without a valid token.
        If no organization is required, ``organization`` is ignored and the token's own is used.
        Raises ``InvalidAuthToken``, ``NoOrganizationId``, ``AccessDenied``.
        """
        if token is None or not is_well_formed(token):
            raise InvalidAuthToken
        token_hash = digest(token)
        cached = self._callers.get(token_hash)
        if not organization_required:
            return cached or self._load_without_organization(token_hash)
        organization_id = parse_id(organization)
        if cached is not None and cached.organization.id == organization_id:
            return cached
        return self._load(token_hash, organization_id)

    def forget(self, token: str | None) -> None:
        """Forget the cached caller of a token: the next request reads it again."""
        if token is not None:
            self._callers.remove(digest(token))

    def _load_without_organization(self, token_hash: str) -> Caller:
        now = self._dependencies.now()
        credential = self._database.get(Credential, 0, token_hash)
        if credential is None or credential.expired(now):
            raise InvalidAuthToken
        organization = self._database.get(
            Organization, credential.organization_id, credential.organization_id
        )
        if organization is None:
            raise InvalidAuthToken
        return self._cache_caller(credential, organization, now)

    def _load(self, token_hash: str, organization_id: int | None) -> Caller:
        now = self._dependencies.now()
        loaded = self._database.get_many(
            organization_id or 0, [(Credential, token_hash), (Organization, organization_id)]
        )
        credential = loaded.get(Credential, token_hash)
        organization = loaded.get(Organization, organization_id)
        if credential is None or credential.expired(now):
            raise InvalidAuthToken
        if organization_id is None:
            raise NoOrganizationId
        if organization is None or credential.organization_id != organization_id:
            raise AccessDenied("This token does not belong to this organization.")
        return self._cache_caller(credential, organization, now)

    def _cache_caller(self, credential: Credential, organization: Organization, now: int) -> Caller:
        token_id = credential.token_id or self._read_token_id(credential)
        caller = Caller(organization, credential.person_id, credential.role, token_id, credential)
        expires_at: float = now + CALLER_CACHE_SECONDS
        if credential.expires_at is not None:
            expires_at = min(expires_at, credential.expires_at)
        self._callers.put(credential.digest, caller, expires_at)
        return caller

    def _read_token_id(self, credential: Credential) -> int | None:
        person_tokens = self._database.get(
            PersonTokens, credential.organization_id, credential.person_id
        )
        tokens = () if person_tokens is None else person_tokens.tokens
        return next((token.id for token in tokens if token.digest == credential.digest), None)


def new_token() -> str:
    """Generate a token. Its prefix helps people and secret scanners to recognize a leaked token."""
    return _TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def is_well_formed(token: str) -> bool:
    """Whether a text can be a token: printable ASCII, at most 200 characters."""
    return 0 < len(token) <= _MAX_TOKEN_LENGTH and token.isascii() and token.isprintable()


def digest(token: str) -> str:
    """Return the token's hash, under which it is stored: SHA-256, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()
