"""Admin revisions in DynamoDB: in the table of revisions, in partitions of their own."""

from collections.abc import Mapping
from typing import Any

import msgspec
from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.admin_revisions.model import ADMIN_REVISIONS_KIND, AdminAction, AdminRevision
from chalicelib.dynamodb.items import EnumAttribute, IntegerAttribute, ItemType, declare
from chalicelib.revisions.repository import ValuesAttribute, no_key, revision_keys


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
    return revision_keys(revision, ADMIN_REVISIONS_KIND)


declare(ItemType(AdminRevision, AdminRevisionModel, no_key, derived=_keys))
