"""Create, list, rename, expire and revoke API tokens: an admin anybody's, a member their own."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.api_tokens.rules import decide_revocation, decide_token, decide_token_change
from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import AccessDenied, InvalidAttribute, RecordNotFound
from chalicelib.core.idempotency import RequestKey
from chalicelib.core.permissions import acts_for
from chalicelib.core.unit_of_work import Answer, Decision, replay, settle
from chalicelib.domain.directory import ApiToken, Caller, Person, TokenList
from chalicelib.domain.tokens import digest, new_token


class ApiTokens:
    """The verbs on API tokens; each settles in one transaction."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools

    def create(
        self, caller: Caller, values: Mapping[str, Any], key: RequestKey | None
    ) -> Answer[ApiToken]:
        """Give somebody, or oneself, a token. The answer tells it, once. Two calls.

        Raises ``AccessDenied``, ``InvalidAttribute``.
        """
        person_id = acts_for(caller, values.get("person"))
        organization_id = caller.organization.id
        wanted = [(Person, person_id), (TokenList, person_id)]

        def decide() -> Decision[ApiToken] | Answer[ApiToken]:
            now = self._tools.now()
            found = self._tools.store.look(organization_id, wanted, key=key)
            replayed = replay(found.kept, key, now)
            if replayed is not None:
                return replayed
            person = _active(caller, person_id, found.record(Person, person_id))
            listed = found.record(TokenList, person_id) or TokenList(person_id, organization_id)
            secret = new_token()
            made = ApiToken(
                id=self._tools.ids.draw(),
                organization_id=organization_id,
                person_id=person_id,
                name=values["name"],
                digest=digest(secret),
                created_at=now,
                expires_at=values.get("expires_at"),
            )
            records = decide_token(person, listed, made)
            return Decision(made, records=records, once={"token": secret})

        return settle(self._tools, key, decide)

    def read(self, caller: Caller, ids: frozenset[int] | None = None) -> Sequence[ApiToken]:
        """The tokens that the caller may see: an admin everybody's. One call.

        Raises ``QueryTooBroad`` where the organization has more than 5 MB of them.
        """
        del ids
        return [token for listed in self._lists(caller) for token in listed.tokens]

    def show(self, caller: Caller, token_id: int) -> ApiToken:
        """A token. One call. Raises ``RecordNotFound``."""
        return self._list_with(caller, token_id).find(token_id)

    def change(self, caller: Caller, token_id: int, values: Mapping[str, Any]) -> Answer[ApiToken]:
        """Rename a token, or move its end. Two calls. Raises ``RecordNotFound``."""

        def decide() -> Decision[ApiToken]:
            listed = self._list_with(caller, token_id)
            after, records = decide_token_change(listed, token_id, values)
            return Decision(after, records=records)

        return settle(self._tools, None, decide)

    def revoke(self, caller: Caller, token_id: int) -> None:
        """Revoke a token. Two calls. Raises ``RecordNotFound``."""

        def decide() -> Decision[None]:
            listed = self._list_with(caller, token_id)
            return Decision(None, records=decide_revocation(listed, token_id))

        settle(self._tools, None, decide)

    def _lists(self, caller: Caller) -> Sequence[TokenList]:
        organization_id = caller.organization.id
        if caller.is_admin:
            return self._tools.store.directory(TokenList, organization_id)
        found = self._tools.store.look(organization_id, [(TokenList, caller.person_id)])
        own = found.record(TokenList, caller.person_id)
        return [] if own is None else [own]

    def _list_with(self, caller: Caller, token_id: int) -> TokenList:
        for listed in self._lists(caller):
            if any(token.id == token_id for token in listed.tokens):
                return listed
        raise RecordNotFound


def _active(caller: Caller, person_id: int, person: Person | None) -> Person:
    if person is not None and person.deactivated_at is None:
        return person
    if person_id == caller.person_id:
        raise AccessDenied("You are deactivated. Ask an admin to restore you.")
    raise InvalidAttribute("person")
