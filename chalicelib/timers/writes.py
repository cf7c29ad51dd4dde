"""Adds the writes of a write set to a transaction: timers, entries, the person state, counters.

Its conditions fail if another request changed what the decision relies on. ``registry.py`` declares
:func:`write` as the writer of write sets.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
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
    WriteSet,
)
from chalicelib.counters.model import CounterKey, Counters, PersonDay
from chalicelib.counters.repository import CounterModel
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.items import to_item
from chalicelib.time_entries.model import Billing, SumTarget
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.days import DayUpdate, Mark
from chalicelib.timers.model import RunningTimer
from chalicelib.timers.repository import (
    MARK_PREFIX,
    PersonStateModel,
    TimerModel,
    timer_keys,
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


def _stop_timer(transaction: TransactWrite, organization_id: int, stop: StopTimer) -> None:
    timer = stop.timer
    index_keys = timer_keys(timer)
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
            TimerModel.sum_target.remove(),
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
    if update.shown_seconds and update.target is not None:
        # The seconds must count where the entry does: an edit may have moved it meanwhile.
        condition &= _counts_at(update.target)
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


def _counts_at(target: SumTarget) -> Condition:
    """That the seconds of an entry count at the target: see ``TimeEntry.sum_target``."""
    condition: Condition = TimeEntryModel.date == target.date
    condition &= TimeEntryModel.service_id == target.service_id
    condition &= TimeEntryModel.billable == (target.billing is not Billing.NONE)
    if target.billing is Billing.ALL:
        condition &= TimeEntryModel.billable_minutes.does_not_exist()
    if target.billing is Billing.SET:
        condition &= TimeEntryModel.billable_minutes.exists()
    return condition


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
            actions=[version.add(1), *_counter_actions(day.counters), *_mark_actions(day.marks)],
            condition=condition,
        )
    elif condition is not None:
        transaction.condition_check(CounterModel, item.scope, item.bucket, condition)


def _mark_actions(marks: Mapping[int, Mark | None]) -> list[Action]:
    """The actions that list sessions in the item of a day; None: that remove them."""
    return [
        Path(f"{MARK_PREFIX}{timer_id}").remove()
        if mark is None
        else Path(f"{MARK_PREFIX}{timer_id}").set(list(mark))
        for timer_id, mark in sorted(marks.items())
    ]


def _increment(transaction: TransactWrite, name: CounterKey, counters: Counters) -> None:
    key = keys.counter(name)
    item = CounterModel(scope=key["scope"], bucket=key["bucket"])
    transaction.update(item, actions=_counter_actions(counters))


def _counter_actions(counters: Counters) -> list[Action]:
    return [Path(counter).add(by) for counter, by in sorted(counters.items())]
