"""Add, change, deactivate and restore people. Contract sections 5 and 10."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.admin_revisions.rules import record_change
from chalicelib.api_tokens.model import PersonTokens
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import AccessDenied, InvalidAttribute, RecordNotFound
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility
from chalicelib.core.record_operations import RecordOperations, new_author
from chalicelib.core.unit_of_work import Attempt, Decision, Load, Result, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.dynamodb.database import LoadedRecords
from chalicelib.people.model import ActiveAdmin, Person, Role, UniqueConstraint
from chalicelib.people.rules import (
    PersonUpdate,
    check_email,
    create_person,
    decide_deactivation,
    decide_erasure,
    decide_overwrite,
    decide_person_update,
    decide_restore,
    email_constraint,
)
from chalicelib.timers.model import PersonState
from chalicelib.timers.sum_targets import with_target_of_running

VIEW_PERSON: ViewPolicy[Person] = ViewPolicy(Visibility.EVERYONE, lambda person: person.id)

_MEMBER_EDITABLE = frozenset(
    {"first_name", "last_name", "title", "nickname", "avatar_url", "time_zone"}
)
"""Attributes that members may change in their own record. Only admins change the others."""

_ADMINS_READ = 10
"""Listed admins that are read to find one who stays. More than two, if one is listed wrongly."""

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
        options: WriteOptions = NO_OPTIONS,
        person_id: int | None = None,
    ) -> Result[Person]:
        """Add a person. Two calls.

        The default role is member. ``person_id`` is the id of the new person; None: a generated
        one. Raises ``InvalidAttribute`` if another person has the e-mail address or the id.
        """
        organization_id = caller.organization.id
        constraint = email_constraint(values["email"])
        load = Load(organization_id, ((UniqueConstraint, constraint), (Person, person_id)))

        def decide(attempt: Attempt) -> Decision[Person]:
            loaded = attempt.loaded
            check_email(values["email"])
            if loaded.get(UniqueConstraint, constraint) is not None:
                raise InvalidAttribute("email", _VALUE_TAKEN)
            if person_id is not None and loaded.get(Person, person_id) is not None:
                raise InvalidAttribute("id", _VALUE_TAKEN)
            attributes = {"role": Role.MEMBER, **values}
            new_id = self._dependencies.ids.generate() if person_id is None else person_id
            person = Person(
                id=new_id, organization_id=organization_id, created_at=attempt.now, **attributes
            )
            return self._recorded(
                caller, attempt.now, None, PersonUpdate(person, create_person(person))
            )

        return commit_with_retry(self._dependencies, options, decide, load)

    def update(
        self,
        caller: Caller,
        person_id: int,
        values: Mapping[str, Any],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[Person]:
        """Change a person. Members may change only their own record, and not all attributes of it.

        Two calls; four if an admin becomes a member. Raises ``AccessDenied``, ``Conflict``,
        ``InvalidAttribute``, ``RecordNotFound``.
        """
        email = values.get("email")
        constraints = [] if email is None else [(UniqueConstraint, email_constraint(email))]

        def decide(attempt: Attempt) -> Decision[Person]:
            loaded = attempt.loaded
            person = _require_person(loaded, person_id)
            _check_own(caller, person, values)
            attempt.require_match(person)
            email_owners = {
                record.id
                for record in loaded.records.values()
                if isinstance(record, UniqueConstraint)
            }
            if email_owners - {person_id}:
                raise InvalidAttribute("email", _VALUE_TAKEN)
            becomes_member = values.get("role", person.role) is not Role.ADMIN
            other_admin = self._other_admin(caller, person) if becomes_member else None
            tokens = _tokens(loaded, person)
            update = decide_person_update(person, values, tokens, other_admin)
            return self._recorded(caller, attempt.now, person, update)

        load = _load(caller, person_id, constraints)
        return commit_with_retry(self._dependencies, options, decide, load)

    def deactivate(
        self, caller: Caller, person_id: int, options: WriteOptions = NO_OPTIONS
    ) -> Result[Person]:
        """Stop a person's timer, disable their state and revoke their tokens, in one transaction.

        Two calls; four for an admin. Raises ``InvalidAttribute`` for the last active admin,
        ``RecordNotFound``.
        """

        def decide(attempt: Attempt) -> Decision[Person]:
            loaded, now = attempt.loaded, attempt.now
            person = attempt.require_match(_require_person(loaded, person_id))
            state, tokens = loaded.require(PersonState, person_id), _tokens(loaded, person)
            database = self._dependencies.database
            state = with_target_of_running(database, state, is_retry=attempt.is_retry)
            other_admin = self._other_admin(caller, person)
            update = decide_deactivation(person, state, tokens, now, other_admin)
            return self._recorded(caller, now, person, update)

        load = _load(caller, person_id)
        return commit_with_retry(self._dependencies, options, decide, load)

    def restore(
        self, caller: Caller, person_id: int, options: WriteOptions = NO_OPTIONS
    ) -> Result[Person]:
        """Restore a deactivated person, who then needs new tokens. Two calls.

        Raises ``Conflict`` for an erased person, ``RecordNotFound``.
        """

        def decide(attempt: Attempt) -> Decision[Person]:
            loaded, now = attempt.loaded, attempt.now
            person = attempt.require_match(_require_person(loaded, person_id))
            update = decide_restore(person, loaded.require(PersonState, person_id), now)
            return self._recorded(caller, now, person, update)

        load = _load(caller, person_id)
        return commit_with_retry(self._dependencies, options, decide, load)

    def begin_erasure(self, caller: Caller, person_id: int) -> Result[Person]:
        """Mark a deactivated person as erased. Two calls. Raises ``Conflict`` for active people.

        Only the administration has this and the following operation. The mark comes before anything
        is erased: from then on, events about the person have only ids.
        """

        def decide(attempt: Attempt) -> Decision[Person]:
            person = _require_person(attempt.loaded, person_id)
            return self._recorded(caller, attempt.now, person, decide_erasure(person, attempt.now))

        return commit_with_retry(self._dependencies, NO_OPTIONS, decide, _load(caller, person_id))

    def overwrite(self, caller: Caller, person_id: int) -> Result[Person]:
        """Overwrite the personal data of a person who is marked as erased. Two calls."""

        def decide(attempt: Attempt) -> Decision[Person]:
            person = _require_person(attempt.loaded, person_id)
            return self._recorded(caller, attempt.now, person, decide_overwrite(person))

        return commit_with_retry(self._dependencies, NO_OPTIONS, decide, _load(caller, person_id))

    def _recorded(
        self, caller: Caller, now: int, before: Person | None, update: PersonUpdate
    ) -> Decision[Person]:
        """The decision of an update, with its admin revision; without values of erased people."""
        records = update.records
        if records:
            author = new_author(self._dependencies, caller, now)
            with_values = not update.person.is_erased
            revision = record_change(author, before, update.person, with_values=with_values)
            records = (*records, *revision)
        return Decision(update.person, update.write_set, records)

    def _other_admin(self, caller: Caller, person: Person) -> Person | None:
        """Another active admin, if this person is one. Two calls, however many people there are."""
        if not person.is_active_admin:
            return None
        organization_id = person.organization_id
        listed = self._database.directory_start(ActiveAdmin, organization_id, _ADMINS_READ)
        entity_ids = [(Person, admin.id) for admin in listed]
        people: Iterable[Person] = self._database.get_many(
            organization_id, entity_ids
        ).records.values()
        other_admin = _first_admin(people, person)
        if other_admin is None and not caller.organization.is_indexed:
            people = self._database.directory(Person, organization_id)
            other_admin = _first_admin(people, person)
        return other_admin


def _first_admin(people: Iterable[Person], person: Person) -> Person | None:
    """The first active admin other than ``person``."""
    return next(
        (other for other in people if other.is_active_admin and other.id != person.id), None
    )


def _load(
    caller: Caller, person_id: int, constraints: Iterable[tuple[type[Any], str]] = ()
) -> Load:
    own = ((Person, person_id), (PersonTokens, person_id), (PersonState, person_id))
    return Load(caller.organization.id, (*own, *constraints))


def _require_person(loaded: LoadedRecords, person_id: int) -> Person:
    person = loaded.get(Person, person_id)
    if person is None:
        raise RecordNotFound
    return person


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
