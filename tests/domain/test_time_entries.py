"""What a hand may do to time entries, as decisions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.changes import ChangeEntry, ChangeEntryTally
from chalicelib.domain.directory import Person, Role, Service
from chalicelib.domain.errors import Conflict, InvalidAttribute
from chalicelib.domain.records import (
    CreateRecord,
    DeleteRecord,
    RecordChange,
    ReplaceRecord,
    RequireRecord,
)
from chalicelib.domain.tallies import EntryMonth
from chalicelib.domain.time_entries import (
    MOST_ITEMS_A_STEP,
    MOST_TIMERS_A_STEP,
    Act,
    ByHand,
    Changed,
    Related,
    Revision,
    decide_clearing,
    decide_deletion,
    decide_entry,
    decide_entry_change,
)
from chalicelib.domain.timeline import decide_start
from chalicelib.domain.timers import TimeEntry, Timer, TrackMethod
from tests.domain.builders import (
    DRAWN,
    ENTRY,
    NOW,
    ORGANIZATION,
    PERSON,
    SERVICE,
    TIMER,
    entry,
    idle,
    timer,
)
from tests.support.clock import DAY, HOUR, MINUTE

BOSS = 8779
BY = ByHand(BOSS, NOW, 77)
SOMEBODY = Person(PERSON, ORGANIZATION.id, "A", "B", "a@x.example", Role.MEMBER, 0)
OTHER = replace(SOMEBODY, id=8796)
ARCHIVED = replace(SERVICE, id=1297, archived_at=NOW)
OTHER_SERVICE = Service(1296, ORGANIZATION.id, "Development", billable=False)
ACTIVE = RequireRecord(Person, ORGANIZATION.id, PERSON, {"id": PERSON, "deactivated_at": None})


def worked(**members: Any) -> TimeEntry:
    """An entry on which timers counted an hour and 29 seconds."""
    known = {"tracked_seconds": HOUR + 29, "timer_count": 1, "latest_timer_id": TIMER}
    return entry(**{**known, **members})


def change(before: TimeEntry, related: Related | None = None, **values: object) -> Changed:
    return decide_entry_change(before, values, related or Related(), BY)


def tally(service_id: int, month: str, person_id: int = PERSON, **by: int) -> ChangeEntryTally:
    return ChangeEntryTally(EntryMonth(ORGANIZATION.id, person_id, service_id, month), by)


def entry_tallies(decided: Changed) -> Sequence[ChangeEntryTally]:
    assert decided.changes is not None
    assert decided.changes.slot is None
    return decided.changes.entry_tallies


def test_an_entry_made_by_hand_is_counted_and_demands_an_active_person() -> None:
    values = {"date": "2026-03-01", "time": 90, "note": "by train"}
    decided = decide_entry(ENTRY, Related(SERVICE, SOMEBODY), values, BY)
    made = decided.entry
    assert made.track_method is TrackMethod.MANUAL
    assert (made.time, made.tracked_seconds, made.billable_time) == (90, 0, 90)
    assert (made.person_id, made.creator_id, made.date) == (PERSON, BOSS, "2026-03-01")
    assert decided.records == (CreateRecord(made), ACTIVE)
    assert entry_tallies(decided) == (tally(SERVICE.id, "2026-03", n01=1),)


def test_nothing_said_of_the_time_is_none() -> None:
    made = decide_entry(ENTRY, Related(SERVICE, SOMEBODY), {"date": "2026-03-01"}, BY).entry
    assert (made.time, made.billable_time, made.note) == (0, 0, None)


@pytest.mark.parametrize(
    ("related", "name"),
    [
        (Related(None, SOMEBODY), "service"),
        (Related(ARCHIVED, SOMEBODY), "service"),
        (Related(replace(SERVICE, time_tracking_enabled=False), SOMEBODY), "service"),
        (Related(SERVICE, None), "person"),
        (Related(SERVICE, replace(SOMEBODY, deactivated_at=1)), "person"),
    ],
)
def test_a_service_or_person_that_takes_no_time_is_refused(related: Related, name: str) -> None:
    with pytest.raises(InvalidAttribute) as error:
        decide_entry(ENTRY, related, {"date": "2026-03-01"}, BY)
    assert error.value.source == {"pointer": f"data/attributes/{name}"}
    asked = {name: 4_711}
    with pytest.raises(InvalidAttribute) as error:
        decide_entry_change(entry(), asked, related, BY)
    assert error.value.source == {"pointer": f"data/attributes/{name}"}


def test_a_corrected_time_is_kept_beside_what_timers_tracked() -> None:
    after = change(worked(), time=120).entry
    assert (after.tracked_seconds, after.adjusted_seconds) == (HOUR + 29, HOUR - 29)
    assert (after.time, after.track_method) == (120, TrackMethod.BOTH)
    later = replace(after, tracked_seconds=after.tracked_seconds + 90)
    # 120 minutes and 90 seconds.
    assert later.time == 122


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TrackMethod.MANUAL, TrackMethod.MANUAL),
        (TrackMethod.TIMER, TrackMethod.BOTH),
        (TrackMethod.BOTH, TrackMethod.BOTH),
    ],
)
def test_a_correction_of_what_timers_tracked_makes_it_both(
    before: TrackMethod, after: TrackMethod
) -> None:
    assert change(entry(track_method=before), time=5).entry.track_method is after
    assert change(entry(track_method=before), note="x").entry.track_method is before


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (TrackMethod.MANUAL, TrackMethod.BOTH),
        (TrackMethod.TIMER, None),
        (TrackMethod.BOTH, None),
    ],
)
def test_a_start_on_an_entry_made_by_hand_makes_it_both(
    before: TrackMethod, said: TrackMethod | None
) -> None:
    started = decide_start(idle(), entry(track_method=before), ORGANIZATION, DRAWN)
    (begin,) = started.changes.entries
    assert begin.track_method is said
    # Also where the start stops what runs on the very same entry.
    ends = ChangeEntry(ENTRY, seconds=5, ends=NOW)
    assert ends.merge(begin).track_method is begin.merge(ends).track_method is said


def test_what_is_said_as_it_is_is_no_correction() -> None:
    before = worked(note="n", billable_minutes=7)
    decided = change(
        before,
        time=before.time,
        billable_time=7,
        note="n",
        date=before.date,
        service=SERVICE.id,
        person=PERSON,
    )
    assert decided == Changed(before)


def test_time_to_invoice_follows_until_a_hand_says_otherwise() -> None:
    # As clients do who send back all that they were shown.
    followed = change(worked(), time=120, billable_time=60).entry
    assert (followed.billable_minutes, followed.billable_time) == (None, 120)
    said = change(worked(), billable_time=30).entry
    assert (said.time, said.billable_time) == (60, 30)
    assert change(said, billable_time=None).entry.billable_time == 60


def test_a_correction_while_a_timer_runs_leaves_it_running() -> None:
    after = change(worked(running_timer_id=TIMER, timer_count=2), time=10).entry
    assert after.running_timer_id == TIMER
    assert after.time == 10


def test_what_was_corrected_by_whom_is_kept_with_it() -> None:
    before = worked(note="old")
    decided = change(before, time=120, note=None)
    assert decided.entry.version == before.version + 1
    assert decided.entry.updated_at == NOW
    replaced, kept = decided.records
    assert replaced == ReplaceRecord(before, decided.entry)
    assert kept == CreateRecord(
        Revision(
            77,
            ORGANIZATION.id,
            ENTRY,
            BOSS,
            Act.UPDATED,
            NOW,
            {"time": 60, "billable_time": 60, "note": "old"},
            {"time": 120, "billable_time": 120, "note": None},
        )
    )


def test_another_date_or_service_moves_it_among_what_is_counted() -> None:
    assert entry_tallies(change(entry(), date="2026-03-31")) == (
        tally(SERVICE.id, "2026-03", n02=-1, n31=1),
    )
    assert entry_tallies(change(entry(), time=3)) == ()
    decided = change(entry(), Related(OTHER_SERVICE), service=OTHER_SERVICE.id, time=3)
    assert (decided.entry.service_id, decided.entry.billable_time) == (OTHER_SERVICE.id, 0)
    assert entry_tallies(decided) == (
        tally(SERVICE.id, "2026-03", n02=-1),
        tally(OTHER_SERVICE.id, "2026-03", n02=1),
    )


def test_an_entry_without_sessions_may_become_somebody_elses() -> None:
    decided = change(entry(), Related(person=OTHER), person=OTHER.id)
    assert decided.entry.person_id == OTHER.id
    demanded = RequireRecord(
        Person, ORGANIZATION.id, OTHER.id, {"id": OTHER.id, "deactivated_at": None}
    )
    assert decided.records[-1] == demanded
    assert entry_tallies(decided) == (
        tally(SERVICE.id, "2026-03", n02=-1),
        tally(SERVICE.id, "2026-03", OTHER.id, n02=1),
    )


@pytest.mark.parametrize(
    "before",
    [worked(), worked(running_timer_id=TIMER), worked(timer_count=0, tracked_seconds=0)],
    ids=["had sessions", "runs", "had one that went"],
)
def test_an_entry_with_sessions_stays_its_persons(before: TimeEntry) -> None:
    with pytest.raises(Conflict):
        change(before, Related(person=OTHER), person=OTHER.id)


# Deleting


def sessions(count: int, every: int = HOUR) -> list[Timer]:
    """So many stopped sessions of ten minutes, from the first one on."""
    return [
        timer(id=100 + number, started_at=start, stopped_at=start + 10 * MINUTE, version=2)
        for number in range(count)
        for start in [NOW - 400 * DAY + number * every]
    ]


def with_sessions(timers: list[Timer], **members: Any) -> TimeEntry:
    total = sum(it.seconds for it in timers)
    last = timers[-1].id if timers else None
    known = {"tracked_seconds": total, "timer_count": len(timers), "latest_timer_id": last}
    return entry(**{**known, **members})


def of_kind(decided: Changed, kind: type[Any]) -> list[RecordChange]:
    return [it for it in decided.records if isinstance(it, kind)]


def test_while_something_runs_nothing_is_deleted() -> None:
    with pytest.raises(Conflict, match="timer 11 runs"):
        decide_deletion(worked(running_timer_id=TIMER), [], BY)


def test_an_entry_without_timers_goes_at_once() -> None:
    before = entry(version=5, note="n")
    decided = decide_deletion(before, [], BY)
    gone, kept = decided.records
    assert gone == DeleteRecord(TimeEntry, ORGANIZATION.id, ENTRY, {"version": 5})
    assert isinstance(kept, CreateRecord)
    assert (kept.record.act, kept.record.person_id) == (Act.DELETED, BOSS)
    assert kept.record.before["note"] == "n"
    assert set(kept.record.after.values()) == {None}
    assert entry_tallies(decided) == (tally(SERVICE.id, "2026-03", n02=-1),)


def test_few_timers_go_with_their_entry_and_with_what_they_count_for() -> None:
    timers = sessions(3, every=DAY)
    decided = decide_deletion(with_sessions(timers), timers, BY)
    deleted = of_kind(decided, DeleteRecord)
    assert deleted[:3] == [
        DeleteRecord(Timer, ORGANIZATION.id, it.id, {"version": 2}) for it in timers
    ]
    assert deleted[3] == DeleteRecord(TimeEntry, ORGANIZATION.id, ENTRY, {"version": 1})
    assert decided.changes is not None
    assert len(decided.changes.tallies) == 3
    for day in decided.changes.tallies:
        assert sorted(day.counters.values()) == [-1, -1]


def test_many_timers_go_in_steps_and_the_entry_hides_at_the_first() -> None:
    timers = sessions(100)
    before = with_sessions(timers)
    decided = decide_deletion(before, timers, BY)
    (replaced,) = of_kind(decided, ReplaceRecord)
    after = decided.entry
    assert replaced == ReplaceRecord(before, after)
    assert after.deleted_at == NOW
    assert (after.timer_count, after.version) == (100 - MOST_TIMERS_A_STEP, 2)
    assert after.tracked_seconds == 600 * after.timer_count
    assert len(entry_tallies(decided)) == 1
    left, steps = timers[MOST_TIMERS_A_STEP:], 1
    while after.timer_count:
        before, decided = after, decide_clearing(after, left, NOW + 5)
        after, steps = decided.entry, steps + 1
        # Counted once, at the first step; and kept once who did it.
        assert entry_tallies(decided) == ()
        assert of_kind(decided, CreateRecord) == []
        left = left[before.timer_count - after.timer_count :]
    assert steps == 3
    assert decided.records[-1] == DeleteRecord(
        TimeEntry, ORGANIZATION.id, ENTRY, {"version": before.version}
    )


@pytest.mark.parametrize("every", [DAY, 2 * DAY])
@pytest.mark.parametrize("length", [10 * MINUTE, 30 * HOUR])
def test_a_step_never_takes_more_than_a_transaction_does(every: int, length: int) -> None:
    timers = [
        replace(it, stopped_at=it.started_at + min(length, every)) for it in sessions(60, every)
    ]
    decided = decide_deletion(with_sessions(timers), timers, BY)
    assert decided.changes is not None
    written = len(decided.records) + len(decided.changes.tallies) + len(entry_tallies(decided))
    assert 30 <= written <= MOST_ITEMS_A_STEP + 3 <= 100


def test_timers_that_nobody_found_yet_keep_the_entry_hidden_and_counted() -> None:
    timers = sessions(3)
    decided = decide_deletion(with_sessions(timers), timers[:2], BY)
    assert (decided.entry.timer_count, decided.entry.deleted_at) == (1, NOW)
    assert decide_clearing(decided.entry, [], NOW) == Changed(decided.entry)
    last = decide_clearing(decided.entry, timers[2:], NOW)
    assert last.entry.timer_count == last.entry.tracked_seconds == 0
