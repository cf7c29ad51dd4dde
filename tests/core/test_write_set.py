import pytest
from msgspec.structs import replace

from chalicelib.core.write_set import TimeEntryUpdate
from chalicelib.counters.model import EntryCounterDelta, EntryCounterDeltas, EntryMonth
from chalicelib.time_entries.model import TimeEntry, TrackMethod
from chalicelib.timers.entry_updates import apply_to_new_entry, merge_entry_updates
from tests.support.builders import ENTRY, NOW, OTHER_ENTRY, TIMER, entry

END = TimeEntryUpdate(ENTRY, seconds=60, ends=NOW)
START = TimeEntryUpdate(ENTRY, timers=1, starts=(TIMER, NOW))
START_AND_END = TimeEntryUpdate(ENTRY, seconds=60, timers=1, starts=(TIMER, NOW), ends=NOW)


@pytest.mark.parametrize("updates", [(END, START), (START, END)])
def test_end_and_start_of_one_entry_are_merged(
    updates: tuple[TimeEntryUpdate, TimeEntryUpdate],
) -> None:
    assert merge_entry_updates(updates) == (START_AND_END,)


def test_end_at_timestamp_zero_is_not_treated_as_none() -> None:
    at_zero = TimeEntryUpdate(ENTRY, ends=0)
    (merged,) = merge_entry_updates([at_zero, END])
    assert merged.ends == 0


@pytest.mark.parametrize("order", [1, -1])
def test_covered_seconds_of_one_entry_are_added(order: int) -> None:
    covered = TimeEntryUpdate(ENTRY, seconds=60, covered_seconds=60, ends=NOW)
    manual = TimeEntryUpdate(ENTRY, seconds=5, covered_seconds=5, track_method=TrackMethod.BOTH)
    (merged,) = merge_entry_updates([covered, manual][::order])
    assert merged == TimeEntryUpdate(
        ENTRY, seconds=65, covered_seconds=65, ends=NOW, track_method=TrackMethod.BOTH
    )


def test_inserted_session_of_one_entry_is_merged() -> None:
    insert = TimeEntryUpdate(ENTRY, seconds=30, timers=1, inserts=(TIMER, NOW))
    for updates in ([END, insert], [insert, END]):
        (merged,) = merge_entry_updates(updates)
        assert merged == TimeEntryUpdate(
            ENTRY, seconds=90, timers=1, ends=NOW, inserts=(TIMER, NOW)
        )


def test_updates_of_different_entries_stay_separate_and_ordered() -> None:
    other_update = TimeEntryUpdate(OTHER_ENTRY, timers=1)
    assert merge_entry_updates([other_update, END, START]) == (other_update, START_AND_END)


def test_merging_no_updates_returns_an_empty_tuple() -> None:
    assert merge_entry_updates([]) == ()


def test_new_entry_contains_its_running_timer() -> None:
    new_entry = apply_to_new_entry(entry(), START)
    assert (new_entry.timer_count, new_entry.running_timer_id, new_entry.timer_started_at) == (
        1,
        TIMER,
        NOW,
    )
    assert (new_entry.latest_timer_id, new_entry.timer_stopped_at, new_entry.tracked_seconds) == (
        TIMER,
        None,
        0,
    )


def test_new_entry_contains_its_inserted_session() -> None:
    inserted = TimeEntryUpdate(ENTRY, seconds=90, timers=1, inserts=(TIMER, NOW))
    assert apply_to_new_entry(entry(), inserted) == entry(
        tracked_seconds=90,
        timer_count=1,
        latest_timer_id=TIMER,
        timer_stopped_at=NOW,
        stopped_timer_id=TIMER,
    )


def test_new_entry_without_a_start_has_no_running_timer() -> None:
    new_entry = apply_to_new_entry(entry(), TimeEntryUpdate(ENTRY, seconds=90, timers=2))
    assert new_entry == entry(tracked_seconds=90, timer_count=2)


MARCH_ENTRY = TimeEntry(7, 2149, 8779, 1294, "2026-03-02", 0, 0, 8779)
MARCH = EntryMonth(2149, 8779, 1294, "2026-03")


def test_added_entry_is_counted_on_its_date() -> None:
    deltas = EntryCounterDeltas()
    deltas.added(MARCH_ENTRY)
    assert deltas.collected() == (EntryCounterDelta(MARCH, {"n02": 1, "c02": 1}),)


def test_entry_moved_to_another_date_is_counted_once() -> None:
    deltas = EntryCounterDeltas()
    deltas.removed(MARCH_ENTRY)
    deltas.added(replace(MARCH_ENTRY, date="2026-03-31"))
    assert deltas.collected() == (
        EntryCounterDelta(MARCH, {"n02": -1, "c02": -1, "n31": 1, "c31": 1}),
    )


def test_entry_moved_to_another_service_changes_both_counters() -> None:
    deltas = EntryCounterDeltas()
    deltas.removed(MARCH_ENTRY)
    deltas.added(replace(MARCH_ENTRY, service_id=1296))
    assert deltas.collected() == (
        EntryCounterDelta(MARCH, {"n02": -1, "c02": -1}),
        EntryCounterDelta(replace(MARCH, service_id=1296), {"n02": 1, "c02": 1}),
    )


MINUTE_ENTRY = replace(MARCH_ENTRY, tracked_seconds=100, adjusted_seconds=-40)
HAND_SET = replace(MINUTE_ENTRY, billable_minutes=2)


@pytest.mark.parametrize(
    ("entry", "counters"),
    [
        (MINUTE_ENTRY, {"c02": 1, "b02": 60}),
        (replace(MINUTE_ENTRY, billable=False), {"m02": 1, "u02": 60}),
        (HAND_SET, {"c02": 1, "f02": 60, "h02": 120}),
        (replace(HAND_SET, billable=False), {"m02": 1, "u02": 60, "g02": 120}),
    ],
    ids=["billable", "not billable", "billable in part", "not billable, with a set time"],
)
def test_seconds_are_summed_by_how_they_are_billed(
    entry: TimeEntry, counters: dict[str, int]
) -> None:
    deltas = EntryCounterDeltas()
    deltas.added(entry)
    assert deltas.collected() == (EntryCounterDelta(MARCH, {"n02": 1, **counters}),)


def test_deleted_entry_is_not_counted() -> None:
    deltas = EntryCounterDeltas()
    deltas.added(replace(MINUTE_ENTRY, deleted_at=1))
    assert deltas.collected() == ()


def test_unmoved_entry_produces_no_deltas() -> None:
    deltas = EntryCounterDeltas()
    deltas.removed(MARCH_ENTRY)
    deltas.added(MARCH_ENTRY)
    assert deltas.collected() == ()
