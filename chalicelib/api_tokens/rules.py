"""Making, renaming, expiring and revoking a person's API tokens, as decisions.

A token is looked up by its digest alone. Beside it, a person's tokens stand in one list: that is
what is shown, what holds their number down under any race, and what names all of them to whoever
changes or revokes them together.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.core.errors import InvalidAttribute
from chalicelib.domain.directory import ApiToken, Person, Token, TokenList
from chalicelib.domain.records import (
    ChangeRecord,
    CreateRecord,
    DeleteRecord,
    RecordChange,
    RequireRecord,
)

MOST_TOKENS = 20
"""Tokens that a person may have, expired ones counted until they are revoked."""


def decide_token(person: Person, tokens: TokenList, made: ApiToken) -> tuple[RecordChange, ...]:
    """Give an active person one more token.

    Raises ``InvalidAttribute`` where they have as many as they may, or where it would be born
    expired.
    """
    if made.expires_at is not None and made.expires_at <= made.created_at:
        raise InvalidAttribute("expires_at", "The time must be in the future.")
    if len(tokens.tokens) >= MOST_TOKENS:
        detail = f"This person has the maximum of {MOST_TOKENS} tokens. Revoke one first."
        raise InvalidAttribute("person", detail)
    token = Token(
        made.digest,
        made.organization_id,
        made.person_id,
        person.role,
        made.name,
        made.expires_at,
    )
    expected = {"role": person.role, "deactivated_at": None}
    return (
        CreateRecord(token),
        RequireRecord(Person, person.organization_id, person.id, expected),
        _listing(tokens, (*tokens.tokens, made)),
    )


def decide_token_change(
    tokens: TokenList, token_id: int, values: Mapping[str, Any]
) -> tuple[ApiToken, tuple[RecordChange, ...]]:
    """Rename a token, or move the instant at which it expires."""
    before = tokens.find(token_id)
    after = replace(before, **values)
    if after == before:
        return before, ()
    kept = tuple(after if it.id == token_id else it for it in tokens.tokens)
    change = ChangeRecord(Token, tokens.organization_id, before.digest, values)
    return after, (change, _listing(tokens, kept))


def decide_revocation(tokens: TokenList, token_id: int) -> tuple[RecordChange, ...]:
    """Revoke a token."""
    gone = tokens.find(token_id)
    kept = tuple(it for it in tokens.tokens if it.id != token_id)
    return DeleteRecord(Token, tokens.organization_id, gone.digest), _listing(tokens, kept)


def _listing(tokens: TokenList, kept: tuple[ApiToken, ...]) -> RecordChange:
    after = replace(tokens, tokens=kept, version=tokens.version + 1)
    if tokens.version == 0:
        return CreateRecord(after)
    return ChangeRecord(
        TokenList,
        tokens.organization_id,
        tokens.id,
        {"tokens": after.tokens, "version": after.version},
        {"version": tokens.version},
    )
