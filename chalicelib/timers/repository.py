"""Timers and person states in DynamoDB: their tables, and the writes of a write set.

Lists of timers are in ``lists.py``.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict, replace
from pynamodb.attributes import BooleanAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE, STREAM_NEW_AND_OLD_IMAGE
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.core.write_set import (
    ClearRunning,
    Disable,
    Enable,
    PersonStateUpdate,
    SetRunning,
    SetTimeline,
    StopTimer,
    TimeEntryUpdate,
    UpdateRecord,
    WriteSet,
)
from chalicelib.counters.model import CounterKey, Counters, PersonDay
from chalicelib.counters.repository import CounterModel, version_in
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import RawItem
from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.index_query import declare_index
from chalicelib.dynamodb.items import (
    EnumAttribute,
    IntegerAttribute,
    ItemType,
    declare,
    scoped_key,
    to_item,
)
from chalicelib.dynamodb.query_planner import BY_PERSON, BY_STARTED, BY_STOPPED, BY_TIME_ENTRY
from chalicelib.dynamodb.sparse_index import SparseIndexPage, SparseIndexRange, sparse_page
from chalicelib.dynamodb.tables import IndexMeta
from chalicelib.dynamodb.transactions import declare_writer
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.days import DaySessions, DayUpdate, Mark
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
    disabled = BooleanAttribute(null=True)
    lists_sessions = BooleanAttribute(null=True)
    expires_at = TTLAttribute(null=True)


def _timer_keys(timer: Timer) -> Mapping[str, Any]:
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
        int(name.removeprefix(_MARK)): tuple(int(timestamp["N"]) for timestamp in value["L"])
        for name, value in item.items()
        if name.startswith(_MARK) and "L" in value
    }


_MARK = "t"
"""The names of the attributes that list a day's sessions begin with it: ``t364``."""


declare(ItemType(Timer, TimerModel, scoped_key, derived=_timer_keys))
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


def write(transaction: TransactWrite, write_set: WriteSet) -> None:
    """Add the writes of a write set to a transaction."""
    organization_id, person_id = write_set.organization_id, write_set.person_id
    if write_set.new_timer is not None:
        timer_item = to_item(write_set.new_timer)
        transaction.save(timer_item, condition=TimerModel.key.does_not_exist())
    if write_set.new_entry is not None:
        entry_item = to_item(write_set.new_entry)
        transaction.save(entry_item, condition=TimeEntryModel.key.does_not_exist())
    if write_set.stop_timer is not None:
        _stop_timer(transaction, organization_id, write_set.stop_timer)
    for update in write_set.entries:
        _update_entry(transaction, write_set, update)
    if write_set.person_state is not None:
        _update_person_state(transaction, write_set, write_set.person_state)
    for day in write_set.days:
        _update_day(transaction, PersonDay(organization_id, person_id, day.day), day)
    for entry_delta in write_set.entry_counters:
        _increment(transaction, entry_delta.name, entry_delta.counters)


declare_writer(WriteSet, write)


def _stop_timer(transaction: TransactWrite, organization_id: int, stop: StopTimer) -> None:
    timer = stop.timer
    index_keys = _timer_keys(timer)
    condition = TimerModel.key.exists() & TimerModel.stopped_at.does_not_exist()
    if stop.version is not None:
        condition &= TimerModel.version == stop.version
    reason = timer.stop_reason
    transaction.update(
        TimerModel(key=keys.scoped(organization_id, timer.id)),
        actions=[
            TimerModel.stopped_at.set(timer.started_at + timer.seconds),
            TimerModel.started_key.set(index_keys["started_key"]),
            TimerModel.stopped_key.set(index_keys["stopped_key"]),
            TimerModel.stop_reason.remove()
            if reason is None
            else TimerModel.stop_reason.set(reason),
            TimerModel.covered.set(False),
            TimerModel.running_shard.remove(),
            TimerModel.auto_stop_key.remove(),
            TimerModel.version.add(1),
        ],
        condition=condition,
    )


def _update_person_state(
    transaction: TransactWrite, write_set: WriteSet, update: PersonStateUpdate
) -> None:
    condition: Condition
    match update:
        case SetRunning():
            actions: list[Action] = [
                *running_timer_actions(update.running),
                PersonStateModel.last_timer_id.set(update.running.timer_id),
            ]
            condition = _has_version(update.version)
        case ClearRunning():
            actions = [*running_timer_actions(None)]
            condition = PersonStateModel.timer_id == update.timer_id
        case SetTimeline():
            actions = [
                *running_timer_actions(update.running),
                PersonStateModel.last_timer_id.set(update.last_timer_id),
            ]
            condition = _has_version(update.version)
        case Disable():
            actions = [
                PersonStateModel.disabled.set(True),
                PersonStateModel.last_timer_id.set(PersonStateModel.last_timer_id | 0),
                *running_timer_actions(None),
            ]
            condition = _has_version(update.version)
        case Enable():
            actions = [PersonStateModel.disabled.remove()]
            condition = _has_version(update.version)
    if not isinstance(update, ClearRunning) and update.version == 0:
        actions.append(PersonStateModel.lists_sessions.set(True))
    if update.last_stopped_at is not None:
        actions.append(PersonStateModel.last_stopped_at.set(update.last_stopped_at))
    transaction.update(
        PersonStateModel(
            person_key=keys.scoped(write_set.organization_id, write_set.person_id),
            name=keys.RUNNING_TIMER,
        ),
        actions=[*actions, PersonStateModel.version.add(1)],
        condition=condition,
    )


def running_timer_actions(running: RunningTimer | None) -> tuple[Action, ...]:
    """The actions that set the running timer of a person state, or remove it."""
    if running is None:
        values: dict[str, Any] = dict.fromkeys(RunningTimer.__struct_fields__)
    else:
        values = {**asdict(running), "edited": running.edited or None}
        values["covered"] = running.covered or None
    return tuple(
        getattr(PersonStateModel, name).remove()
        if value is None
        else getattr(PersonStateModel, name).set(value)
        for name, value in values.items()
    )


def _has_version(version: int) -> Condition:
    if version:
        return PersonStateModel.version == version
    return PersonStateModel.person_key.does_not_exist()


def _update_entry(transaction: TransactWrite, write_set: WriteSet, update: TimeEntryUpdate) -> None:
    actions: list[Action] = [
        TimeEntryModel.updated_at.set(write_set.now),
        TimeEntryModel.version.add(1),
        TimeEntryModel.tracked_seconds.add(update.seconds),
        TimeEntryModel.timer_count.add(update.timers),
    ]
    if update.covered_seconds:
        actions.append(TimeEntryModel.adjusted_seconds.add(-update.covered_seconds))
    # False if the entry does not exist.
    condition = TimeEntryModel.person_id == write_set.person_id
    if update.track_method is not None:
        actions.append(TimeEntryModel.track_method.set(update.track_method))
    if update.starts is not None or update.inserts is not None:
        condition &= TimeEntryModel.deleted_at.does_not_exist()
    if update.starts is not None:
        timer_id, started_at = update.starts
        actions += [
            TimeEntryModel.running_timer_id.set(timer_id),
            TimeEntryModel.latest_timer_id.set(timer_id),
            TimeEntryModel.timer_started_at.set(started_at),
        ]
    elif update.ends is not None:
        actions += [
            TimeEntryModel.running_timer_id.remove(),
            TimeEntryModel.timer_started_at.remove(),
        ]
    if update.ends is not None and write_set.stop_timer is not None:
        actions += [
            TimeEntryModel.timer_stopped_at.set(update.ends),
            TimeEntryModel.stopped_timer_id.set(write_set.stop_timer.timer.id),
        ]
    if update.inserts is not None:
        timer_id, stopped_at = update.inserts
        actions.append(TimeEntryModel.latest_timer_id.set(timer_id))
        if stopped_at is not None:
            actions += [
                TimeEntryModel.timer_stopped_at.set(stopped_at),
                TimeEntryModel.stopped_timer_id.set(timer_id),
            ]
    transaction.update(
        TimeEntryModel(key=keys.scoped(write_set.organization_id, update.time_entry_id)),
        actions=actions,
        condition=condition,
    )


def _update_day(transaction: TransactWrite, name: PersonDay, day: DayUpdate) -> None:
    key = keys.counter(name)
    item = CounterModel(scope=key["scope"], bucket=key["bucket"])
    version = Path("version")
    condition = None
    if day.version is not None:
        condition = version == day.version if day.version else version.does_not_exist()
    if day.counters or day.marks:
        transaction.update(
            item,
            actions=[version.add(1), *_counter_actions(day.counters), *mark_actions(day.marks)],
            condition=condition,
        )
    elif condition is not None:
        transaction.condition_check(CounterModel, item.scope, item.bucket, condition)


def mark_actions(marks: Mapping[int, Mark | None]) -> list[Action]:
    """The actions that list sessions in the item of a day; None: that remove them."""
    return [
        Path(f"{_MARK}{timer_id}").remove()
        if mark is None
        else Path(f"{_MARK}{timer_id}").set(list(mark))
        for timer_id, mark in sorted(marks.items())
    ]


def _increment(transaction: TransactWrite, name: CounterKey, counters: Counters) -> None:
    key = keys.counter(name)
    item = CounterModel(scope=key["scope"], bucket=key["bucket"])
    transaction.update(item, actions=_counter_actions(counters))


def _counter_actions(counters: Counters) -> list[Action]:
    return [Path(counter).add(by) for counter, by in sorted(counters.items())]
