"""Revisions in DynamoDB: the table and its indexes. Lists are in ``lists.py``. Decision 0023."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from pynamodb.attributes import Attribute, TTLAttribute, UnicodeAttribute
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE, STRING
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.dynamodb import keys
from chalicelib.dynamodb.items import EnumAttribute, IntegerAttribute, ItemType, declare
from chalicelib.dynamodb.tables import IndexMeta
from chalicelib.revisions.model import (
    REVISION_RETENTION_SECONDS,
    Revision,
    RevisionAction,
    RevisionSubject,
)
from chalicelib.revisions.rules import StoredValues, TextChange, restored, shortened

BY_ORGANIZATION = "by_organization"
BY_PERSON = "by_person"


class ValuesAttribute(Attribute[StoredValues]):
    """Values by name, as JSON text in UTF-8.

    PynamoDB's JSONAttribute escapes all characters but ASCII: an emoji takes 12 bytes instead of 4.
    """

    attr_type = STRING
    _decoder: Any = msgspec.json.Decoder(dict[str, str | int | TextChange | None])

    def serialize(self, value: StoredValues) -> str:
        """Return the text that is stored."""
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> StoredValues:
        """Return the values in a text that is stored."""
        values: StoredValues = self._decoder.decode(value)
        return values


class ByOrganization(GlobalSecondaryIndex["RevisionModel"]):
    """The revisions of all timers, or of all time entries, of an organization by time."""

    class Meta(IndexMeta):
        index_name = BY_ORGANIZATION

    organization_key = UnicodeAttribute(hash_key=True)
    revision_key = UnicodeAttribute(range_key=True)


class ByPerson(GlobalSecondaryIndex["RevisionModel"]):
    """The revisions of a person's timers, or of their time entries, by time."""

    class Meta(IndexMeta):
        index_name = BY_PERSON

    person_key = UnicodeAttribute(hash_key=True)
    revision_key = UnicodeAttribute(range_key=True)


class RevisionModel(Model):
    """Items of :class:`~chalicelib.revisions.model.Revision`. They outlive their subject."""

    class Meta:
        bare_name = "revision_log"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    subject_key = UnicodeAttribute(hash_key=True)
    revision_key = UnicodeAttribute(range_key=True)
    organization_key = UnicodeAttribute()
    person_key = UnicodeAttribute()
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    subject = EnumAttribute(RevisionSubject)
    subject_id = IntegerAttribute()
    time_entry_id = IntegerAttribute()
    person_id = IntegerAttribute()
    creator_id = IntegerAttribute()
    token_id = IntegerAttribute(null=True)
    action = EnumAttribute(RevisionAction)
    created_at = IntegerAttribute()
    before = ValuesAttribute()
    after = ValuesAttribute()
    expires_at = TTLAttribute()

    by_organization = ByOrganization()
    by_person = ByPerson()


def revision_keys(revision: Any, kind: str) -> Mapping[str, Any]:
    """The keys of a revision or an admin revision, by which the lists of its ``kind`` find it."""
    of_kind = partial(keys.of_kind, revision.organization_id, kind)
    expires_at = revision.created_at + REVISION_RETENTION_SECONDS
    return {
        "subject_key": of_kind(revision.subject_id),
        "revision_key": keys.timestamp_key(revision.created_at, revision.id),
        "organization_key": of_kind(),
        "person_key": None if revision.person_id is None else of_kind(revision.person_id),
        "expires_at": datetime.fromtimestamp(expires_at, UTC),
    }


def _attributes(revision: Revision) -> Mapping[str, Any]:
    shorter = shortened(revision.before, revision.after)
    return {**revision_keys(revision, revision.subject), "after": shorter}


def _restore(values: dict[str, Any]) -> None:
    if values["before"] is not None and values["after"] is not None:
        values["after"] = restored(values["before"], values["after"])


def no_key(organization_id: int, revision_id: int) -> Mapping[str, str]:
    """Revisions are listed, and never read by their id. :func:`revision_keys` makes their key."""
    del organization_id, revision_id
    return {}


declare(ItemType(Revision, RevisionModel, no_key, derived=_attributes, restore=_restore))
