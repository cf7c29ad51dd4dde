"""Decisions: create, change and revoke the API tokens of a person.

Authentication reads a credential by its token's hash. In addition, one record contains all tokens
of a person: the API shows it, it limits the number of tokens also under concurrency, and it names
the credentials to write if all tokens change or are revoked at once.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens, TokenOwner
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.permissions import Caller
from chalicelib.core.timestamps import format_timestamp
from chalicelib.core.write_set import (
    CreateRecord,
    DeleteRecord,
    RecordWrite,
    RequireRecord,
    UpdateRecord,
)
from chalicelib.people.model import Person

MAX_TOKENS = 20
"""Maximum number of tokens of a person. Expired tokens count until they are revoked."""


def expiry_of_new_token(caller: Caller, requested: int | None) -> int | None:
    """Return the expiry of a token that the caller creates: at the latest, that of the caller's.

    None: it never expires. Raises ``InvalidAttribute``.
    """
    limit = None if caller.credential is None else caller.credential.expires_at
    if requested is None:
        return limit
    if limit is not None and requested > limit:
        raise InvalidAttribute("expires_at", _expires_too_late(caller, limit))
    return requested


def check_new_expiry(caller: Caller, token: ApiToken, expires_at: int | None) -> None:
    """Check the expiry that the caller sets. None: the token never expires.

    A token never extends itself, and extends another one at most to its own expiry. Raises
    ``InvalidAttribute``.
    """
    credential = caller.credential
    if credential is None or not _is_later(expires_at, token.expires_at):
        return
    if credential.digest == token.digest:
        detail = "A token cannot extend itself. Use another token of yours, or ask an admin."
        raise InvalidAttribute("expires_at", detail)
    limit = credential.expires_at
    if limit is not None and _is_later(expires_at, limit):
        raise InvalidAttribute("expires_at", _expires_too_late(caller, limit))


def _is_later(expires_at: int | None, other: int | None) -> bool:
    if other is None:
        return False
    return expires_at is None or expires_at > other


def _expires_too_late(caller: Caller, limit: int) -> str:
    latest = format_timestamp(limit, caller.zone)
    return (
        f"Your own token expires at {latest}, and cannot make another one valid for longer. "
        "Use this time or an earlier one, or another token."
    )


def decide_token_creation(
    person: Person, tokens: PersonTokens, api_token: ApiToken, *, closes_pairing: bool = False
) -> tuple[RecordWrite, ...]:
    """Add a token to an active person. ``closes_pairing``: no pairing code is valid after it.

    Raises ``InvalidAttribute`` if the person has the maximum number of tokens, or if the token
    expires in the past.
    """
    if api_token.expires_at is not None and api_token.expires_at <= api_token.created_at:
        raise InvalidAttribute("expires_at", "The time must be in the future.")
    _require_room(tokens)
    credential = Credential(
        api_token.digest,
        api_token.organization_id,
        api_token.person_id,
        person.role,
        api_token.name,
        api_token.expires_at,
        api_token.id,
    )
    closed = {"pairing_digest": None} if closes_pairing else {}
    return (
        CreateRecord(credential),
        CreateRecord(TokenOwner(api_token.id, api_token.organization_id, api_token.person_id)),
        _require_active(person),
        _changed_tokens(tokens, tokens=(*tokens.tokens, api_token), **closed),
    )


def decide_pairing(person: Person, tokens: PersonTokens, digest: str) -> tuple[RecordWrite, ...]:
    """Make a pairing code the only valid one of an active person.

    Raises ``InvalidAttribute`` if the person has the maximum number of tokens.
    """
    _require_room(tokens)
    return _require_active(person), _changed_tokens(tokens, pairing_digest=digest)


def _require_room(tokens: PersonTokens) -> None:
    """Raises ``InvalidAttribute`` if the person has the maximum number of tokens."""
    if len(tokens.tokens) >= MAX_TOKENS:
        detail = f"This person has the maximum of {MAX_TOKENS} tokens. Revoke one first."
        raise InvalidAttribute("person", detail)


def _require_active(person: Person) -> RecordWrite:
    """Return the condition that the person still has this role, and is not deactivated."""
    expected = {"role": person.role, "deactivated_at": None}
    return RequireRecord(Person, person.organization_id, person.id, expected)


def decide_token_update(
    caller: Caller, tokens: PersonTokens, token_id: int, values: Mapping[str, Any]
) -> tuple[ApiToken, tuple[RecordWrite, ...]]:
    """Change the name or the expiry of a token. Raises ``InvalidAttribute``."""
    before = tokens.find(token_id)
    after = replace(before, **values)
    if after == before:
        return before, ()
    check_new_expiry(caller, before, after.expires_at)
    new_tokens = tuple(after if token.id == token_id else token for token in tokens.tokens)
    credential_update = UpdateRecord(Credential, tokens.organization_id, before.digest, values)
    return after, (credential_update, _changed_tokens(tokens, tokens=new_tokens))


def decide_revocation(tokens: PersonTokens, token_id: int) -> tuple[RecordWrite, ...]:
    """Revoke a token."""
    revoked = tokens.find(token_id)
    new_tokens = tuple(token for token in tokens.tokens if token.id != token_id)
    return (
        *delete_token(revoked),
        _changed_tokens(tokens, tokens=new_tokens),
    )


def delete_token(token: ApiToken) -> tuple[RecordWrite, ...]:
    """Delete the records of a token, except its place in the list of its person's tokens."""
    return (
        DeleteRecord(Credential, token.organization_id, token.digest),
        DeleteRecord(TokenOwner, token.organization_id, token.id),
    )


def _changed_tokens(tokens: PersonTokens, /, **values: Any) -> RecordWrite:
    version = tokens.version + 1
    if tokens.version == 0:
        return CreateRecord(replace(tokens, version=version, **values))
    return UpdateRecord(
        PersonTokens,
        tokens.organization_id,
        tokens.id,
        {**values, "version": version},
        {"version": tokens.version},
    )
