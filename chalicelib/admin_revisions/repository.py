"""Admin revisions in DynamoDB: in the table of revisions, in partitions of their own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.admin_revisions.model import ADMIN_REVISIONS_KIND, AdminAction, AdminRevision
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.items import EnumAttribute, IntegerAttribute, ItemType, declare
from chalicelib.revisions.model import REVISION_RETENTION_SECONDS
from chalicelib.revisions.repository import ValuesAttribute


class AdminValuesAttribute(ValuesAttribute):
    """Values by name, as JSON text. They can also be booleans and lists."""

    _decoder: Any = msgspec.json.Decoder(dict[str, Any])


class AdminRevisionModel(Model):
    """Items of :class:`~chalicelib.admin_revisions.model.AdminRevision`."""

    class Meta:
        bare_name = "revision_log"

    subject_key = UnicodeAttribute(hash_key=True)
    revision_key = UnicodeAttribute(range_key=True)
    organization_key = UnicodeAttribute()
    person_key = UnicodeAttribute(null=True)
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    subject_type = UnicodeAttribute()
    subject_id = IntegerAttribute()
    person_id = IntegerAttribute(null=True)
    creator_id = IntegerAttribute()
    token_id = IntegerAttribute(null=True)
    action = EnumAttribute(AdminAction)
    created_at = IntegerAttribute()
    before = AdminValuesAttribute()
    after = AdminValuesAttribute()
    expires_at = TTLAttribute()


def _keys(revision: AdminRevision) -> Mapping[str, Any]:
    organization_id, kind, person_id = (
        revision.organization_id,
        ADMIN_REVISIONS_KIND,
        revision.person_id,
    )
    expires_at = revision.created_at + REVISION_RETENTION_SECONDS
    of_person = None if person_id is None else keys.of_kind(organization_id, kind, person_id)
    return {
        "subject_key": keys.of_kind(organization_id, kind, revision.subject_id),
        "revision_key": keys.timestamp_key(revision.created_at, revision.id),
        "organization_key": keys.of_kind(organization_id, kind),
        "person_key": of_person,
        "expires_at": datetime.fromtimestamp(expires_at, UTC),
    }


def _no_key(organization_id: int, revision_id: int) -> Mapping[str, str]:
    """Revisions are listed, and never read by their id. :func:`_keys` makes their key."""
    del organization_id, revision_id
    return {}


declare(ItemType(AdminRevision, AdminRevisionModel, _no_key, derived=_keys))
