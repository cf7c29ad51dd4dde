"""Requests that change timers, as values: starts, stops, edits and deletions."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.timers.editing import TimerEditing
from chalicelib.timers.edits import Edit
from chalicelib.timers.operations import StartCommand, StopCommand, Timers


class EditCommand(Struct, frozen=True):
    """Change a timer. A ``stopped_at`` of None lets it run on."""

    timer_id: int
    started_at: int | UnsetType = UNSET
    stopped_at: int | UnsetType | None = UNSET
    time_entry_id: int | UnsetType = UNSET


class DeleteCommand(Struct, frozen=True):
    """Delete a timer."""

    timer_id: int


Command = StartCommand | StopCommand | EditCommand | DeleteCommand


def perform(
    dependencies: Dependencies,
    caller: Caller,
    command: Command,
    options: WriteOptions = NO_OPTIONS,
) -> Result[Any]:
    """Do what a command says. The outcome of a deletion is None."""
    match command:
        case StartCommand():
            return Timers(dependencies).start(caller, command, options)
        case StopCommand():
            return Timers(dependencies).stop(caller, command, options)
        case EditCommand():
            edit = Edit(command.started_at, command.stopped_at, command.time_entry_id)
            return TimerEditing(dependencies).update(caller, command.timer_id, edit, options)
        case DeleteCommand():
            return TimerEditing(dependencies).delete(caller, command.timer_id, options)
