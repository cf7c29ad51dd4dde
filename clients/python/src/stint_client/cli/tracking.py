"""Start and stop timers."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from click.shell_completion import CompletionItem

from stint_client import UNSET, ApiError, Client, Result, Retries, StintError
from stint_client.cli.failures import ExitCode, Failure, explain
from stint_client.cli.matching import find_by_name, fold
from stint_client.cli.output import clock_time, duration, print_json
from stint_client.cli.state import State, json_option, pass_state
from stint_client.cli.times import to_time
from stint_client.models import Service, Timer

_NOT_FOUND = 404
_COMPLETION_SECONDS = 2

_at_option = click.option(
    "--at",
    metavar="TIME",
    callback=to_time,
    help="When: 9:30, 'yesterday 17:00', '2026-10-31 9:30'. Default: now.",
)
_key_option = click.option(
    "--key", metavar="KEY", help="Repeat a request whose outcome is unknown: its key."
)


def _complete_service(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the names of services; with nothing if the server does not answer soon."""
    try:
        state = ctx.ensure_object(State)
        account = state.account
        with Client(
            account.base_url,
            state.store.token(account),
            account.organization_id,
            retries=Retries(attempts=1),
            timeout=_COMPLETION_SECONDS,
        ) as client:
            names = [str(each.attributes.name) for each in _services(client)]
    except (StintError, Failure):
        return []
    return [CompletionItem(name) for name in names if fold(name).startswith(fold(incomplete))]


@click.command()
@click.argument("service", shell_complete=_complete_service)
@click.option("--note", help="The note of the new time entry.")
@_at_option
@_key_option
@json_option
@pass_state
def start(
    state: State, service: str, note: str | None, at: datetime | None, key: str | None
) -> None:
    """Start a timer on a SERVICE: its name, or the beginning or a part of it.

    A timer that is running stops.
    """
    with state.client() as client:
        found = _find_service(client, service)
        with _repeatable("The timer may or may not have started.", "No timer was started."):
            started = client.timers.start(
                service_id=found.id, note=note, started_at=at, idempotency_key=key or UNSET
            )
        stopped = [_read_stopped(client, each) for each in _stopped_ids(started)]
    if state.as_json:
        print_json(
            {
                "timer": timer_document(started),
                "stopped": [timer_document(each) for each in stopped if each],
                "meta": dict(started.meta),
            }
        )
        return
    for each in stopped:
        click.echo(
            f"Stopped {_name(each)}, {_length(each)}." if each else "Stopped the last timer."
        )
    click.echo(f"Started {_name(started)} at {clock_time(_started_at(started.data))}.")
    _print_adjustments(started)


@click.command()
@_at_option
@_key_option
@json_option
@pass_state
def stop(state: State, at: datetime | None, key: str | None) -> None:
    """Stop the running timer. If none is running, nothing changes."""
    stopped: Result[Timer] | None
    try:
        with (
            state.client() as client,
            _repeatable("The timer may or may not have stopped.", "No timer was stopped."),
        ):
            stopped = client.timers.stop(stopped_at=at, idempotency_key=key or UNSET)
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        stopped = None
    was_running = stopped is not None and not stopped.meta.get("already_stopped")
    if state.as_json:
        timer = timer_document(stopped) if stopped else None
        meta = dict(stopped.meta) if stopped else {}
        print_json({"timer": timer, "was_running": was_running, "meta": meta})
    elif stopped is None:
        click.echo("No timer is running.")
    elif not was_running:
        ended = clock_time(_stopped_at(stopped.data) or datetime.now(UTC))
        click.echo(f"No timer is running. The last one, {_name(stopped)}, stopped at {ended}.")
    else:
        click.echo(f"Stopped {_name(stopped)}, {_length(stopped)}.")
        _print_adjustments(stopped)


@click.command()
@json_option
@pass_state
def status(state: State) -> None:
    """Show the running timer."""
    with state.client() as client:
        running = client.timers.running(state.account.person_id)
    if state.as_json:
        print_json({"timer": timer_document(running) if running else None})
    elif running is None:
        click.echo("No timer is running.")
    else:
        note = _note(running)
        since = clock_time(_started_at(running.data))
        click.echo(f"{_name(running)}, {_length(running)}, since {since}.")
        if note:
            click.echo(note)


def timer_document(timer: Result[Timer]) -> dict[str, Any]:
    """Return a timer for programs. ``seconds`` of a running one counts up to now."""
    service = timer.related("time_entry", "service")
    entry = timer.related("time_entry")
    stopped_at = _stopped_at(timer.data)
    return {
        "id": timer.data.id,
        "time_entry_id": entry.id if entry else None,
        "service": {"id": service.id, "name": service.attributes.name} if service else None,
        "note": _note(timer),
        "started_at": _started_at(timer.data).isoformat(),
        "stopped_at": stopped_at.isoformat() if stopped_at else None,
        "seconds": _seconds(timer.data),
    }


def _services(client: Client) -> list[Service]:
    return list(client.services.list(time_tracking_enabled=True))


def _find_service(client: Client, typed: str) -> Service:
    """Return the only service that a person can mean.

    :raises Failure: if there is none, or if there are several.
    """
    services = _services(client)
    found = find_by_name(services, lambda service: str(service.attributes.name), typed)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failure(
            f'No service is called "{typed}". `stint services` lists them.', code="unknown_service"
        )
    names = "\n".join(f"  {service.attributes.name}  ({service.id})" for service in found)
    by_id = [service for service in found if service.id == typed]
    if by_id:
        return by_id[0]
    raise Failure(f'"{typed}" can be:\n{names}\nType more of the name.', code="ambiguous_service")


@contextmanager
def _repeatable(unknown: str, known: str) -> Iterator[None]:
    """Say what is known if there is no answer, and how to repeat the command safely.

    :param unknown: what to say if the server may have done it.
    :param known: what to say if it has not.
    """
    try:
        yield
    except StintError as error:
        failure = explain(error)
        if failure.exit_code != ExitCode.NO_ANSWER:
            raise
        if error.is_outcome_unknown:
            again = f"{_command_line()} --key {error.idempotency_key}"
            advice = f"{unknown} `stint status` shows what runs. A repeat is safe with:\n  {again}"
        else:
            advice = f"{known} Try again later."
        message = f"{failure.message}\n{advice}"
        raise Failure(message, ExitCode.NO_ANSWER, failure.code) from error


def _command_line() -> str:
    """Return the command as it was typed, without a key."""
    ctx = click.get_current_context()
    words = ["stint", str(ctx.info_name)]
    for parameter in ctx.command.params:
        value = ctx.params.get(str(parameter.name))
        if value is None or parameter.name in ("key", "json"):
            continue
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        words += [text] if isinstance(parameter, click.Argument) else [parameter.opts[-1], text]
    return shlex.join(words)


def _stopped_ids(started: Result[Timer]) -> list[str]:
    ids = started.meta.get("stopped_timer_ids")
    return [str(each) for each in ids] if isinstance(ids, list) else []


def _read_stopped(client: Client, timer_id: str) -> Result[Timer] | None:
    """Return a timer that a start has stopped. The start is done, so nothing may fail here."""
    try:
        return client.timers.get(timer_id)
    except StintError:
        return None


def _name(timer: Result[Timer]) -> str:
    service = timer.related("time_entry", "service")
    return str(service.attributes.name) if service else f"timer {timer.data.id}"


def _note(timer: Result[Timer]) -> str | None:
    entry = timer.related("time_entry")
    return entry.attributes.note if entry and isinstance(entry.attributes.note, str) else None


def _started_at(timer: Timer) -> datetime:
    started_at = timer.attributes.started_at
    assert isinstance(started_at, datetime)  # noqa: S101 - no fields are left out
    return started_at


def _stopped_at(timer: Timer) -> datetime | None:
    stopped_at = timer.attributes.stopped_at
    return stopped_at if isinstance(stopped_at, datetime) else None


def _seconds(timer: Timer) -> int:
    end = _stopped_at(timer) or datetime.now(UTC)
    return max(0, int((end - _started_at(timer)).total_seconds()))


def _length(timer: Result[Timer]) -> str:
    return duration(_seconds(timer.data))


def _print_adjustments(timer: Result[Timer]) -> None:
    """Say which times the server has moved."""
    skew = timer.meta.get("clock_skew_seconds")
    if isinstance(skew, int):
        side = "ahead" if skew > 0 else "behind"
        click.echo(f"This computer's clock is {abs(skew)} seconds {side}. The time was corrected.")
    adjusted = timer.meta.get("adjusted")
    if not isinstance(adjusted, list):
        return
    if "started_at" in adjusted:
        click.echo(f"The start was moved to {clock_time(_started_at(timer.data))}.")
    stopped_at = _stopped_at(timer.data)
    if "stopped_at" in adjusted and stopped_at:
        click.echo(f"The stop was moved to {clock_time(stopped_at)}.")
