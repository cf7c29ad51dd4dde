"""Tests of the decisions behind manual edits of time entries: create, update, delete."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import Conflict, InvalidAttribute
from chalicelib.core.write_set import (
    ConcurrentModification,
    CreateRecord,
    DeleteRecord,
    RecordWrite,
    ReplaceRecord,
    RequireRecord,
    SetTimeline,
    TimeEntryUpdate,
    WriteSet,
)
from chalicelib.counters.model import EntryCounterDelta, EntryMonth
from chalicelib.people.model import Person, Role
from chalicelib.revisions.model import ManualEdit, Revision, RevisionAction, RevisionSubject
from chalicelib.services.model import Service
from chalicelib.time_entries.model import MAX_MINUTES, References, TimeEntry, TrackMethod
from chalicelib.time_entries.rules import (
    MAX_ITEMS_PER_STEP,
    MAX_TIMERS_PER_STEP,
    UpdateResult,
    decide_deletion,
    decide_entry,
    decide_entry_update,
    decide_purge,
    uncover_running,
)
from chalicelib.timers.entry_updates import merge_entry_updates
from chalicelib.timers.model import Timer
from chalicelib.timers.rules import decide_start
from tests.support.builders import (
    DRAWN,
    ENTRY,
    NOW,
    ORGANIZATION,
    PERSON,
    SERVICE,
    TIMER,
    entry,
    entry_counters_of,
    idle,
    running,
    timer,
)
from tests.support.clock import DAY, HOUR, MINUTE

ADMIN = 8779
TOKEN = 55
EDIT = ManualEdit(ADMIN, TOKEN, NOW, 77)
OWNER = Person(PERSON, ORGANIZATION.id, "A", "B", "a@x.example", Role.MEMBER, 0)
OTHER_PERSON = replace(OWNER, id=8796)
ARCHIVED = replace(SERVICE, id=1297, archived_at=NOW)
OTHER_SERVICE = Service(1296, ORGANIZATION.id, "Development", billable=False)
REQUIRE_ACTIVE_OWNER = RequireRecord(
    Person, ORGANIZATION.id, PERSON, {"id": PERSON, "deactivated_at": None}
)


def tracked_entry(**fields: Any) -> TimeEntry:
    """Return an entry whose timers tracked one hour and 29 seconds."""
    defaults = {"tracked_seconds": HOUR + 29, "timer_count": 1, "latest_timer_id": TIMER}
    return entry(**{**defaults, **fields})


def update_entry(
    before: TimeEntry, related: References | None = None, **values: object
) -> UpdateResult:
    return decide_entry_update(before, values, related or References(), EDIT)


def counter(
    service_id: int, month: str, person_id: int = PERSON, **deltas: int
) -> EntryCounterDelta:
    return EntryCounterDelta(EntryMonth(ORGANIZATION.id, person_id, service_id, month), deltas)


def entry_counters(result: UpdateResult) -> Sequence[EntryCounterDelta]:
    assert result.write_set is None or result.write_set.person_state is None
    return entry_counters_of(result.write_set, *result.records)


def test_manual_entry_is_counted_and_requires_an_active_person() -> None:
    values = {"date": "2026-03-01", "time": 90, "note": "by train"}
    result = decide_entry(ENTRY, References(SERVICE, OWNER), values, EDIT)
    new_entry = result.entry
    assert new_entry.track_method is TrackMethod.MANUAL
    assert (new_entry.time, new_entry.tracked_seconds, new_entry.billable_time) == (90, 0, 90)
    assert (new_entry.person_id, new_entry.creator_id, new_entry.date) == (
        PERSON,
        ADMIN,
        "2026-03-01",
    )
    assert result.records == (CreateRecord(new_entry), REQUIRE_ACTIVE_OWNER)
    assert entry_counters(result) == (counter(SERVICE.id, "2026-03", n01=1, c01=1, b01=5400),)


def test_manual_entry_without_a_time_has_zero_minutes() -> None:
    new_entry = decide_entry(ENTRY, References(SERVICE, OWNER), {"date": "2026-03-01"}, EDIT).entry
    assert (new_entry.time, new_entry.billable_time, new_entry.note) == (0, 0, None)


@pytest.mark.parametrize(
    ("related", "name"),
    [
        (References(None, OWNER), "service"),
        (References(ARCHIVED, OWNER), "service"),
        (References(replace(SERVICE, time_tracking_enabled=False), OWNER), "service"),
        (References(SERVICE, None), "person"),
        (References(SERVICE, replace(OWNER, deactivated_at=1)), "person"),
    ],
)
def test_unavailable_service_or_person_is_rejected(related: References, name: str) -> None:
    with pytest.raises(InvalidAttribute) as error:
        decide_entry(ENTRY, related, {"date": "2026-03-01"}, EDIT)
    assert error.value.source == {"pointer": f"data/attributes/{name}"}
    values = {name: 4_711}
    with pytest.raises(InvalidAttribute) as error:
        decide_entry_update(entry(), values, related, EDIT)
    assert error.value.source == {"pointer": f"data/attributes/{name}"}


def test_manual_correction_is_stored_separately_from_tracked_time() -> None:
    after = update_entry(tracked_entry(), time=120).entry
    assert (after.tracked_seconds, after.adjusted_seconds) == (HOUR + 29, HOUR - 29)
    assert (after.time, after.track_method) == (120, TrackMethod.BOTH)
    later = replace(after, tracked_seconds=after.tracked_seconds + 90)
    # 120 minutes and 90 seconds.
    assert later.time == 122


@pytest.mark.parametrize(
    ("before", "covered_to", "uncovered_ids"),
    [
        pytest.param(entry(), 0, (), id="no session"),
        pytest.param(tracked_entry(), TIMER, (), id="a stopped session"),
        pytest.param(
            tracked_entry(running_timer_id=TIMER), TIMER, (TIMER,), id="the latest is running"
        ),
        pytest.param(
            tracked_entry(running_timer_id=3, timer_count=2), TIMER, (3,), id="another is running"
        ),
        pytest.param(
            tracked_entry(adjusted_seconds=60, covered_to=5, uncovered_ids=(3, 4)),
            TIMER,
            (),
            id="set again",
        ),
    ],
)
def test_manual_time_covers_the_sessions_that_have_stopped(
    before: TimeEntry, covered_to: int, uncovered_ids: tuple[int, ...]
) -> None:
    after = update_entry(before, time=120).entry
    assert (after.covered_to, after.uncovered_ids) == (covered_to, uncovered_ids)
    assert after.time == 120


def test_time_that_stays_equal_covers_no_other_session() -> None:
    before = tracked_entry(adjusted_seconds=60, covered_to=5)
    after = update_entry(before, time=before.time, note="n").entry
    assert (after.covered_to, after.adjusted_seconds) == (5, 60)


@pytest.mark.parametrize("adjusted", [-HOUR, 0, HOUR])
def test_time_without_a_value_is_that_of_the_sessions(adjusted: int) -> None:
    before = tracked_entry(adjusted_seconds=adjusted, covered_to=5, uncovered_ids=(3,))
    after = update_entry(before, time=None).entry
    assert (after.adjusted_seconds, after.covered_to, after.uncovered_ids) == (0, None, ())
    assert after.time == 60
    # An entry without a manual time already has it.
    assert update_entry(tracked_entry(), time=None) == UpdateResult(tracked_entry())


@pytest.mark.parametrize(("minutes", "covered_to"), [(0, 0), (90, 0), (None, None)])
def test_time_of_a_new_entry_is_a_total(minutes: int | None, covered_to: int | None) -> None:
    values = {"date": "2026-03-01"} if minutes is None else {"date": "2026-03-01", "time": minutes}
    new_entry = decide_entry(ENTRY, References(SERVICE, OWNER), values, EDIT).entry
    assert (new_entry.covered_to, new_entry.made_by_timer_id) == (covered_to, None)


def test_entry_that_somebody_changed_does_not_belong_to_its_timer() -> None:
    before = tracked_entry(made_by_timer_id=TIMER)
    assert update_entry(before, note="n").entry.made_by_timer_id is None
    assert update_entry(before, note=None).entry.made_by_timer_id == TIMER


COVERED = timer(covered=True, version=4)
COVERED_STATE = running(covered=True)


def test_running_timer_adds_to_a_time_that_is_set_again() -> None:
    before = tracked_entry(
        adjusted_seconds=HOUR, covered_to=TIMER, running_timer_id=TIMER, timer_count=2
    )
    update = update_entry(before, time=30)
    assert not update.entry.covers(TIMER)
    result = uncover_running(update, COVERED, COVERED_STATE)
    assert result.entry == update.entry
    assert result.records == (
        *update.records,
        ReplaceRecord(COVERED, replace(COVERED, covered=False, version=5)),
    )
    person_state = SetTimeline(
        COVERED_STATE.version, running().running, TIMER, COVERED_STATE.last_stopped_at
    )
    assert result.write_set == WriteSet(ORGANIZATION.id, PERSON, EDIT.now, person_state)


def test_timer_that_stopped_meanwhile_is_decided_again() -> None:
    update = update_entry(tracked_entry(running_timer_id=TIMER), time=30)
    with pytest.raises(ConcurrentModification):
        uncover_running(update, COVERED, idle(version=4))


@pytest.mark.parametrize("name", ["time", "billable_time"])
def test_only_a_new_value_must_be_within_the_limit(name: str) -> None:
    before = entry(tracked_seconds=(MAX_MINUTES + 60) * MINUTE)

    def update(minutes: int) -> TimeEntry:
        values = {name: minutes, "note": "n"}
        return decide_entry_update(before, values, References(), EDIT).entry

    assert update(MAX_MINUTES + 60).note == "n"
    for minutes in (MAX_MINUTES + 1, MAX_MINUTES + 61):
        with pytest.raises(InvalidAttribute) as error:
            update(minutes)
        assert error.value.source == {"pointer": f"data/attributes/{name}"}
    assert getattr(update(MAX_MINUTES), name) == MAX_MINUTES


@pytest.mark.parametrize("date", ["1999-12-31", "2200-01-01"])
def test_only_a_new_date_must_be_within_the_limits(date: str) -> None:
    assert update_entry(entry(date=date), date=date, note="n").entry.note == "n"
    with pytest.raises(InvalidAttribute) as error:
        update_entry(entry(), date=date)
    assert error.value.source == {"pointer": "data/attributes/date"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TrackMethod.MANUAL, TrackMethod.MANUAL),
        (TrackMethod.TIMER, TrackMethod.BOTH),
        (TrackMethod.BOTH, TrackMethod.BOTH),
    ],
)
def test_manual_correction_of_tracked_time_sets_the_method_to_both(
    before: TrackMethod, after: TrackMethod
) -> None:
    assert update_entry(entry(track_method=before), time=5).entry.track_method is after
    assert update_entry(entry(track_method=before), note="x").entry.track_method is before


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (TrackMethod.MANUAL, TrackMethod.BOTH),
        (TrackMethod.TIMER, None),
        (TrackMethod.BOTH, None),
    ],
)
def test_start_on_a_manual_entry_sets_the_method_to_both(
    before: TrackMethod, expected: TrackMethod | None
) -> None:
    started = decide_start(idle(), entry(track_method=before), ORGANIZATION, DRAWN)
    (start,) = started.write_set.entries
    assert start.track_method is expected
    # The same applies when the start stops the running timer of the same entry.
    end = TimeEntryUpdate(ENTRY, seconds=5, ends=NOW)
    for updates in ([end, start], [start, end]):
        (merged,) = merge_entry_updates(updates)
        assert merged.track_method is expected


def test_update_with_the_same_values_changes_nothing() -> None:
    before = tracked_entry(note="n", billable_minutes=7)
    result = update_entry(
        before,
        time=before.time,
        billable_time=7,
        note="n",
        date=before.date,
        service=SERVICE.id,
        person=PERSON,
    )
    assert result == UpdateResult(before)


def test_billable_time_follows_time_until_it_is_set_manually() -> None:
    # Some clients send all values back that they received.
    unchanged = update_entry(tracked_entry(), time=120, billable_time=60).entry
    assert (unchanged.billable_minutes, unchanged.billable_time) == (None, 120)
    manual = update_entry(tracked_entry(), billable_time=30).entry
    assert (manual.time, manual.billable_time) == (60, 30)
    assert update_entry(manual, billable_time=None).entry.billable_time == 60


def test_correction_does_not_stop_a_running_timer() -> None:
    after = update_entry(tracked_entry(running_timer_id=TIMER, timer_count=2), time=10).entry
    assert after.running_timer_id == TIMER
    assert after.time == 10


def test_update_creates_a_revision_with_its_author() -> None:
    before = tracked_entry(note="old")
    result = update_entry(before, time=120, note=None)
    assert result.entry.version == before.version + 1
    assert result.entry.updated_at == NOW
    replacement, revision = result.records
    assert replacement == ReplaceRecord(before, result.entry)
    assert revision == CreateRecord(
        Revision(
            77,
            ORGANIZATION.id,
            RevisionSubject.TIME_ENTRY,
            ENTRY,
            ENTRY,
            before.person_id,
            ADMIN,
            TOKEN,
            RevisionAction.UPDATED,
            NOW,
            {"time": 60, "billable_time": 60, "note": "old"},
            {"time": 120, "billable_time": 120, "note": None},
        )
    )


def test_new_date_or_service_moves_the_entry_to_other_counters() -> None:
    assert entry_counters(update_entry(entry(), date="2026-03-31")) == (
        counter(SERVICE.id, "2026-03", n02=-1, c02=-1, n31=1, c31=1),
    )
    assert entry_counters(update_entry(entry(), note="by train")) == ()
    seconds = counter(SERVICE.id, "2026-03", b02=180)
    assert entry_counters(update_entry(entry(), time=3)) == (seconds,)
    result = update_entry(entry(), References(OTHER_SERVICE), service=OTHER_SERVICE.id, time=3)
    assert (result.entry.service_id, result.entry.billable_time) == (OTHER_SERVICE.id, 0)
    assert entry_counters(result) == (
        counter(SERVICE.id, "2026-03", n02=-1, c02=-1),
        counter(OTHER_SERVICE.id, "2026-03", n02=1, m02=1, u02=180),
    )


def test_entry_without_sessions_can_be_moved_to_another_person() -> None:
    result = update_entry(entry(), References(person=OTHER_PERSON), person=OTHER_PERSON.id)
    assert result.entry.person_id == OTHER_PERSON.id
    requirement = RequireRecord(
        Person, ORGANIZATION.id, OTHER_PERSON.id, {"id": OTHER_PERSON.id, "deactivated_at": None}
    )
    assert result.records[-1] == requirement
    assert entry_counters(result) == (
        counter(SERVICE.id, "2026-03", n02=-1, c02=-1),
        counter(SERVICE.id, "2026-03", OTHER_PERSON.id, n02=1, c02=1),
    )


@pytest.mark.parametrize(
    "before",
    [
        tracked_entry(),
        tracked_entry(running_timer_id=TIMER),
        tracked_entry(timer_count=0, tracked_seconds=0),
    ],
    ids=["stopped session", "running timer", "deleted session"],
)
def test_entry_with_sessions_cannot_be_moved_to_another_person(before: TimeEntry) -> None:
    with pytest.raises(Conflict):
        update_entry(before, References(person=OTHER_PERSON), person=OTHER_PERSON.id)


# Deletion


def sessions(count: int, interval: int = HOUR) -> list[Timer]:
    """Return stopped ten-minute sessions that start every ``interval`` seconds, oldest first."""
    return [
        timer(id=100 + number, started_at=start, stopped_at=start + 10 * MINUTE, version=2)
        for number in range(count)
        for start in [NOW - 400 * DAY + number * interval]
    ]


def entry_with_sessions(timers: list[Timer], **fields: Any) -> TimeEntry:
    tracked_seconds = sum(timer.seconds for timer in timers)
    latest_timer_id = timers[-1].id if timers else None
    defaults = {
        "tracked_seconds": tracked_seconds,
        "timer_count": len(timers),
        "latest_timer_id": latest_timer_id,
    }
    return entry(**{**defaults, **fields})


def records_of_kind(result: UpdateResult, kind: type[Any]) -> list[RecordWrite]:
    return [record for record in result.records if isinstance(record, kind)]


def test_entry_with_a_running_timer_cannot_be_deleted() -> None:
    with pytest.raises(Conflict, match="Timer 11 is running"):
        decide_deletion(tracked_entry(running_timer_id=TIMER), [], EDIT)


def test_entry_without_timers_is_deleted_immediately() -> None:
    before = entry(version=5, note="n")
    result = decide_deletion(before, [], EDIT)
    deletion, revision = result.records
    assert deletion == DeleteRecord(TimeEntry, ORGANIZATION.id, ENTRY, {"version": 5}, before)
    assert isinstance(revision, CreateRecord)
    assert (revision.record.action, revision.record.creator_id) == (RevisionAction.DELETED, ADMIN)
    assert revision.record.before["note"] == "n"
    assert set(revision.record.after.values()) == {None}
    assert entry_counters(result) == (counter(SERVICE.id, "2026-03", n02=-1, c02=-1),)


def test_few_timers_are_deleted_with_their_entry_and_their_counts() -> None:
    timers = sessions(3, interval=DAY)
    before = entry_with_sessions(timers)
    result = decide_deletion(before, timers, EDIT)
    deletions = records_of_kind(result, DeleteRecord)
    assert deletions[:3] == [
        DeleteRecord(Timer, ORGANIZATION.id, timer.id, {"version": 2}) for timer in timers
    ]
    assert deletions[3] == DeleteRecord(TimeEntry, ORGANIZATION.id, ENTRY, {"version": 1}, before)
    assert result.write_set is not None
    assert len(result.write_set.days) == 3
    for deleted, day in zip(timers, result.write_set.days, strict=True):
        assert sorted(day.counters.values()) == [-1, -1]
        assert (day.marks, day.version) == ({deleted.id: None}, None)


def test_many_timers_are_deleted_in_steps_and_the_entry_is_hidden_first() -> None:
    timers = sessions(100)
    before = entry_with_sessions(timers)
    result = decide_deletion(before, timers, EDIT)
    (replacement,) = records_of_kind(result, ReplaceRecord)
    after = result.entry
    assert replacement == ReplaceRecord(before, after)
    assert after.deleted_at == NOW
    assert (after.timer_count, after.version) == (100 - MAX_TIMERS_PER_STEP, 2)
    assert after.tracked_seconds == 600 * after.timer_count
    assert len(entry_counters(result)) == 1
    remaining, steps = timers[MAX_TIMERS_PER_STEP:], 1
    while after.timer_count:
        before, result = after, decide_purge(after, remaining, NOW + 5)
        after, steps = result.entry, steps + 1
        # Only the first step changes the counters and creates a revision of the entry.
        assert entry_counters(result) == ()
        assert {
            record.record.subject for record in result.records if isinstance(record, CreateRecord)
        } == {RevisionSubject.TIMER}
        remaining = remaining[before.timer_count - after.timer_count :]
    assert steps == 3
    assert result.records[-1] == DeleteRecord(
        TimeEntry, ORGANIZATION.id, ENTRY, {"version": before.version}, before
    )


@pytest.mark.parametrize("interval", [DAY, 2 * DAY])
@pytest.mark.parametrize("length", [10 * MINUTE, 30 * HOUR])
def test_deletion_step_fits_into_one_transaction(interval: int, length: int) -> None:
    timers = [
        replace(timer, stopped_at=timer.started_at + min(length, interval))
        for timer in sessions(60, interval)
    ]
    result = decide_deletion(entry_with_sessions(timers), timers, EDIT)
    assert result.write_set is not None
    item_count = len(result.records) + len(result.write_set.days) + len(entry_counters(result))
    assert 30 <= item_count <= MAX_ITEMS_PER_STEP + 4 <= 100


def test_entry_stays_hidden_until_all_its_timers_are_deleted() -> None:
    timers = sessions(3)
    result = decide_deletion(entry_with_sessions(timers), timers[:2], EDIT)
    assert (result.entry.timer_count, result.entry.deleted_at) == (1, NOW)
    assert decide_purge(result.entry, [], NOW) == UpdateResult(result.entry)
    last_step = decide_purge(result.entry, timers[2:], NOW)
    assert last_step.entry.timer_count == last_step.entry.tracked_seconds == 0
