"""Which changes are recorded, and with which values.

A recorded entity has two class variables: ``recorded_as``, its JSON:API type, and ``unrecorded``,
the names of fields that no revision contains: secrets, and what nobody sets.
"""

from enum import Enum
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from chalicelib.admin_revisions.model import AdminAction, AdminRevision, AdminValues
from chalicelib.core.permissions import Caller
from chalicelib.core.write_set import CreateRecord

_NEVER_RECORDED = frozenset({"id", "organization_id", "created_at", "updated_at", "version"})


class Author(Struct, frozen=True):
    """Who makes a change, when, and the id of the revision."""

    caller: Caller
    revision_id: int
    now: int


def record_change(
    author: Author, before: Any, after: Any, *, with_values: bool = True
) -> tuple[CreateRecord, ...]:
    """Return the write that records a change; none if nothing that is recorded changed.

    :param before: the record before the change; None: it is created.
    :param after: the record after the change; None: it is deleted.
    :param with_values: False if only the names of the changed values are recorded.
    """
    old, new = _values(before), _values(after)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if before is None:
        action = AdminAction.CREATED
    else:
        action = AdminAction.DELETED if after is None else AdminAction.UPDATED
    if not changed and action is AdminAction.UPDATED:
        return ()
    if not with_values:
        old = new = {}
    return _record(
        author,
        before if after is None else after,
        action,
        {name: old.get(name) for name in changed},
        {name: new.get(name) for name in changed},
    )


def record_sending(
    author: Author, record: Any, action: AdminAction, events: int
) -> tuple[CreateRecord, ...]:
    """Return the write that records that events were sent to a webhook, which does not change."""
    return _record(author, record, action, {"events": None}, {"events": events})


def record_import(author: Author, values: AdminValues) -> tuple[CreateRecord, ...]:
    """Return the write that records an import of time into the organization of its author."""
    before = dict.fromkeys(values)
    return _record(author, author.caller.organization, AdminAction.IMPORTED, before, values)


def _record(
    author: Author, record: Any, action: AdminAction, before: AdminValues, after: AdminValues
) -> tuple[CreateRecord, ...]:
    caller = author.caller
    subject_type: str = record.recorded_as
    is_person = subject_type == "people"
    revision = AdminRevision(
        id=author.revision_id,
        organization_id=caller.organization.id,
        subject_type=subject_type,
        subject_id=record.id,
        person_id=record.id if is_person else getattr(record, "person_id", None),
        creator_id=caller.person_id,
        token_id=caller.token_id,
        action=action,
        created_at=author.now,
        before=before,
        after=after,
    )
    return (CreateRecord(revision),)


def _values(record: Any) -> AdminValues:
    if record is None:
        return {}
    names = (field.name for field in fields(record) if field.name not in _NEVER_RECORDED)
    unrecorded = record.unrecorded
    return {name: _plain(getattr(record, name)) for name in names if name not in unrecorded}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(element) for element in value]
    return value
