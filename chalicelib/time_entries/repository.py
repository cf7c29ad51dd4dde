"""Time entries in DynamoDB: their table, and reads of one entry.

Lists of time entries are in ``lists.py``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE, STREAM_NEW_AND_OLD_IMAGE
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import batch_get
from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.index_query import IndexQuery, declare_index
from chalicelib.dynamodb.items import (
    IntegerAttribute,
    IntEnumAttribute,
    ItemType,
    JSONListAttribute,
    declare,
    from_item,
    key_of,
    scoped_key,
)
from chalicelib.dynamodb.query_planner import (
    BY_ORGANIZATION_DATE,
    BY_PERSON_DATE,
    BY_SERVICE_DATE,
    BY_TIME_ENTRY,
    FIRST,
    LAST,
)
from chalicelib.dynamodb.sparse_index import SparseIndexPage, SparseIndexRange, sparse_page
from chalicelib.dynamodb.tables import IndexMeta
from chalicelib.time_entries.model import TimeEntry, TrackMethod
from chalicelib.timers.model import Timer


class ByPersonDate(GlobalSecondaryIndex["TimeEntryModel"]):
    """A person's time entries by date. Deleted ones have no ``date_key``: they are in no list."""

    class Meta(IndexMeta):
        index_name = "by_person_date"

    person_key = UnicodeAttribute(hash_key=True)
    date_key = UnicodeAttribute(range_key=True)


class ByServiceDate(GlobalSecondaryIndex["TimeEntryModel"]):
    """A service's time entries by date."""

    class Meta(IndexMeta):
        index_name = "by_service_date"

    service_key = UnicodeAttribute(hash_key=True)
    date_key = UnicodeAttribute(range_key=True)


class ByOrganizationDate(GlobalSecondaryIndex["TimeEntryModel"]):
    """An organization's time entries by date."""

    class Meta(IndexMeta):
        index_name = "by_organization_date"

    organization_id = IntegerAttribute(hash_key=True)
    date_key = UnicodeAttribute(range_key=True)


class Deleted(GlobalSecondaryIndex["TimeEntryModel"]):
    """Sparse: the deleted entries that still have timers, of all organizations, oldest first."""

    class Meta(IndexMeta):
        index_name = "deleted"

    deleted_shard = UnicodeAttribute(hash_key=True)
    deleted_key = UnicodeAttribute(range_key=True)


class TimeEntryModel(Model):
    """Items of :class:`~chalicelib.time_entries.model.TimeEntry`."""

    class Meta:
        bare_name = "time_entries"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE
        stream_view_type = STREAM_NEW_AND_OLD_IMAGE

    key = UnicodeAttribute(hash_key=True)
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()
    service_id = IntegerAttribute()
    date = UnicodeAttribute()
    created_at = IntegerAttribute()
    updated_at = IntegerAttribute()
    creator_id = IntegerAttribute()
    billable = BooleanAttribute()
    billable_minutes = IntegerAttribute(null=True)
    note = UnicodeAttribute(null=True)
    track_method = IntEnumAttribute(TrackMethod)
    tracked_seconds = IntegerAttribute()
    adjusted_seconds = IntegerAttribute()
    covered_to = IntegerAttribute(null=True)
    uncovered_ids = JSONListAttribute(int)
    timer_count = IntegerAttribute()
    running_timer_id = IntegerAttribute(null=True)
    latest_timer_id = IntegerAttribute(null=True)
    timer_started_at = IntegerAttribute(null=True)
    timer_stopped_at = IntegerAttribute(null=True)
    stopped_timer_id = IntegerAttribute(null=True)
    made_by_timer_id = IntegerAttribute(null=True)
    version = IntegerAttribute()
    deleted_at = IntegerAttribute(null=True)
    deleted_by_id = IntegerAttribute(null=True)
    deleted_by_token_id = IntegerAttribute(null=True)
    nonce = IntegerAttribute(null=True)
    person_key = UnicodeAttribute()
    service_key = UnicodeAttribute()
    date_key = UnicodeAttribute(null=True)
    deleted_shard = UnicodeAttribute(null=True)
    deleted_key = UnicodeAttribute(null=True)

    by_person_date = ByPersonDate()
    by_service_date = ByServiceDate()
    by_organization_date = ByOrganizationDate()
    deleted = Deleted()


def _entry_keys(entry: TimeEntry) -> Mapping[str, Any]:
    # Deleted entries are in no index of lists, but in the index of entries to purge.
    is_deleted = entry.deleted_at is not None
    return {
        "person_key": keys.scoped(entry.organization_id, entry.person_id),
        "service_key": keys.scoped(entry.organization_id, entry.service_id),
        "date_key": None if is_deleted else keys.date_key(entry.date, entry.id),
        "deleted_shard": keys.DELETED if is_deleted else None,
        "deleted_key": keys.timestamp_key(entry.deleted_at, entry.id) if is_deleted else None,
    }


declare(
    ItemType(
        TimeEntry,
        TimeEntryModel,
        scoped_key,
        derived=_entry_keys,
        deletable=True,
    )
)
declare_result(TimeEntry)
declare_index(BY_PERSON_DATE, TimeEntryModel, TimeEntry, "person_key", "date_key")
declare_index(BY_SERVICE_DATE, TimeEntryModel, TimeEntry, "service_key", "date_key")
declare_index(BY_ORGANIZATION_DATE, TimeEntryModel, TimeEntry, "organization_id", "date_key")


def load_timers(connection: Connection, entry: TimeEntry, limit: int) -> Sequence[Timer]:
    """Up to ``limit`` timers of an entry. Two calls.

    The ids come from an index, the timers from the table: the index may be behind, and still have
    a timer that was deleted or moved to another entry.
    """
    partition = keys.scoped(entry.organization_id, entry.id)
    index_query = IndexQuery(connection, BY_TIME_ENTRY, partition, FIRST, LAST)
    rows = index_query.first(limit)
    item_keys = [key_of(Timer, entry.organization_id, timer.id) for _, timer in rows]
    items = batch_get(connection, item_keys)
    timers = (from_item(Timer, items[key]) for key in item_keys if key in items)
    return [timer for timer in timers if timer.time_entry_id == entry.id]


def deleted_entries(connection: Connection, limit: int, after: Any = None) -> SparseIndexPage:
    """Deleted entries that still have timers, the oldest first. One call.

    ``after`` is the ``after`` of the previous page.
    """
    key_range = SparseIndexRange(
        TimeEntryModel, "deleted", "deleted_shard = :shard", {":shard": keys.DELETED}
    )
    return sparse_page(connection, key_range, limit, after)
