"""Compare the owners of tokens and the lists of active admins with the people, and repair them.

``TokenOwner`` and ``ActiveAdmin`` records make it possible to act on one token or one admin without
reading all people. Safe while the API is in use: a repair requires the state that it depends on, so
it never undoes a concurrent change. Organizations of earlier versions have no such records: the
upgrade creates them.
"""

import secrets
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct
from pynamodb.connection import Connection

from chalicelib.api_tokens.model import PersonTokens, TokenOwner
from chalicelib.core.write_set import (
    ConcurrentModification,
    DeleteRecord,
    PutRecord,
    RequireRecord,
    UpdateRecord,
)
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.items import directory_prefix, from_item
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.organizations.model import Organization
from chalicelib.people.model import ActiveAdmin, Person
from tools.ops.patience import patient
from tools.ops.snapshot import scan

AccessRecord = TokenOwner | ActiveAdmin
"""A record that follows from a person, or from the list of a person's tokens."""


class WrongRecord(Struct, frozen=True):
    """A record that is missing, or that exists by mistake.

    :param is_stored: whether it exists.
    """

    record: AccessRecord
    is_stored: bool

    @property
    def person_id(self) -> int:
        """The person from whom it follows."""
        return self.record.person_id if isinstance(self.record, TokenOwner) else self.record.id

    def __str__(self) -> str:
        record = self.record
        name = f"organization {record.organization_id}: "
        if isinstance(record, TokenOwner):
            name += f"the owner of token {record.id}, person {record.person_id},"
        else:
            name += f"the record of the active admin {record.id}"
        return f"{name} {'exists by mistake' if self.is_stored else 'is missing'}"


def find_wrong_records(connection: Connection) -> list[WrongRecord]:
    """Return the records that are missing or wrong. What changes meanwhile is not reported."""
    stored: set[AccessRecord] = set()
    derived: set[AccessRecord] = set()
    for raw in scan(connection, DirectoryModel):
        entity = _entity(raw["record_key"]["S"])
        if entity in (TokenOwner, ActiveAdmin):
            stored.add(from_item(entity, raw))
        elif entity is not None:
            derived.update(_derived(from_item(entity, raw)))
    database = Database(connection)
    suspects = [WrongRecord(record, is_stored=record in stored) for record in stored ^ derived]
    ordered = sorted(suspects, key=lambda wrong: (wrong.record.organization_id, str(wrong)))
    return [each for each in ordered if patient(partial(_is_still_wrong, database, each))]


def repair(database: Database, wrong: Iterable[WrongRecord]) -> int:
    """Repair the records; return how many were skipped, because something changed meanwhile."""
    skipped = 0
    for each in wrong:
        record = each.record
        key = type(record), record.organization_id, record.id
        write = DeleteRecord(*key) if each.is_stored else PutRecord(record)
        try:
            condition = _unchanged(each, patient(partial(_source, database, each)))
            patient(partial(database.commit, [write, condition], secrets.token_hex(16)))
        except ConcurrentModification:
            skipped += 1
    return skipped


def organizations_to_index(connection: Connection) -> list[Organization]:
    """Return the organizations that are not marked as having all these records."""
    organizations = (
        from_item(Organization, raw)
        for raw in scan(connection, DirectoryModel)
        if _entity(raw["record_key"]["S"]) is Organization
    )
    return [organization for organization in organizations if not organization.is_indexed]


def mark_indexed(database: Database, organizations: Iterable[Organization]) -> None:
    """Mark organizations as having all these records."""
    for organization in organizations:
        key = Organization, organization.id, organization.id
        writes = [UpdateRecord(*key, {"is_indexed": True})]
        patient(partial(database.commit, writes, secrets.token_hex(16)))


_ENTITIES: tuple[type[Any], ...] = (TokenOwner, ActiveAdmin, Person, PersonTokens, Organization)


def _entity(record_key: str) -> type[Any] | None:
    matching = (entity for entity in _ENTITIES if record_key.startswith(directory_prefix(entity)))
    return next(matching, None)


def _derived(record: Any) -> Iterator[AccessRecord]:
    """The records that follow from a person or from a person's tokens."""
    if isinstance(record, Person) and record.is_active_admin:
        yield ActiveAdmin(record.id, record.organization_id)
    elif isinstance(record, PersonTokens):
        for token in record.tokens:
            yield TokenOwner(token.id, record.organization_id, record.id)


def _source(database: Database, wrong: WrongRecord) -> Person | PersonTokens | None:
    """The record from which it follows, read again."""
    entity: type[Any] = PersonTokens if isinstance(wrong.record, TokenOwner) else Person
    source: Person | PersonTokens | None = database.get(
        entity, wrong.record.organization_id, wrong.person_id
    )
    return source


def _is_still_wrong(database: Database, wrong: WrongRecord) -> bool:
    record = wrong.record
    # The source is read between two reads of the record, which changes in the same transaction.
    before = database.get(type(record), record.organization_id, record.id)
    is_derived = record in _derived(_source(database, wrong))
    after = database.get(type(record), record.organization_id, record.id)
    is_stored = after == record
    return before == after and is_stored == wrong.is_stored != is_derived


def _unchanged(wrong: WrongRecord, source: Person | PersonTokens | None) -> RequireRecord:
    """Require the source as it was read. Raises ``ConcurrentModification`` if it has changed."""
    record = wrong.record
    is_derived = record in _derived(source)
    if is_derived == wrong.is_stored:
        raise ConcurrentModification
    entity: type[Any] = PersonTokens if isinstance(record, TokenOwner) else Person
    names = ("version",) if entity is PersonTokens else ("role", "deactivated_at")
    # Every record has an id: the source still does not exist.
    expected = {"id": None} if source is None else {name: getattr(source, name) for name in names}
    return RequireRecord(entity, record.organization_id, wrong.person_id, expected)
