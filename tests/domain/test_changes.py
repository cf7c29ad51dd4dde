from dataclasses import replace

import pytest

from chalicelib.domain.changes import (
    ChangeEntry,
    ChangeEntryTally,
    ChangeTally,
    EntryTallying,
    Tallying,
    apply_to_new_entry,
    merge_entries,
)
from chalicelib.domain.tallies import EntryMonth
from chalicelib.domain.timers import TimeEntry
from tests.domain.builders import ENTRY, NOW, OTHER_ENTRY, TIMER, TODAY, entry
from tests.support.clock import DAY

MIDNIGHT = TODAY * DAY

END = ChangeEntry(ENTRY, seconds=60, ends=NOW)
BEGIN = ChangeEntry(ENTRY, timers=1, starts=(TIMER, NOW))
BOTH = ChangeEntry(ENTRY, seconds=60, timers=1, starts=(TIMER, NOW), ends=NOW)


@pytest.mark.parametrize("changes", [(END, BEGIN), (BEGIN, END)])
def test_an_end_and_a_start_on_one_entry_become_one_change(
    changes: tuple[ChangeEntry, ChangeEntry],
) -> None:
    assert merge_entries(changes) == (BOTH,)


def test_an_end_at_the_first_instant_is_not_taken_for_none() -> None:
    at_zero = ChangeEntry(ENTRY, ends=0)
    assert at_zero.merge(END).ends == 0


def test_changes_of_different_entries_stay_apart_and_in_their_order() -> None:
    elsewhere = ChangeEntry(OTHER_ENTRY, timers=1)
    assert merge_entries([elsewhere, END, BEGIN]) == (elsewhere, BOTH)


def test_no_changes_merge_to_none() -> None:
    assert merge_entries([]) == ()


@pytest.mark.parametrize(
    ("second", "counter"),
    [
        (0, "s00"),
        (899, "s00"),
        (900, "s01"),
        (9 * 900, "s09"),
        (DAY // 2, "s48"),
        (DAY - 1, "s95"),
    ],
)
def test_a_start_is_counted_in_its_quarter_hour(second: int, counter: str) -> None:
    tallying = Tallying()
    tallying.started(MIDNIGHT + second)
    assert tallying.changes() == (ChangeTally(TODAY, {counter: 1}),)


def test_a_stop_and_a_start_of_one_day_become_one_change() -> None:
    tallying = Tallying()
    tallying.started(NOW)
    tallying.stopped(NOW)
    assert tallying.changes() == (ChangeTally(TODAY, {"s32": 1, "e32": 1}),)


def test_two_of_a_kind_in_one_quarter_hour_add_up() -> None:
    tallying = Tallying()
    tallying.stopped(NOW)
    tallying.stopped(NOW + 899)
    assert tallying.changes() == (ChangeTally(TODAY, {"e32": 2}),)


def test_the_last_second_of_a_day_and_the_first_of_the_next_are_two_changes() -> None:
    tallying = Tallying()
    tallying.started(MIDNIGHT - 1)
    tallying.stopped(MIDNIGHT)
    assert tallying.changes() == (
        ChangeTally(TODAY - 1, {"s95": 1}),
        ChangeTally(TODAY, {"e00": 1}),
    )


def test_what_is_taken_back_in_the_same_quarter_hour_cancels_out() -> None:
    tallying = Tallying()
    tallying.stopped(NOW + 600, by=-1)
    tallying.stopped(NOW)
    assert tallying.changes() == ()


def test_only_what_cancels_out_is_left_out() -> None:
    tallying = Tallying()
    tallying.started(NOW)
    tallying.stopped(NOW + 600, by=-1)
    tallying.stopped(NOW)
    assert tallying.changes() == (ChangeTally(TODAY, {"s32": 1}),)


def test_nothing_collected_changes_nothing() -> None:
    assert Tallying().changes() == ()


def test_a_new_entry_begins_its_life_with_the_timer_that_runs_on_it() -> None:
    new = apply_to_new_entry(entry(), BEGIN)
    assert (new.timer_count, new.running_timer_id, new.timer_started_at) == (1, TIMER, NOW)
    assert (new.latest_timer_id, new.timer_stopped_at, new.tracked_seconds) == (TIMER, None, 0)


def test_a_new_entry_on_which_nothing_starts_does_not_run() -> None:
    new = apply_to_new_entry(entry(), ChangeEntry(ENTRY, seconds=90, timers=2))
    assert new == entry(tracked_seconds=90, timer_count=2)


BOOKED = TimeEntry(7, 2149, 8779, 1294, "2026-03-02", 0, 0, 8779)
MARCH = EntryMonth(2149, 8779, 1294, "2026-03")


def test_an_entry_that_comes_is_counted_on_its_date() -> None:
    tallying = EntryTallying()
    tallying.came(BOOKED)
    assert tallying.changes() == (ChangeEntryTally(MARCH, {"n02": 1}),)


def test_an_entry_that_moves_is_counted_once() -> None:
    tallying = EntryTallying()
    tallying.went(BOOKED)
    tallying.came(replace(BOOKED, date="2026-03-31"))
    assert tallying.changes() == (ChangeEntryTally(MARCH, {"n02": -1, "n31": 1}),)


def test_an_entry_that_moves_to_another_service_changes_two_tallies() -> None:
    tallying = EntryTallying()
    tallying.went(BOOKED)
    tallying.came(replace(BOOKED, service_id=1296))
    assert tallying.changes() == (
        ChangeEntryTally(MARCH, {"n02": -1}),
        ChangeEntryTally(replace(MARCH, service_id=1296), {"n02": 1}),
    )


def test_an_entry_that_stays_where_it_is_changes_nothing() -> None:
    tallying = EntryTallying()
    tallying.went(BOOKED)
    tallying.came(BOOKED)
    assert tallying.changes() == ()
