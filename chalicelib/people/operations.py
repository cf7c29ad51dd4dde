"""Add, change, deactivate and restore people. Contract sections 5 and 10."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import AccessDenied, InvalidAttribute, RecordNotFound
from chalicelib.core.idempotency import RequestKey
from chalicelib.core.unit_of_work import Answer, Decision, replay, settle
from chalicelib.domain.directory import Caller, Claim, Person, Role, TokenList
from chalicelib.dynamodb.database import Found
from chalicelib.people.rules import (
    Changed,
    adding,
    decide_deactivation,
    decide_person_change,
    decide_restoring,
    email_claim,
)

OWN_VALUES = frozenset({"first_name", "last_name", "title", "nickname", "avatar_url"})
"""What a person may change of themselves; the rest is the admins'."""

_TAKEN = "Another person already has this value."


class People:
    """The verbs on people; each settles in one transaction."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools

    def add(
        self,
        caller: Caller,
        values: Mapping[str, Any],
        key: RequestKey | None,
        person_id: int | None = None,
    ) -> Answer[Person]:
        """Add somebody, a member where nothing else is said, under an id that is drawn unless it is
        given. Two calls.

        Raises ``InvalidAttribute`` where the e-mail address, or the id, is somebody's.
        """
        organization_id = caller.organization.id
        claim = email_claim(values["email"])
        wanted: list[Any] = [(Claim, claim)]
        if person_id is not None:
            wanted.append((Person, person_id))

        def decide() -> Decision[Person] | Answer[Person]:
            now = self._tools.now()
            found = self._tools.store.look(organization_id, wanted, key=key)
            replayed = replay(found.kept, key, now)
            if replayed is not None:
                return replayed
            if found.record(Claim, claim) is not None:
                raise InvalidAttribute("email", _TAKEN)
            if person_id is not None and found.record(Person, person_id) is not None:
                raise InvalidAttribute("id", _TAKEN)
            given = {"role": Role.MEMBER, **values}
            own_id = self._tools.ids.draw() if person_id is None else person_id
            person = Person(id=own_id, organization_id=organization_id, created_at=now, **given)
            return Decision(person, records=adding(person))

        return settle(self._tools, key, decide)

    def change(self, caller: Caller, person_id: int, values: Mapping[str, Any]) -> Answer[Person]:
        """Change somebody; a member themselves, and of that what is theirs. Two calls.

        One more where an admin is to be none any longer. Raises ``AccessDenied``,
        ``InvalidAttribute``, ``RecordNotFound``.
        """
        email = values.get("email")
        claims = [] if email is None else [(Claim, email_claim(email))]

        def decide() -> Decision[Person]:
            found, person = self._find(caller, person_id, claims)
            _check_own(caller, person, values)
            holders = {it.id for it in found.records.values() if isinstance(it, Claim)}
            if holders - {person_id}:
                raise InvalidAttribute("email", _TAKEN)
            demoted = values.get("role", person.role) is not Role.ADMIN
            other = self._other_admin(person) if demoted else None
            tokens = _tokens(found, person)
            return _decision(decide_person_change(person, values, tokens, other))

        return settle(self._tools, None, decide)

    def deactivate(self, caller: Caller, person_id: int) -> Answer[Person]:
        """Stop their timer, block their slot and revoke their tokens, together. Two calls.

        One more for an admin. Raises ``InvalidAttribute`` about the last active one,
        ``RecordNotFound``.
        """

        def decide() -> Decision[Person]:
            found, person = self._find(caller, person_id)
            slot, tokens = found.slots[person_id], _tokens(found, person)
            other = self._other_admin(person)
            return _decision(decide_deactivation(person, slot, tokens, self._tools.now(), other))

        return settle(self._tools, None, decide)

    def restore(self, caller: Caller, person_id: int) -> Answer[Person]:
        """Let them work again; they need new tokens. Two calls. Raises ``RecordNotFound``."""

        def decide() -> Decision[Person]:
            found, person = self._find(caller, person_id)
            return _decision(decide_restoring(person, found.slots[person_id], self._tools.now()))

        return settle(self._tools, None, decide)

    def _find(self, caller: Caller, person_id: int, claims: Any = ()) -> tuple[Found, Person]:
        wanted = [(Person, person_id), (TokenList, person_id), *claims]
        found = self._tools.store.look(caller.organization.id, wanted, slots=[person_id])
        person = found.record(Person, person_id)
        if person is None:
            raise RecordNotFound
        return found, person

    def _other_admin(self, person: Person) -> Person | None:
        """Another active admin, where this person is one."""
        if not person.is_active_admin:
            return None
        everybody = self._tools.store.directory(Person, person.organization_id)
        others = (it for it in everybody if it.is_active_admin and it.id != person.id)
        return next(others, None)


def _decision(changed: Changed) -> Decision[Person]:
    return Decision(changed.person, changed.changes, changed.records)


def _tokens(found: Found, person: Person) -> TokenList:
    listed = found.record(TokenList, person.id)
    return TokenList(person.id, person.organization_id) if listed is None else listed


def _check_own(caller: Caller, person: Person, values: Mapping[str, Any]) -> None:
    if caller.is_admin:
        return
    if caller.person_id != person.id:
        raise AccessDenied("Only an admin can change another person.")
    # Clients send back what they were shown: what stays as it is, is no change.
    changed = {name for name, value in values.items() if getattr(person, name) != value}
    if changed - OWN_VALUES:
        raise AccessDenied(f"Only an admin can change {', '.join(sorted(changed - OWN_VALUES))}.")
