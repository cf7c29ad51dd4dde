"""Add, change, deactivate and restore people. Contract sections 5 and 10."""

from collections.abc import Mapping
from typing import Any

from chalicelib.api_tokens.model import PersonTokens
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import AccessDenied, InvalidAttribute, RecordNotFound
from chalicelib.core.idempotency import IdempotencyKey, IdempotencyRecord
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility
from chalicelib.core.record_operations import RecordOperations
from chalicelib.core.unit_of_work import Decision, Result, commit_with_retry, replay
from chalicelib.dynamodb.database import LoadedRecords
from chalicelib.people.model import Person, Role, UniqueConstraint
from chalicelib.people.rules import (
    PersonUpdate,
    create_person,
    decide_deactivation,
    decide_person_update,
    decide_restore,
    email_constraint,
)
from chalicelib.timers.model import PersonState

VIEW_PERSON: ViewPolicy[Person] = ViewPolicy(Visibility.EVERYONE, lambda person: person.id)

_MEMBER_EDITABLE = frozenset({"first_name", "last_name", "title", "nickname", "avatar_url"})
"""Attributes that members may change in their own record. Only admins change the others."""

_VALUE_TAKEN = "Another person already has this value."


class People:
    """Operations on people. Each commits one transaction."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database
        records = RecordOperations(dependencies, Person, VIEW_PERSON)
        self.show, self.read = records.show, records.read

    def create(
        self,
        caller: Caller,
        values: Mapping[str, Any],
        key: IdempotencyKey | None,
        person_id: int | None = None,
    ) -> Result[Person]:
        """Add a person. Two calls.

        The default role is member. ``person_id`` is the id of the new person; None: a generated
        one. Raises ``InvalidAttribute`` if another person has the e-mail address or the id.
        """
        organization_id = caller.organization.id
        constraint = email_constraint(values["email"])
        record_keys: list[Any] = [(UniqueConstraint, constraint), (IdempotencyRecord, key)]
        if person_id is not None:
            record_keys.append((Person, person_id))

        def decide(now: int) -> Decision[Person] | Result[Person]:
            loaded = self._database.get_many(organization_id, record_keys)
            replayed = replay(loaded.get(IdempotencyRecord, key), key, now)
            if replayed is not None:
                return replayed
            if loaded.get(UniqueConstraint, constraint) is not None:
                raise InvalidAttribute("email", _VALUE_TAKEN)
            if person_id is not None and loaded.get(Person, person_id) is not None:
                raise InvalidAttribute("id", _VALUE_TAKEN)
            attributes = {"role": Role.MEMBER, **values}
            new_id = self._dependencies.ids.generate() if person_id is None else person_id
            person = Person(
                id=new_id, organization_id=organization_id, created_at=now, **attributes
            )
            return Decision(person, records=create_person(person))

        return commit_with_retry(self._dependencies, key, decide)

    def update(self, caller: Caller, person_id: int, values: Mapping[str, Any]) -> Result[Person]:
        """Change a person. Members may change only their own record, and not all attributes of it.

        Two calls; three if an admin becomes a member. Raises ``AccessDenied``, ``Conflict``,
        ``InvalidAttribute``, ``RecordNotFound``.
        """
        email = values.get("email")
        constraints = [] if email is None else [(UniqueConstraint, email_constraint(email))]

        def decide(now: int) -> Decision[Person]:
            del now
            loaded, person = self._load(caller, person_id, constraints)
            _check_own(caller, person, values)
            email_owners = {
                record.id
                for record in loaded.records.values()
                if isinstance(record, UniqueConstraint)
            }
            if email_owners - {person_id}:
                raise InvalidAttribute("email", _VALUE_TAKEN)
            becomes_member = values.get("role", person.role) is not Role.ADMIN
            other_admin = self._other_admin(person) if becomes_member else None
            tokens = _tokens(loaded, person)
            return _decision(decide_person_update(person, values, tokens, other_admin))

        return commit_with_retry(self._dependencies, None, decide)

    def deactivate(self, caller: Caller, person_id: int) -> Result[Person]:
        """Stop a person's timer, disable their state and revoke their tokens, in one transaction.

        Two calls; three for an admin. Raises ``InvalidAttribute`` for the last active admin,
        ``RecordNotFound``.
        """

        def decide(now: int) -> Decision[Person]:
            loaded, person = self._load(caller, person_id)
            state, tokens = loaded.require(PersonState, person_id), _tokens(loaded, person)
            other_admin = self._other_admin(person)
            return _decision(decide_deactivation(person, state, tokens, now, other_admin))

        return commit_with_retry(self._dependencies, None, decide)

    def restore(self, caller: Caller, person_id: int) -> Result[Person]:
        """Restore a deactivated person, who then needs new tokens. Two calls.

        Raises ``Conflict`` for an erased person, ``RecordNotFound``.
        """

        def decide(now: int) -> Decision[Person]:
            loaded, person = self._load(caller, person_id)
            return _decision(decide_restore(person, loaded.require(PersonState, person_id), now))

        return commit_with_retry(self._dependencies, None, decide)

    def _load(
        self, caller: Caller, person_id: int, constraints: Any = ()
    ) -> tuple[LoadedRecords, Person]:
        record_keys = [
            (Person, person_id),
            (PersonTokens, person_id),
            (PersonState, person_id),
            *constraints,
        ]
        loaded = self._database.get_many(caller.organization.id, record_keys)
        person = loaded.get(Person, person_id)
        if person is None:
            raise RecordNotFound
        return loaded, person

    def _other_admin(self, person: Person) -> Person | None:
        """Another active admin, if this person is one."""
        if not person.is_active_admin:
            return None
        people = self._database.directory(Person, person.organization_id)
        other_admins = (
            other for other in people if other.is_active_admin and other.id != person.id
        )
        return next(other_admins, None)


def _decision(update: PersonUpdate) -> Decision[Person]:
    return Decision(update.person, update.write_set, update.records)


def _tokens(loaded: LoadedRecords, person: Person) -> PersonTokens:
    tokens = loaded.get(PersonTokens, person.id)
    return PersonTokens(person.id, person.organization_id) if tokens is None else tokens


def _check_own(caller: Caller, person: Person, values: Mapping[str, Any]) -> None:
    if caller.is_admin:
        return
    if caller.person_id != person.id:
        raise AccessDenied("Only an admin can change another person.")
    # Clients may send unchanged values back.
    changed_names = {name for name, value in values.items() if getattr(person, name) != value}
    forbidden_names = sorted(changed_names - _MEMBER_EDITABLE)
    if forbidden_names:
        raise AccessDenied(f"Only an admin can change {', '.join(forbidden_names)}.")
