"""Timers, person states and days in DynamoDB: their tables and items.

Lists of timers are in ``lists.py``, the writes of a write set in ``writes.py``.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from pynamodb.attributes import BooleanAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE, STREAM_NEW_AND_OLD_IMAGE
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.core.write_set import (
    UpdateRecord,
)
from chalicelib.counters.model import PersonDay
from chalicelib.counters.repository import CounterModel, version_in
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem
from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.index_query import declare_index
from chalicelib.dynamodb.items import (
    EnumAttribute,
    IntegerAttribute,
    ItemType,
    JSONAttribute,
    declare,
    scoped_key,
)
from chalicelib.dynamodb.query_planner import BY_PERSON, BY_STARTED, BY_STOPPED, BY_TIME_ENTRY
from chalicelib.dynamodb.sparse_index import SparseIndexPage, SparseIndexRange, sparse_page
from chalicelib.dynamodb.tables import IndexMeta
from chalicelib.time_entries.model import SumTarget
from chalicelib.timers.days import DaySessions, Mark
from chalicelib.timers.model import PersonState, RunningTimer, StopReason, Timer, TimerOutcome


class ByPerson(GlobalSecondaryIndex["TimerModel"]):
    """A person's timers by start. Sessions do not overlap, so this is also their order by stop."""

    class Meta(IndexMeta):
        index_name = "by_person"

    person_key = UnicodeAttribute(hash_key=True)
    started_key = UnicodeAttribute(range_key=True)


class ByTimeEntry(GlobalSecondaryIndex["TimerModel"]):
    """A time entry's timers by start and stop: they belong to one person."""

    class Meta(IndexMeta):
        index_name = "by_time_entry"

    time_entry_key = UnicodeAttribute(hash_key=True)
    started_key = UnicodeAttribute(range_key=True)


class ByOrganizationStarted(GlobalSecondaryIndex["TimerModel"]):
    """An organization's timers by start."""

    class Meta(IndexMeta):
        index_name = "by_organization_started"

    organization_id = IntegerAttribute(hash_key=True)
    started_key = UnicodeAttribute(range_key=True)


class ByOrganizationStopped(GlobalSecondaryIndex["TimerModel"]):
    """An organization's timers by stop. Running timers sort last."""

    class Meta(IndexMeta):
        index_name = "by_organization_stopped"

    organization_id = IntegerAttribute(hash_key=True)
    stopped_key = UnicodeAttribute(range_key=True)


class Running(GlobalSecondaryIndex["TimerModel"]):
    """Sparse: the running timers of all organizations, by the time of their reminder or auto-stop.

    The name of the sort key is older than reminders.
    """

    class Meta(IndexMeta):
        index_name = "running"

    running_shard = UnicodeAttribute(hash_key=True)
    auto_stop_key = UnicodeAttribute(range_key=True)


class TimerModel(Model):
    """Items of :class:`~chalicelib.timers.model.Timer`."""

    class Meta:
        bare_name = "timers"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE
        stream_view_type = STREAM_NEW_AND_OLD_IMAGE

    key = UnicodeAttribute(hash_key=True)
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()
    time_entry_id = IntegerAttribute()
    started_at = IntegerAttribute()
    auto_stop_at = IntegerAttribute()
    stopped_at = IntegerAttribute(null=True)
    stop_reason = EnumAttribute(StopReason, null=True)
    edited = BooleanAttribute()
    covered = BooleanAttribute()
    version = IntegerAttribute()
    remind_at = IntegerAttribute(null=True)
    reminded_at = IntegerAttribute(null=True)
    sum_target = JSONAttribute(SumTarget, null=True)
    nonce = IntegerAttribute(null=True)
    person_key = UnicodeAttribute()
    time_entry_key = UnicodeAttribute()
    started_key = UnicodeAttribute()
    stopped_key = UnicodeAttribute()
    running_shard = UnicodeAttribute(null=True)
    auto_stop_key = UnicodeAttribute(null=True)

    by_person = ByPerson()
    by_time_entry = ByTimeEntry()
    by_organization_started = ByOrganizationStarted()
    by_organization_stopped = ByOrganizationStopped()
    running = Running()


class PersonStateModel(Model):
    """Items of :class:`~chalicelib.timers.model.PersonState`.

    The table also has the idempotency records:
    :class:`~chalicelib.dynamodb.idempotency_records.IdempotencyModel`.
    """

    class Meta:
        bare_name = "person_state"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    person_key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    version = IntegerAttribute()
    last_timer_id = IntegerAttribute()
    last_stopped_at = IntegerAttribute(null=True)
    timer_id = IntegerAttribute(null=True)
    time_entry_id = IntegerAttribute(null=True)
    started_at = IntegerAttribute(null=True)
    auto_stop_at = IntegerAttribute(null=True)
    edited = BooleanAttribute(null=True)
    covered = BooleanAttribute(null=True)
    sum_target = JSONAttribute(SumTarget, null=True)
    disabled = BooleanAttribute(null=True)
    lists_sessions = BooleanAttribute(null=True)
    expires_at = TTLAttribute(null=True)


def timer_keys(timer: Timer) -> Mapping[str, Any]:
    """The keys of a timer's item in the indexes."""
    # Items without these two keys are not in the index of running timers.
    is_running = timer.stopped_at is None
    return {
        "person_key": keys.scoped(timer.organization_id, timer.person_id),
        "time_entry_key": keys.scoped(timer.organization_id, timer.time_entry_id),
        "started_key": keys.started_key(
            timer.started_at, timer.stopped_at, timer.id, is_edited=timer.edited
        ),
        "stopped_key": keys.timestamp_key(timer.stopped_at, timer.id),
        "running_shard": keys.shard(timer.id) if is_running else None,
        "auto_stop_key": keys.timestamp_key(timer.due_at, timer.id) if is_running else None,
    }


def _person_state_key(organization_id: int, person_id: int) -> Mapping[str, str]:
    return {"person_key": keys.scoped(organization_id, person_id), "name": keys.RUNNING_TIMER}


def _read_person_state(organization_id: int, person_id: int, raw: RawItem | None) -> PersonState:
    """A person's state: an empty one if the person never started a timer."""
    if raw is None:
        return PersonState(organization_id, person_id)
    item = PersonStateModel.from_raw_data(raw)
    running = None
    if item.timer_id is not None:
        running = RunningTimer(
            item.timer_id,
            item.time_entry_id,
            item.started_at,
            item.auto_stop_at,
            bool(item.edited),
            bool(item.covered),
            item.sum_target,
        )
    return PersonState(
        organization_id=organization_id,
        person_id=person_id,
        version=item.version,
        running=running,
        last_timer_id=item.last_timer_id,
        last_stopped_at=item.last_stopped_at,
        disabled=bool(item.disabled),
        lists_sessions=bool(item.lists_sessions),
    )


def _day_key(organization_id: int, day: PersonDay) -> Mapping[str, str]:
    del organization_id
    return keys.counter(day)


def _read_day(organization_id: int, day: PersonDay, raw: RawItem | None) -> DaySessions:
    """A person's day: without sessions if there is no item."""
    del organization_id
    item = raw or {}
    return DaySessions(day.day, version_in(item), marks_in(item))


def marks_in(item: RawItem) -> dict[int, Mark]:
    """The sessions that the item of a person's day lists, by timer id."""
    return {
        int(name.removeprefix(MARK_PREFIX)): tuple(int(timestamp["N"]) for timestamp in value["L"])
        for name, value in item.items()
        if name.startswith(MARK_PREFIX) and "L" in value
    }


MARK_PREFIX = "t"
"""The attributes that list the sessions of a day begin with it: ``t364`` for the timer 364."""


declare(ItemType(Timer, TimerModel, scoped_key, derived=timer_keys))
declare(ItemType(PersonState, PersonStateModel, _person_state_key, read=_read_person_state))
declare(ItemType(DaySessions, CounterModel, _day_key, read=_read_day))
declare_result(TimerOutcome)
declare_index(BY_PERSON, TimerModel, Timer, "person_key", "started_key")
declare_index(BY_TIME_ENTRY, TimerModel, Timer, "time_entry_key", "started_key")
declare_index(BY_STARTED, TimerModel, Timer, "organization_id", "started_key")
declare_index(BY_STOPPED, TimerModel, Timer, "organization_id", "stopped_key")


def due_timers(
    connection: Connection, shard: str, now: int, limit: int, after: Any = None
) -> SparseIndexPage:
    """Running timers of a shard whose reminder or auto-stop is due, the oldest first. One call.

    An index may be behind: some of these timers may be stopped already.

    :param now: the present timestamp.
    :param limit: how many timers.
    :param after: the ``after`` of the previous page.
    """
    condition = "running_shard = :shard AND auto_stop_key < :end"
    values = {":shard": shard, ":end": keys.timestamp_prefix(now + 1)}
    return sparse_page(
        connection, SparseIndexRange(TimerModel, "running", condition, values), limit, after
    )


def due_at_in(item: RawItem) -> int:
    """When the reminder or auto-stop of an item from :func:`due_timers` is due: its sort key."""
    return int(item["auto_stop_key"]["S"].partition("#")[0])


def set_reminded(timer: Timer, reminded_at: int | None) -> UpdateRecord:
    """The write that sets when a running timer was reminded, and so when it is due next.

    It requires that the timer still runs and is unchanged since it was read.
    """
    after = replace(timer, reminded_at=reminded_at)
    due_key = keys.timestamp_key(after.due_at, timer.id)
    return UpdateRecord(
        Timer,
        timer.organization_id,
        timer.id,
        {"reminded_at": reminded_at, "auto_stop_key": due_key},
        {"stopped_at": None, "version": timer.version, "reminded_at": timer.reminded_at},
    )
