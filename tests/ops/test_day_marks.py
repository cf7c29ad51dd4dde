"""Transactions that list sessions in the items of days."""

from chalicelib.core.write_set import RequireRecord, WriteSet
from chalicelib.timers.model import Timer
from tests.support.clock import DAY, MINUTE, MONDAY_NINE
from tools.ops.day_marks import mark_updates
from tools.ops.invariants import derived_marks


def sessions(number: int, days: int = 1) -> list[Timer]:
    """Sessions of a minute, the same number on each day; ids from 1."""
    starts = [
        MONDAY_NINE + day * DAY + minute * MINUTE
        for day in range(days)
        for minute in range(number // days)
    ]
    return [
        Timer(timer_id, 2149, 8779, 364, start, start + DAY, start + MINUTE, version=timer_id)
        for timer_id, start in enumerate(starts, 1)
    ]


def test_no_transaction_has_more_than_100_items() -> None:
    for timers in (sessions(250), sessions(400, days=200), sessions(1000, days=100)):
        listed = dict[int, int]()
        for update in mark_updates(2149, 8779, timers, {}):
            *checks, write_set = update.writes
            assert isinstance(write_set, WriteSet)
            assert len(checks) + len(write_set.days) <= 100
            marked = [timer_id for day in write_set.days for timer_id in day.marks]
            for check in checks:
                assert isinstance(check, RequireRecord)
                listed[int(str(check.id))] = check.expected["version"]
            assert sorted(marked) == sorted(int(str(check.id)) for check in checks)  # type: ignore[union-attr]
        assert listed == {timer.id: timer.version for timer in timers}


def test_only_what_differs_is_written() -> None:
    timers = sessions(6, days=2)
    stored = {day: dict(marks) for day, marks in derived_marks(timers).items()}
    assert list(mark_updates(2149, 8779, timers, stored)) == []
    stored["2026-03-02"][1] = (MONDAY_NINE,)
    stored["2026-03-03"][99] = (MONDAY_NINE + DAY,)
    (update,) = mark_updates(2149, 8779, timers, stored)
    *checks, write_set = update.writes
    assert isinstance(write_set, WriteSet)
    assert [day.marks for day in write_set.days] == [
        {1: (MONDAY_NINE, MONDAY_NINE + MINUTE)},
        {99: None},
    ]
    # A timer that was deleted is removed from the day only if it still does not exist.
    assert [check.expected for check in checks if isinstance(check, RequireRecord)] == [
        {"version": 1},
        {"id": None},
    ]
