"""Commits a decision's changes in one TransactWriteItems, or not at all.

Only items of this person and their time entries join. A condition on anything that colleagues
share would serialise a whole company at nine in the morning.
"""

from collections.abc import Mapping
from typing import NoReturn

from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.core.errors import Unavailable
from chalicelib.core.idempotency import KeptOutcome, RequestKey
from chalicelib.core.write_set import (
    BlockSlot,
    ChangeEntry,
    Changes,
    FreeSlot,
    MoveLastStop,
    OccupySlot,
    OpenSlot,
    SlotChange,
    StopTimer,
)
from chalicelib.counters.model import PersonDay, TallyName
from chalicelib.dataclass import dataclass
from chalicelib.domain.records import RecordChange
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import PASSING, RETRY_AFTER_SECONDS, translated
from chalicelib.dynamodb.items import kept_model, model_of
from chalicelib.dynamodb.tables import (
    KeptOutcomeModel,
    SlotModel,
    TallyModel,
    TimeEntryModel,
    TimerModel,
)
from chalicelib.store.record_changes import write_records

_LOST = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


class LostRace(Exception):
    """Something is no longer as it was when the decision was made: read, and decide again."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What is written together: a decision's changes, to a person's time and to single records,
    and what its key is to answer from now on.

    Without changes it keeps an outcome only; without a key it keeps none.
    """

    changes: Changes | None
    key: RequestKey | None = None
    kept: KeptOutcome | None = None
    now: int = 0
    records: tuple[RecordChange, ...] = ()


def commit(connection: Connection, writes: Commit, token: str) -> None:
    """Write all of it, if everything still is as the decision saw it.

    ``token`` (at most 36 characters) makes the write idempotent: sent twice, it counts once. Raises
    :class:`LostRace`, with nothing written; or ``Unavailable``, with all or nothing written.
    """
    try:
        with translated():
            _write(connection, writes, token)
    except TransactWriteError as error:
        refuse(error)


def refuse(error: TransactWriteError) -> NoReturn:
    """Say why a transaction was cancelled: :class:`LostRace`, ``Unavailable``, or a fault."""
    codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
    # A failed condition or a conflict outranks throttling: state must be read again anyway.
    if codes & _LOST:
        raise LostRace from error
    if codes & PASSING:
        raise Unavailable(retry_after=RETRY_AFTER_SECONDS) from error
    raise error


def _write(connection: Connection, writes: Commit, token: str) -> None:
    with TransactWrite(connection=connection, client_request_token=token) as transaction:
        if writes.key is not None and writes.kept is not None:
            transaction.save(
                kept_model(writes.key, writes.kept),
                # DynamoDB removes what has expired late: until then it must not be in the way.
                condition=KeptOutcomeModel.person_key.does_not_exist()
                | (KeptOutcomeModel.expires_at <= writes.now),
            )
        if writes.changes is not None:
            _write_changes(transaction, writes.changes)
        write_records(transaction, writes.records)


def _write_changes(transaction: TransactWrite, changes: Changes) -> None:
    if changes.new_timer is not None:
        transaction.save(model_of(changes.new_timer), condition=TimerModel.key.does_not_exist())
    if changes.new_entry is not None:
        transaction.save(model_of(changes.new_entry), condition=TimeEntryModel.key.does_not_exist())
    if changes.stop_timer is not None:
        _stop_timer(transaction, changes.organization_id, changes.stop_timer)
    for change in changes.entries:
        _change_entry(transaction, changes, change)
    if changes.slot is not None:
        _change_slot(transaction, changes, changes.slot)
    _count(transaction, changes)


def _stop_timer(transaction: TransactWrite, organization_id: int, stop: StopTimer) -> None:
    condition = TimerModel.key.exists() & TimerModel.stopped_at.does_not_exist()
    if stop.replaces is not None:
        condition = (TimerModel.stopped_at == stop.replaces) & TimerModel.stop_reason.exists()
    reason = stop.stop_reason
    transaction.update(
        TimerModel(key=keys.scoped(organization_id, stop.timer_id)),
        actions=[
            TimerModel.stopped_at.set(stop.stopped_at),
            TimerModel.stopped_key.set(keys.at(stop.stopped_at, stop.timer_id)),
            TimerModel.stop_reason.remove()
            if reason is None
            else TimerModel.stop_reason.set(reason),
            TimerModel.running_shard.remove(),
            TimerModel.auto_stop_key.remove(),
            TimerModel.version.add(1),
        ],
        condition=condition,
    )


def _change_entry(transaction: TransactWrite, changes: Changes, change: ChangeEntry) -> None:
    actions: list[Action] = [
        TimeEntryModel.updated_at.set(changes.now),
        TimeEntryModel.version.add(1),
        TimeEntryModel.tracked_seconds.add(change.seconds),
        TimeEntryModel.timer_count.add(change.timers),
    ]
    # Holds only where the entry exists.
    condition = TimeEntryModel.person_id == changes.person_id
    if change.track_method is not None:
        actions.append(TimeEntryModel.track_method.set(change.track_method))
    if change.starts is not None:
        timer_id, started_at = change.starts
        condition &= TimeEntryModel.deleted_at.does_not_exist()
        actions += [
            TimeEntryModel.running_timer_id.set(timer_id),
            TimeEntryModel.latest_timer_id.set(timer_id),
            TimeEntryModel.timer_started_at.set(started_at),
            TimeEntryModel.timer_stopped_at.remove(),
        ]
    elif change.ends is not None:
        actions += [
            TimeEntryModel.running_timer_id.remove(),
            TimeEntryModel.timer_stopped_at.set(change.ends),
        ]
    transaction.update(
        TimeEntryModel(key=keys.scoped(changes.organization_id, change.time_entry_id)),
        actions=actions,
        condition=condition,
    )


def _change_slot(transaction: TransactWrite, changes: Changes, slot: SlotChange) -> None:
    condition: Condition
    match slot:
        case OccupySlot():
            actions: list[Action] = [
                SlotModel.timer_id.set(slot.running.timer_id),
                SlotModel.time_entry_id.set(slot.running.time_entry_id),
                SlotModel.started_at.set(slot.running.started_at),
                SlotModel.auto_stop_at.set(slot.running.auto_stop_at),
                SlotModel.last_timer_id.set(slot.running.timer_id),
            ]
            condition = _unchanged(slot.version)
        case FreeSlot():
            actions = [*_NOTHING_RUNS]
            condition = SlotModel.timer_id == slot.timer_id
        case MoveLastStop():
            actions = []
            condition = _unchanged(slot.version)
        case BlockSlot():
            actions = [
                SlotModel.blocked.set(True),
                SlotModel.last_timer_id.set(SlotModel.last_timer_id | 0),
                *_NOTHING_RUNS,
            ]
            condition = _unchanged(slot.version)
        case OpenSlot():
            actions = [SlotModel.blocked.remove()]
            condition = _unchanged(slot.version)
    if slot.last_stopped_at is not None:
        actions.append(SlotModel.last_stopped_at.set(slot.last_stopped_at))
    transaction.update(
        SlotModel(
            person_key=keys.scoped(changes.organization_id, changes.person_id),
            name=keys.RUNNING_SLOT,
        ),
        actions=[*actions, SlotModel.version.add(1)],
        condition=condition,
    )


_NOTHING_RUNS: tuple[Action, ...] = (
    SlotModel.timer_id.remove(),
    SlotModel.time_entry_id.remove(),
    SlotModel.started_at.remove(),
    SlotModel.auto_stop_at.remove(),
)


def _unchanged(version: int) -> Condition:
    return SlotModel.version == version if version else SlotModel.person_key.does_not_exist()


def _count(transaction: TransactWrite, changes: Changes) -> None:
    added: list[tuple[TallyName, Mapping[str, int]]] = [
        (PersonDay(changes.organization_id, changes.person_id, tally.day), tally.counters)
        for tally in changes.tallies
    ]
    added += [(tally.name, tally.counters) for tally in changes.entry_tallies]
    for name, counters in added:
        place = keys.tally(name)
        transaction.update(
            TallyModel(scope=place["scope"], bucket=place["bucket"]),
            actions=[Path(counter).add(by) for counter, by in sorted(counters.items())],
        )
