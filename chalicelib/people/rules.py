"""Decisions: create, change, deactivate and restore people. Contract sections 5 and 10.

A unique constraint reserves each e-mail address for one person of the organization. A person's
credentials contain their role, so a change of role writes them in the same transaction.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.api_tokens.model import Credential, PersonTokens
from chalicelib.api_tokens.rules import delete_token
from chalicelib.core.errors import Conflict, InvalidAttribute
from chalicelib.core.write_set import (
    CreateRecord,
    DeleteRecord,
    Disable,
    Enable,
    PutRecord,
    RecordWrite,
    RequireRecord,
    StopTimer,
    UpdateRecord,
    WriteSet,
    changed,
)
from chalicelib.people.model import ActiveAdmin, Person, Role, UniqueConstraint
from chalicelib.timers.model import PersonState, StopReason
from chalicelib.timers.rules import stop_write_set, with_stop

LAST_ADMIN = "This person is the last active admin. Make another person an admin first."
_ERASED = "The data of this person was erased. You cannot change or restore this person."
_ERASED_DOMAIN = "erased.invalid"
_UPDATE_REQUIRES = ("role", "email", "deactivated_at", "erased_at")
"""What must be unchanged when a change of a person is written."""


class PersonUpdate(Struct, frozen=True):
    """The person after an operation, and its writes, if there are any."""

    person: Person
    records: tuple[RecordWrite, ...] = ()
    write_set: WriteSet | None = None


def email_constraint(email: str) -> str:
    """Return the name of the unique constraint of an e-mail address; case does not matter."""
    return f"email:{email.casefold()}"


def erasure_values(person: Person) -> dict[str, Any]:
    """Return the values that overwrite a person's personal data.

    The e-mail address becomes one that cannot exist (RFC 2606), because every person has one.
    """
    return {
        "first_name": "Erased",
        "last_name": f"person {person.id}",
        "email": _erased_email(person),
        "title": None,
        "nickname": None,
        "avatar_url": None,
        "time_zone": None,
        "auto_stop_at_time": None,
    }


def _erased_email(person: Person) -> str:
    return f"erased-{person.id}@{_ERASED_DOMAIN}"


def check_email(email: str) -> None:
    """Refuse the addresses of erased people: another person's would be in the way of an erasure.

    Raises ``InvalidAttribute``.
    """
    if email.casefold().endswith(f"@{_ERASED_DOMAIN}"):
        detail = f"Addresses of {_ERASED_DOMAIN} are reserved for erased people. Use another one."
        raise InvalidAttribute("email", detail)


def create_person(person: Person) -> tuple[RecordWrite, ...]:
    """Create a person and the unique constraint of their e-mail address."""
    return (CreateRecord(person), *_create_constraint(person), *_list_admin(None, person))


def decide_person_update(
    person: Person, values: Mapping[str, Any], tokens: PersonTokens, other_admin: Person | None
) -> PersonUpdate:
    """Change a person. ``other_admin`` is another active admin, needed if an admin's role changes.

    Raises ``InvalidAttribute`` if no active admin would remain, ``Conflict`` for an erased person.
    """
    after = replace(person, **values)
    records = changed(person, after, *_UPDATE_REQUIRES)
    if not records:
        return PersonUpdate(person)
    if person.is_erased:
        raise Conflict(_ERASED)
    if after.email is not None and after.email != person.email:
        check_email(after.email)
    extra: list[RecordWrite] = []
    if after.role is not person.role:
        extra += _require_other_admin(person, other_admin, "role")
        extra += _change_token_roles(tokens, after.role)
        extra += _list_admin(person, after)
    return PersonUpdate(after, (*records, *extra, *_change_constraint(person, after)))


def require_not_erased(person: Person) -> RequireRecord:
    """Return the condition that a person exists, and that their erasure has not begun."""
    expected = {"id": person.id, "erased_at": None}
    return RequireRecord(Person, person.organization_id, person.id, expected)


def decide_erasure(person: Person, now: int) -> PersonUpdate:
    """Mark a person as erased, before anything of their data is erased.

    Raises ``Conflict`` for an active person.
    """
    if person.is_erased:
        return PersonUpdate(person)
    if person.deactivated_at is None:
        raise Conflict("This person is active. Deactivate the person first.")
    after = replace(person, erased_at=now)
    return PersonUpdate(after, changed(person, after, *_UPDATE_REQUIRES))


def decide_overwrite(person: Person) -> PersonUpdate:
    """Overwrite the personal data of a person who is marked as erased.

    Raises ``Conflict`` for others.
    """
    if not person.is_erased:
        raise Conflict("This person is not marked as erased.")
    after = replace(person, **erasure_values(person))
    records = changed(person, after, *_UPDATE_REQUIRES)
    return PersonUpdate(after, (*records, *_change_constraint(person, after)))


def decide_deactivation(
    person: Person, state: PersonState, tokens: PersonTokens, now: int, other_admin: Person | None
) -> PersonUpdate:
    """Deactivate a person: stop their timer, prevent new ones, revoke their tokens.

    Raises ``InvalidAttribute`` for the last active admin.
    """
    if person.deactivated_at is not None:
        return PersonUpdate(person)
    after = replace(person, deactivated_at=now)
    records = (
        *changed(person, after, "role", "deactivated_at"),
        *_require_other_admin(person, other_admin, "deactivated_at"),
        *_revoke_all(tokens),
        *_list_admin(person, after),
    )
    return PersonUpdate(after, records, _disable(state, now))


def decide_restore(person: Person, state: PersonState, now: int) -> PersonUpdate:
    """Restore a deactivated person. Revoked tokens stay revoked.

    Raises ``Conflict`` for an erased person.
    """
    if person.deactivated_at is None:
        return PersonUpdate(person)
    if person.is_erased:
        raise Conflict(_ERASED)
    after = replace(person, deactivated_at=None)
    write_set = None
    if state.disabled:
        write_set = WriteSet(state.organization_id, state.person_id, now, Enable(state.version))
    records = (
        *changed(person, after, "role", "deactivated_at", "erased_at"),
        *_list_admin(person, after),
    )
    return PersonUpdate(after, records, write_set)


def _disable(state: PersonState, now: int) -> WriteSet:
    timer = state.timer
    if timer is None:
        disable = Disable(state.version, state.last_stopped_at)
        return WriteSet(state.organization_id, state.person_id, now, disable)
    # As in a switch, an overdue timer stops at its limit.
    overdue = now >= timer.auto_stop_at
    stop = timer.auto_stop_at if overdue else max(now, timer.started_at)
    reason = StopReason.AUTO if overdue else StopReason.DEACTIVATED
    return replace(
        stop_write_set(timer, now, stop, reason),
        person_state=Disable(state.version, stop),
        # The state does not have the version of the timer. Its own version protects the timer.
        stop_timer=StopTimer(with_stop(timer, stop, reason)),
    )


def _require_other_admin(
    person: Person, other_admin: Person | None, attribute: str
) -> Iterable[RecordWrite]:
    """Require that another active admin remains, if the person is an active admin."""
    if not person.is_active_admin:
        return ()
    if other_admin is None:
        raise InvalidAttribute(attribute, LAST_ADMIN)
    expected = {"role": Role.ADMIN, "deactivated_at": None}
    return (RequireRecord(Person, person.organization_id, other_admin.id, expected),)


def _list_admin(before: Person | None, after: Person) -> Iterable[RecordWrite]:
    """List a person who becomes an active admin; remove one who no longer is."""
    was_listed = before is not None and before.is_active_admin
    if after.is_active_admin and not was_listed:
        yield PutRecord(ActiveAdmin(after.id, after.organization_id))
    elif was_listed and not after.is_active_admin:
        yield DeleteRecord(ActiveAdmin, after.organization_id, after.id)


def _change_token_roles(tokens: PersonTokens, role: Role) -> Iterable[RecordWrite]:
    yield from _next_version(tokens)
    for token in tokens.tokens:
        yield UpdateRecord(Credential, tokens.organization_id, token.digest, {"role": role})


def _revoke_all(tokens: PersonTokens) -> Iterable[RecordWrite]:
    yield from _next_version(tokens, tokens=())
    for token in tokens.tokens:
        yield from delete_token(token)


def _next_version(person_tokens: PersonTokens, **values: Any) -> Iterable[RecordWrite]:
    """Increase the version, so that a concurrent creation of a token is decided again.

    A pairing code that the person has not redeemed is no longer valid.
    """
    record_key = PersonTokens, person_tokens.organization_id, person_tokens.id
    expected = {"version": person_tokens.version or None}
    if person_tokens.pairing_digest is not None:
        values["pairing_digest"] = None
    if person_tokens.version == 0:
        yield RequireRecord(*record_key, expected)
    else:
        yield UpdateRecord(*record_key, {**values, "version": person_tokens.version + 1}, expected)


def _change_constraint(person: Person, after: Person) -> Iterable[RecordWrite]:
    """Release the e-mail address of a person, and reserve the new one, if they differ."""
    if _constraint_name(after) == _constraint_name(person):
        return ()
    return (*_create_constraint(after), *_delete_constraint(person))


def _constraint_name(person: Person) -> str | None:
    return None if person.email is None else email_constraint(person.email)


def _create_constraint(person: Person) -> Iterable[RecordWrite]:
    name = _constraint_name(person)
    if name is not None:
        yield CreateRecord(UniqueConstraint(name, person.organization_id, person.id))


def _delete_constraint(person: Person) -> Iterable[RecordWrite]:
    name = _constraint_name(person)
    if name is not None:
        yield DeleteRecord(UniqueConstraint, person.organization_id, name)
