"""Checks of the responses to concurrent requests, against each other and the stored timers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from msgspec import UNSET
from msgspec.structs import replace

from chalicelib.core.errors import Unavailable
from chalicelib.core.idempotency import IdempotencyKey
from chalicelib.timers.model import StopReason, Timer
from chalicelib.timers.operations import StartCommand, StopCommand
from tests.support.concurrent_requests import RequestResult, Run
from tests.support.invariants import TimerKey, key_of
from tests.support.timer_commands import DeleteCommand, EditCommand


def check_starts(run: Run, stored: dict[TimerKey, Timer]) -> None:
    """Check the started timers.

    Each timer in a response is stored as in the response, if no edit or deletion followed. Other
    timers may exist only for requests whose result is unknown.
    """
    edited, deleted = _named_by(run, EditCommand), _named_by(run, DeleteCommand)
    answered: set[TimerKey] = set()
    unknown = 0
    answered_keys = {
        result.request.key for result in run.results if result.response and result.request.key
    }
    for result in run.results:
        request = result.request
        command = request.command
        if not isinstance(command, StartCommand):
            continue
        if result.response is None:
            # Only after this error it is unknown whether the timer was started.
            unknown += isinstance(result.error, Unavailable) and request.key not in answered_keys
            continue
        outcome = result.response.outcome
        started = outcome.timer
        answered.add(key_of(started))
        assert started.person_id == (command.person_id or request.caller.person_id)
        assert command.time_entry_id in (None, started.time_entry_id)
        if started.time_entry_id in run.deleted_entries:
            deleted.add(key_of(started))
        if key_of(started) not in edited | deleted:
            _check_started(started, stored[key_of(started)])
        if outcome.stopped_timer_id is not None:
            stopped = started.organization_id, outcome.stopped_timer_id
            if stopped not in edited | deleted:
                _check_superseded(stored[stopped], started.started_at)
    # An edited timer may have been on a time entry that was deleted.
    assert answered - stored.keys() <= deleted | (edited if run.deleted_entries else set())
    assert len(stored.keys() - answered) <= unknown


def _check_started(started: Timer, timer: Timer) -> None:
    if started.stopped_at is None:
        timer = replace(timer, stopped_at=None, stop_reason=None, edited=False, version=1)
        # A stop or an edit removes or changes it.
        timer = replace(timer, sum_target=started.sum_target)
    assert started == timer


def _check_superseded(timer: Timer, started_at: int) -> None:
    stop = min(started_at, timer.auto_stop_at)
    assert timer.stopped_at is not None
    assert timer.stopped_at == stop or (timer.stop_reason is None and timer.stopped_at < stop)


def check_stops(run: Run, stored: dict[TimerKey, Timer]) -> None:
    """Each stop in a response is stored as in the response, unless an earlier stop replaced it.

    Timers that an edit or a deletion named are not checked.
    """
    changed = _named_by(run, EditCommand) | _named_by(run, DeleteCommand)
    manual_stops: Counter[TimerKey] = Counter()
    for result in run.results:
        if result.response is None or not isinstance(result.request.command, StopCommand):
            continue
        outcome = result.response.outcome
        answered = outcome.timer
        assert answered.stopped_at is not None
        if key_of(answered) in changed:
            continue
        timer = stored[key_of(answered)]
        if answered.stop_reason is None:
            # The first manual stop is final.
            assert timer == answered
        elif timer != answered:
            assert outcome.already_stopped
            assert timer.stop_reason is None
            assert timer.stopped_at is not None
            assert timer.stopped_at < answered.stopped_at
        manual_stops[key_of(timer)] += not outcome.already_stopped and not result.response.replayed
    assert all(times <= 1 for times in manual_stops.values()), manual_stops


def check_edits(run: Run, stored: dict[TimerKey, Timer]) -> None:
    """Each edit in a response is what was asked for, and each deleted timer is gone."""
    for result in run.results:
        command, response = result.request.command, result.response
        if response is None:
            continue
        if isinstance(command, DeleteCommand):
            assert (result.request.caller.organization.id, command.timer_id) not in stored
        if isinstance(command, EditCommand):
            outcome = response.outcome
            for name in ("started_at", "stopped_at", "time_entry_id"):
                value = getattr(command, name)
                is_as_requested = value is UNSET or value == getattr(outcome.timer, name)
                assert is_as_requested or name in outcome.adjusted


def check_keys(run: Run) -> None:
    """An idempotency key has one effect, and all requests with it get the same response."""
    by_key: dict[IdempotencyKey, list[RequestResult]] = defaultdict(list)
    for result in run.results:
        if result.request.key is not None:
            by_key[result.request.key].append(result)
    effects = Counter[TimerKey]()
    for results in by_key.values():
        responses = [result.response for result in results if result.response]
        assert len({response.outcome for response in responses}) <= 1
        first = sum(not response.replayed for response in responses)
        is_unknown = any(isinstance(result.error, Unavailable) for result in results)
        assert first <= 1
        assert first == 1 or is_unknown or not responses
        for result in results[:1]:
            if responses and isinstance(result.request.command, StartCommand):
                effects[key_of(responses[0].outcome.timer)] += 1
    assert all(times == 1 for times in effects.values()), "two keys returned the same timer"


def check_switches(runs: Iterable[Run], stored: dict[TimerKey, Timer]) -> None:
    """A timer that a start stopped ends in the second in which the new timer started."""
    starts = {(timer.person_id, timer.started_at) for timer in stored.values()}
    # The new timer may have been edited or deleted.
    starts |= {(timer.person_id, timer.started_at) for run in runs for timer in _answered(run)}
    for timer in stored.values():
        if timer.stop_reason is StopReason.SUPERSEDED:
            assert (timer.person_id, timer.stopped_at) in starts


def _answered(run: Run) -> Iterator[Timer]:
    for result in run.results:
        if result.response is not None and result.response.outcome is not None:
            yield result.response.outcome.timer


def _named_by(run: Run, kind: type[EditCommand | DeleteCommand]) -> set[TimerKey]:
    """The timers that requests of a kind changed, or may have changed."""
    return {
        (result.request.caller.organization.id, result.request.command.timer_id)
        for result in run.results
        if isinstance(result.request.command, kind)
        and (result.response is not None or isinstance(result.error, Unavailable))
    }
