"""Adding people, changing them, and letting them go. Contract sections 5 and 10.

An e-mail address is one person's within an organization: whoever has it holds a claim to it. A
person's tokens carry their role, so that a change of it reaches them in the same transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.core.errors import Conflict, InvalidAttribute
from chalicelib.core.write_set import BlockSlot, Changes, OpenSlot
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import Claim, Person, Role, Token, TokenList
from chalicelib.domain.records import (
    ChangeRecord,
    CreateRecord,
    DeleteRecord,
    RecordChange,
    RequireRecord,
    changed,
)
from chalicelib.domain.timers import Slot, StopReason
from chalicelib.timers.rules import stop_at

LAST_ADMIN = "This person is the last active admin. Make another person an admin first."

_ERASED = "The data of this person was erased. You cannot change or restore this person."
_ERASED_DOMAIN = "erased.invalid"


@dataclass(frozen=True, slots=True)
class Changed:
    """A person as they are now, and what is to be written for it: nothing, where nothing is."""

    person: Person
    records: tuple[RecordChange, ...] = ()
    changes: Changes | None = None


def email_claim(email: str) -> str:
    """The name of the claim to an e-mail address, whatever its case."""
    return f"email:{email.casefold()}"


def erased(person: Person) -> dict[str, Any]:
    """What stands in the place of what is personal. Everybody has an e-mail address: theirs is then
    one that cannot exist (RFC 2606)."""
    return {
        "first_name": "Erased",
        "last_name": f"person {person.id}",
        "email": _erased_email(person),
        "title": None,
        "nickname": None,
        "avatar_url": None,
    }


def is_erased(person: Person) -> bool:
    """Whether what is personal of somebody was erased, for good."""
    return person.email == _erased_email(person)


def _erased_email(person: Person) -> str:
    return f"erased-{person.id}@{_ERASED_DOMAIN}"


def adding(person: Person) -> tuple[RecordChange, ...]:
    """What adds a person. An e-mail address is theirs from then on."""
    return (CreateRecord(person), *_claim(person))


def decide_person_change(
    person: Person, values: Mapping[str, Any], tokens: TokenList, other_admin: Person | None
) -> Changed:
    """Change a person; ``other_admin`` is another active one, where the role is to change.

    Raises ``InvalidAttribute`` where the last active admin would no longer be one, and ``Conflict``
    about who was erased.
    """
    after = replace(person, **values)
    records = changed(person, after, "role", "email", "deactivated_at")
    if not records:
        return Changed(person)
    if is_erased(person):
        raise Conflict(_ERASED)
    extra: list[RecordChange] = []
    if after.role is not person.role:
        extra += _keep_an_admin(person, other_admin, "role")
        extra += _change_tokens(tokens, after.role)
    if _name(after) != _name(person):
        extra += [*_claim(after), *_release(person)]
    return Changed(after, (*records, *extra))


def decide_deactivation(
    person: Person, slot: Slot, tokens: TokenList, now: int, other_admin: Person | None
) -> Changed:
    """Deactivate a person: their timer stops, nothing starts any more, their tokens are gone.

    Raises ``InvalidAttribute`` about the last active admin.
    """
    if person.deactivated_at is not None:
        return Changed(person)
    after = replace(person, deactivated_at=now)
    records = (
        *changed(person, after, "role", "deactivated_at"),
        *_keep_an_admin(person, other_admin, "deactivated_at"),
        *_revoke_all(tokens),
    )
    return Changed(after, records, _block(slot, now))


def decide_restoring(person: Person, slot: Slot, now: int) -> Changed:
    """Take a deactivation back. Their tokens stay gone.

    Raises ``Conflict`` about who was erased.
    """
    if person.deactivated_at is None:
        return Changed(person)
    if is_erased(person):
        raise Conflict(_ERASED)
    after = replace(person, deactivated_at=None)
    changes = None
    if slot.blocked:
        changes = Changes(slot.organization_id, slot.person_id, now, OpenSlot(slot.version))
    return Changed(after, changed(person, after, "deactivated_at"), changes)


def _block(slot: Slot, now: int) -> Changes:
    timer = slot.timer
    if timer is None:
        block = BlockSlot(slot.version, slot.last_stopped_at)
        return Changes(slot.organization_id, slot.person_id, now, block)
    # As a switch does: what ran past its limit ends there.
    overdue = now > timer.auto_stop_at
    stop = timer.auto_stop_at if overdue else max(now, timer.started_at)
    reason = StopReason.AUTO if overdue else StopReason.DEACTIVATED
    return replace(stop_at(timer, now, stop, reason), slot=BlockSlot(slot.version, stop))


def _keep_an_admin(
    person: Person, other_admin: Person | None, attribute: str
) -> Iterable[RecordChange]:
    """Demands that somebody else is an active admin, where this person no longer will be."""
    if not person.is_active_admin:
        return ()
    if other_admin is None:
        raise InvalidAttribute(attribute, LAST_ADMIN)
    expected = {"role": Role.ADMIN, "deactivated_at": None}
    return (RequireRecord(Person, person.organization_id, other_admin.id, expected),)


def _change_tokens(tokens: TokenList, role: Role) -> Iterable[RecordChange]:
    yield from _next_version(tokens)
    for it in tokens.tokens:
        yield ChangeRecord(Token, tokens.organization_id, it.digest, {"role": role})


def _revoke_all(tokens: TokenList) -> Iterable[RecordChange]:
    yield from _next_version(tokens, tokens=())
    for it in tokens.tokens:
        yield DeleteRecord(Token, tokens.organization_id, it.digest)


def _next_version(listed: TokenList, **values: Any) -> Iterable[RecordChange]:
    """Whatever a creation of a token has read of the list is then out of date."""
    place = TokenList, listed.organization_id, listed.id
    expected = {"version": listed.version or None}
    if listed.version == 0:
        yield RequireRecord(*place, expected)
    else:
        yield ChangeRecord(*place, {**values, "version": listed.version + 1}, expected)


def _name(person: Person) -> str | None:
    return None if person.email is None else email_claim(person.email)


def _claim(person: Person) -> Iterable[RecordChange]:
    name = _name(person)
    if name is not None:
        yield CreateRecord(Claim(name, person.organization_id, person.id))


def _release(person: Person) -> Iterable[RecordChange]:
    name = _name(person)
    if name is not None:
        yield DeleteRecord(Claim, person.organization_id, name)
