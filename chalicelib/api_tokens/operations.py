"""Create, list, change and revoke API tokens.

Members manage their own tokens, admins the tokens of all people.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from chalicelib.api_tokens.authentication import digest, new_token
from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens, TokenOwner
from chalicelib.api_tokens.rules import (
    decide_revocation,
    decide_token_creation,
    decide_token_update,
    expiry_of_new_token,
)
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import AccessDenied, InvalidAttribute, RecordNotFound
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility, resolve_person
from chalicelib.core.record_operations import new_author, recorded
from chalicelib.core.unit_of_work import Attempt, Decision, Load, Result, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.dynamodb.database import LoadedRecords
from chalicelib.people.model import Person

VIEW_TOKEN: ViewPolicy[ApiToken] = ViewPolicy(Visibility.OWNER, lambda token: token.person_id)


class ApiTokens:
    """Operations on API tokens."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    def create(
        self, caller: Caller, values: Mapping[str, Any], options: WriteOptions = NO_OPTIONS
    ) -> Result[ApiToken]:
        """Create a token for the caller, or for the person that an admin names. Two calls.

        Only this result contains the token itself, in ``one_time_meta``. Raises ``AccessDenied``,
        ``InvalidAttribute``.
        """
        person_id = resolve_person(caller, values.get("person"))
        organization_id = caller.organization.id
        expires_at = expiry_of_new_token(caller, values.get("expires_at"))
        load = Load(organization_id, ((Person, person_id), (PersonTokens, person_id)))

        def decide(attempt: Attempt) -> Decision[ApiToken]:
            loaded = attempt.loaded
            person = require_active(caller, person_id, loaded.get(Person, person_id))
            tokens = loaded.get(PersonTokens, person_id) or PersonTokens(person_id, organization_id)
            secret = new_token()
            api_token = ApiToken(
                id=self._dependencies.ids.generate(),
                organization_id=organization_id,
                person_id=person_id,
                name=values["name"],
                digest=digest(secret),
                created_at=attempt.now,
                expires_at=expires_at,
            )
            records = decide_token_creation(person, tokens, api_token)
            decision = Decision(api_token, records=records, one_time_meta={"token": secret})
            return recorded(new_author(self._dependencies, caller, attempt.now), None, decision)

        return commit_with_retry(self._dependencies, options, decide, load)

    def read(self, caller: Caller, ids: frozenset[int] | None = None) -> Sequence[ApiToken]:
        """The tokens that the caller may see: all of the organization for an admin. One call.

        ``ids`` is ignored. Raises ``QueryTooBroad`` if all tokens are more than 5 MB.
        """
        del ids
        return [token for tokens in self._visible_tokens(caller) for token in tokens.tokens]

    def show(self, caller: Caller, token_id: int) -> ApiToken:
        """A token. Two calls, or three for another person's. Raises ``RecordNotFound``."""
        load = _load(caller, token_id)
        loaded = self._database.get_many(load.organization_id, load.entity_ids)
        (token,) = self.with_last_use([self._tokens_with(caller, token_id, loaded).find(token_id)])
        return token

    def of_person(self, caller: Caller, person_id: int) -> Sequence[ApiToken]:
        """The tokens of one person, for an operator. Two calls."""
        tokens = self._database.get(PersonTokens, caller.organization.id, person_id)
        return () if tokens is None else self.with_last_use(tokens.tokens)

    def with_last_use(self, tokens: Sequence[ApiToken]) -> Sequence[ApiToken]:
        """The tokens, with the dates of their last use. One call per 100 tokens."""
        credentials = self._database.get_many(0, [(Credential, token.digest) for token in tokens])
        return [_with_last_use(token, credentials) for token in tokens]

    def update(
        self,
        caller: Caller,
        token_id: int,
        values: Mapping[str, Any],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[ApiToken]:
        """Change the name or the expiry of a token. Three calls, or four for another person's.

        A token cannot extend itself, and can extend others only to its own expiry. Raises
        ``InvalidAttribute``, ``RecordNotFound``.
        """

        def decide(attempt: Attempt) -> Decision[ApiToken]:
            tokens = self._tokens_with(caller, token_id, attempt.loaded)
            before = attempt.require_match(tokens.find(token_id), stored_in=tokens)
            after, records = decide_token_update(caller, tokens, token_id, values)
            (after,) = self.with_last_use([after])
            decision = Decision(after, records=records)
            return recorded(new_author(self._dependencies, caller, attempt.now), before, decision)

        return commit_with_retry(self._dependencies, options, decide, _load(caller, token_id))

    def revoke(
        self, caller: Caller, token_id: int, options: WriteOptions = NO_OPTIONS
    ) -> Result[None]:
        """Revoke a token. Two calls, or three for another person's. Raises ``RecordNotFound``."""

        def decide(attempt: Attempt) -> Decision[None]:
            tokens = self._tokens_with(caller, token_id, attempt.loaded)
            before = attempt.require_match(tokens.find(token_id), stored_in=tokens)
            decision = Decision(None, records=decide_revocation(tokens, token_id))
            return recorded(new_author(self._dependencies, caller, attempt.now), before, decision)

        return commit_with_retry(self._dependencies, options, decide, _load(caller, token_id))

    def _visible_tokens(self, caller: Caller) -> Sequence[PersonTokens]:
        organization_id = caller.organization.id
        if caller.is_admin:
            return self._database.directory(PersonTokens, organization_id)
        own = self._database.get(PersonTokens, organization_id, caller.person_id)
        return [] if own is None else [own]

    def _tokens_with(self, caller: Caller, token_id: int, loaded: LoadedRecords) -> PersonTokens:
        """The tokens of the person who has this token, if the caller may see it.

        No call for the caller's own, else one, however many people there are.
        """
        candidates: Iterable[PersonTokens | None] = ()
        own, owner = loaded.get(PersonTokens, caller.person_id), loaded.get(TokenOwner, token_id)
        if own is not None and own.contains(token_id):
            return own
        if owner is not None:
            organization_id = caller.organization.id
            candidates = [self._database.get(PersonTokens, organization_id, owner.person_id)]
        elif caller.is_admin and not caller.organization.is_indexed:
            candidates = self._visible_tokens(caller)
        for tokens in candidates:
            if tokens is not None and tokens.contains(token_id):
                return tokens
        raise RecordNotFound


def _with_last_use(token: ApiToken, credentials: LoadedRecords) -> ApiToken:
    credential = credentials.get(Credential, token.digest)
    return token if credential is None else replace(token, last_used_on=credential.last_used_on)


def _load(caller: Caller, token_id: int) -> Load:
    entity_ids: list[tuple[type[Any], int]] = [(PersonTokens, caller.person_id)]
    if caller.is_admin:
        entity_ids.append((TokenOwner, token_id))
    return Load(caller.organization.id, entity_ids)


def require_active(caller: Caller, person_id: int, person: Person | None) -> Person:
    """The person, if active. Raises ``AccessDenied`` to the person, ``InvalidAttribute`` else."""
    if person is not None and person.deactivated_at is None:
        return person
    if person_id == caller.person_id:
        raise AccessDenied("You are deactivated. Ask an admin to restore you.")
    raise InvalidAttribute("person")
