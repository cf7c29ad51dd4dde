"""PATCH and DELETE /timers/{id}, and sessions that are over: contract sections 3 and 4a."""

from collections.abc import Iterator
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.timers.auto_stop import AutoStop
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBERS_ENTRY,
)
from tests.support.invariants import violations
from tests.support.table_snapshots import items, snapshot


@pytest.fixture(autouse=True)
def invariants_hold(connection: Connection) -> Iterator[None]:
    yield
    assert violations(connection) == []


def delete(api: Api, timer_id: str) -> Any:
    return api.send("DELETE", f"/timers/{timer_id}")


def add(api: Api, clock: FakeClock, start: float, stop: float, entry: int = ADMINS_ENTRY) -> Any:
    """Create a session that is over, from and to some seconds from now."""
    return api.start(time_entry_id=entry, started_at=clock.at(start), stopped_at=clock.at(stop))


def minutes(api: Api, entry_id: object = ADMINS_ENTRY) -> int:
    time: int = api.get(f"/time_entries/{entry_id}").attributes["time"]
    return time


def set_time(api: Api, time: int | None, entry_id: int = ADMINS_ENTRY) -> None:
    assert api.edit_entry(entry_id, time=time).attributes["time"] is not None


def track(api: Api, clock: FakeClock, seconds: float, entry: int = ADMINS_ENTRY) -> str:
    """Start a timer, wait and stop it. Returns its id."""
    timer_id = str(api.start(time_entry_id=entry).data["id"])
    clock.advance(seconds)
    api.stop(timer_id)
    return timer_id


def sessions(api: Api, sort: str = "started_at") -> list[str]:
    ids: list[str] = api.get(f"/timers?sort={sort}").ids
    return ids


# A manually set time is a total


def test_correction_of_a_covered_session_loses_no_hours(
    admin: Api, clock: FakeClock, dependencies: Dependencies
) -> None:
    start = clock.timestamp
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(13 * HOUR)
    AutoStop(dependencies).run()
    assert minutes(admin) == 720
    set_time(admin, 60)
    assert minutes(admin) == 60
    stopped = admin.stop(timer_id, stopped_at=clock.at(start + HOUR - clock.timestamp))
    assert (stopped.attributes["total_time"], minutes(admin)) == (60, 60)
    shown = []
    for hours in (2, 4, 5, 1):
        track(admin, clock, hours * HOUR)
        shown.append(minutes(admin))
    assert shown == [180, 420, 720, 780]


def test_correction_of_a_covered_superseded_session_loses_no_hours(
    admin: Api, clock: FakeClock
) -> None:
    start = clock.timestamp
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(180 * MINUTE)
    admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    set_time(admin, 60)
    admin.stop(timer_id, stopped_at=clock.at(start + HOUR - clock.timestamp))
    assert minutes(admin) == 60
    track(admin, clock, 2 * HOUR)
    assert minutes(admin) == 180


@pytest.mark.parametrize("new_minutes", [0, 10, 90])
def test_edit_of_a_covered_session_keeps_the_time(
    admin: Api, clock: FakeClock, new_minutes: int
) -> None:
    timer_id = track(admin, clock, HOUR)
    set_time(admin, 45)
    clock.advance(HOUR)
    admin.edit(timer_id, stopped_at=clock.at((new_minutes - 120) * MINUTE))
    assert minutes(admin) == 45
    set_time(admin, None)
    assert minutes(admin) == new_minutes


def test_edit_of_a_session_after_the_set_time_changes_the_time(
    admin: Api, clock: FakeClock
) -> None:
    track(admin, clock, HOUR)
    set_time(admin, 45)
    later = track(admin, clock, 30 * MINUTE)
    assert minutes(admin) == 75
    admin.edit(later, stopped_at=clock.at(-20 * MINUTE))
    assert minutes(admin) == 55
    delete(admin, later)
    assert minutes(admin) == 45


def test_session_that_runs_while_the_time_is_set_adds_to_it(admin: Api, clock: FakeClock) -> None:
    running = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    set_time(admin, 45)
    clock.advance(30 * MINUTE)
    admin.stop(running)
    assert minutes(admin) == 75
    admin.edit(running, stopped_at=clock.at(-10 * MINUTE))
    assert minutes(admin) == 65


def test_deletion_of_a_covered_session_keeps_the_time(admin: Api, clock: FakeClock) -> None:
    timer_id = track(admin, clock, HOUR)
    set_time(admin, 45)
    assert delete(admin, timer_id).status == 204
    assert minutes(admin) == 45
    set_time(admin, None)
    assert minutes(admin) == 0


@pytest.mark.parametrize("switches", [False, True])
def test_covered_session_that_runs_on_adds_nothing(
    admin: Api, clock: FakeClock, switches: bool
) -> None:
    timer_id = track(admin, clock, HOUR)
    set_time(admin, 45)
    assert admin.edit(timer_id, stopped_at=None).attributes["stopped_at"] is None
    assert minutes(admin) == 45
    clock.advance(HOUR)
    if switches:
        admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    else:
        admin.stop(timer_id)
    assert minutes(admin) == 45
    set_time(admin, None)
    assert minutes(admin) == 120


def test_new_time_does_not_cover_a_session_that_runs_on(admin: Api, clock: FakeClock) -> None:
    timer_id = track(admin, clock, HOUR)
    set_time(admin, 45)
    admin.edit(timer_id, stopped_at=None)
    set_time(admin, 20)
    assert minutes(admin) == 20
    clock.advance(HOUR)
    admin.stop(timer_id)
    assert minutes(admin) == 140


def test_removed_time_counts_a_session_that_runs_on(admin: Api, clock: FakeClock) -> None:
    timer_id = track(admin, clock, HOUR)
    set_time(admin, 45)
    admin.edit(timer_id, stopped_at=None)
    set_time(admin, None)
    assert minutes(admin) == 0
    clock.advance(HOUR)
    admin.stop(timer_id)
    assert minutes(admin) == 120


# Not an overlap


def test_start_before_a_session_that_ended_is_taken_with_its_stop(
    admin: Api, clock: FakeClock
) -> None:
    add(admin, clock, -3 * HOUR, -2 * HOUR)
    early = add(admin, clock, -6 * HOUR, -5 * HOUR)
    assert (early.status, early.attributes["total_time"]) == (201, 60)


def test_deleted_session_is_not_in_the_way(admin: Api, clock: FakeClock) -> None:
    start, timer_id = clock.timestamp, track(admin, clock, 40 * MINUTE)
    delete(admin, timer_id)
    again = admin.start(
        time_entry_id=ADMINS_SECOND_ENTRY,
        started_at=clock.at(start - clock.timestamp),
        stopped_at=clock.at(0),
    )
    assert (again.status, again.attributes["total_time"]) == (201, 40)


def test_session_of_a_deleted_entry_is_not_in_the_way(admin: Api, clock: FakeClock) -> None:
    admin.start(time_entry_id=ADMINS_ENTRY)
    clock.advance(HOUR)
    mistake = admin.start(service_id=DESIGN).data["id"]
    clock.advance(5 * MINUTE)
    admin.stop(mistake)
    entry = admin.get(f"/timers/{mistake}?include=time_entry").document["included"][0]["id"]
    assert admin.send("DELETE", f"/time_entries/{entry}").status == 204
    start = admin.start(time_entry_id=ADMINS_SECOND_ENTRY, started_at=clock.at(-5 * MINUTE))
    assert start.status == 201


@pytest.mark.parametrize(
    ("start", "stop"),
    [(-150, -130), (-150, -90), (-100, -70), (-90, -30), (-200, -10), (-120, -60), (-90, -90)],
)
def test_session_that_overlaps_is_refused(
    admin: Api, clock: FakeClock, connection: Connection, start: int, stop: int
) -> None:
    blocking = [
        add(admin, clock, -140 * MINUTE, -130 * MINUTE).data["id"],
        add(admin, clock, -120 * MINUTE, -60 * MINUTE).data["id"],
    ]
    before = snapshot(connection)
    refused = add(admin, clock, start * MINUTE, stop * MINUTE, ADMINS_SECOND_ENTRY)
    assert (refused.status, refused.error["code"]) == (422, "overlaps_session")
    assert refused.error["meta"]["conflicting_timer_id"] in blocking
    assert "earliest_started_at" not in refused.error["meta"]
    assert snapshot(connection) == before


@pytest.mark.parametrize(
    ("start", "stop"), [(-130, -120), (-60, -30), (-60, -60), (-120, -120), (-200, -140)]
)
def test_sessions_may_touch(admin: Api, clock: FakeClock, start: int, stop: int) -> None:
    add(admin, clock, -140 * MINUTE, -130 * MINUTE)
    add(admin, clock, -120 * MINUTE, -60 * MINUTE)
    assert add(admin, clock, start * MINUTE, stop * MINUTE, ADMINS_SECOND_ENTRY).status == 201
    assert sessions(admin) == sessions(admin, "stopped_at")


def test_session_over_midnight_is_found_from_both_days(admin: Api, clock: FakeClock) -> None:
    add(admin, clock, -40 * HOUR, -6 * HOUR)
    for start, stop in ((-39, -38), (-30, -29), (-12, -11), (-50, -1)):
        assert add(admin, clock, start * HOUR, stop * HOUR).status == 422
    assert add(admin, clock, -41 * HOUR, -40 * HOUR).status == 201


def test_running_timer_does_not_stop_for_a_session_before_it(admin: Api, clock: FakeClock) -> None:
    running = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    assert add(admin, clock, -2 * HOUR, -HOUR, ADMINS_SECOND_ENTRY).meta == {}
    refused = add(admin, clock, -30 * MINUTE, -20 * MINUTE, ADMINS_SECOND_ENTRY)
    assert refused.error["meta"] == {"conflicting_timer_id": running}
    assert admin.get(f"/timers/{running}").attributes["stopped_at"] is None


def test_switch_before_the_stop_of_a_deleted_session_is_taken(admin: Api, clock: FakeClock) -> None:
    delete(admin, track(admin, clock, HOUR))
    first = admin.start(time_entry_id=ADMINS_ENTRY, started_at=clock.at(-HOUR)).data["id"]
    second = admin.start(time_entry_id=ADMINS_SECOND_ENTRY, started_at=clock.at(-20 * MINUTE))
    assert (second.status, second.meta) == (201, {"stopped_timer_ids": [first]})
    assert admin.get(f"/timers/{first}").attributes["total_time"] == 40


def test_earliest_start_is_the_end_of_the_last_session(admin: Api, clock: FakeClock) -> None:
    add(admin, clock, -2 * HOUR, -2 * HOUR)
    long = add(admin, clock, -2 * HOUR, -HOUR)
    refused = admin.start(time_entry_id=ADMINS_ENTRY, started_at=clock.at(-3 * HOUR))
    assert refused.error["meta"] == {
        "conflicting_timer_id": long.data["id"],
        "earliest_started_at": long.attributes["stopped_at"],
    }


# Sessions that are over


def test_session_that_is_over_never_runs(admin: Api, clock: FakeClock) -> None:
    clock.advance(DAY)
    response = admin.start(
        service_id=DESIGN,
        note="On the train",
        started_at=clock.at(-HOUR),
        stopped_at=clock.at(20 - HOUR),
    )
    assert response.status == 201
    assert response.attributes["total_time"] == 0
    assert "meta" not in response.data
    entry = admin.get(f"/timers/{response.data['id']}?include=time_entry").document["included"][0]
    assert (entry["attributes"]["note"], entry["attributes"]["timer_started_at"]) == (
        "On the train",
        None,
    )
    assert entry["attributes"]["timer_stopped_at"] == response.attributes["stopped_at"]
    assert admin.get("/timers?filter[stopped_at]=null").data == []


def test_old_session_is_taken(admin: Api, clock: FakeClock) -> None:
    response = add(admin, clock, -400 * DAY, HOUR - 400 * DAY)
    assert (response.status, response.attributes["total_time"]) == (201, 60)


@pytest.mark.parametrize(
    ("start", "stop", "name"),
    [
        (None, -60, "started_at"),
        (-60, -61, "stopped_at"),
        (DAY + 1, DAY + 2, "started_at"),
        (-32 * DAY, 0, "stopped_at"),
    ],
)
def test_impossible_times_are_refused(
    admin: Api,
    clock: FakeClock,
    connection: Connection,
    start: int | None,
    stop: int,
    name: str,
) -> None:
    before = snapshot(connection)
    started_at = {} if start is None else {"started_at": clock.at(start)}
    response = admin.start(time_entry_id=ADMINS_ENTRY, stopped_at=clock.at(stop), **started_at)
    assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    assert response.error["source"] == {"pointer": f"data/attributes/{name}"}
    assert snapshot(connection) == before


def test_times_ahead_of_the_clock_count_as_now(admin: Api, clock: FakeClock) -> None:
    response = add(admin, clock, -HOUR, 3 * MINUTE)
    assert (response.attributes["total_time"], response.meta) == (60, {"adjusted": ["stopped_at"]})


# Edits


def test_edit_moves_a_session(admin: Api, clock: FakeClock) -> None:
    timer_id = track(admin, clock, HOUR)
    edited = admin.edit(timer_id, started_at=clock.at(-3 * HOUR), stopped_at=clock.at(-90 * MINUTE))
    assert (edited.status, edited.attributes["total_time"], edited.meta) == (200, 90, {})
    assert admin.get(f"/timers/{timer_id}").data == edited.data
    assert minutes(admin) == 90


def test_edit_may_not_overlap(admin: Api, clock: FakeClock, connection: Connection) -> None:
    first = track(admin, clock, HOUR)
    clock.advance(HOUR)
    second = track(admin, clock, HOUR)
    before = snapshot(connection)
    for timer_id, name, seconds, other in (
        (second, "started_at", -121 * MINUTE, first),
        (first, "stopped_at", -59 * MINUTE, second),
    ):
        refused = admin.edit(timer_id, **{name: clock.at(seconds)})
        assert (refused.status, refused.error["code"]) == (422, "overlaps_session")
        assert refused.error["source"] == {"pointer": f"data/attributes/{name}"}
        assert refused.error["meta"] == {"conflicting_timer_id": other}
    assert snapshot(connection) == before
    assert admin.edit(second, started_at=clock.at(-120 * MINUTE)).status == 200


def test_edit_moves_a_session_to_another_entry(admin: Api, clock: FakeClock) -> None:
    timer_id = track(admin, clock, HOUR)
    assert admin.edit(timer_id, time_entry_id=ADMINS_SECOND_ENTRY).status == 200
    assert (minutes(admin), minutes(admin, ADMINS_SECOND_ENTRY)) == (0, 60)
    for entry in (MEMBERS_ENTRY, 999):
        refused = admin.edit(timer_id, time_entry_id=entry)
        assert (refused.status, refused.error["source"]) == (
            422,
            {"pointer": "data/attributes/time_entry"},
        )


def test_edit_moves_the_running_timer(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(10 * MINUTE)
    admin.edit(timer_id, time_entry_id=ADMINS_SECOND_ENTRY, started_at=clock.at(-HOUR))
    assert admin.patch(f"/time_entries/{ADMINS_ENTRY}/stop").status == 404
    stopped = admin.patch(f"/time_entries/{ADMINS_SECOND_ENTRY}/stop")
    assert stopped.attributes["total_time"] == 60
    assert (minutes(admin), minutes(admin, ADMINS_SECOND_ENTRY)) == (0, 60)


def test_edit_of_the_running_timer_may_not_reach_into_another_session(
    admin: Api, clock: FakeClock
) -> None:
    first = track(admin, clock, HOUR)
    clock.advance(HOUR)
    running = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    refused = admin.edit(running, started_at=clock.at(-90 * MINUTE))
    assert refused.error["meta"] == {"conflicting_timer_id": first}
    assert admin.edit(running, started_at=clock.at(-HOUR)).status == 200
    clock.advance(HOUR)
    assert admin.stop(running).attributes["total_time"] == 120


def test_edit_stops_the_running_timer(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    edited = admin.edit(timer_id, stopped_at=clock.at(5 * MINUTE))
    assert (edited.attributes["total_time"], edited.meta) == (60, {"adjusted": ["stopped_at"]})
    assert admin.start(time_entry_id=ADMINS_ENTRY).meta == {}


def test_manual_stop_has_no_reason(
    admin: Api, clock: FakeClock, dependencies: Dependencies
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(14 * HOUR)
    AutoStop(dependencies).run()
    assert admin.get(f"/timers/{timer_id}").data["meta"] == {"stop_reason": "auto"}
    edited = admin.edit(timer_id, stopped_at=clock.at(0))
    assert "meta" not in edited.data
    assert (edited.attributes["total_time"], minutes(admin)) == (840, 840)


def test_undone_stop_lets_the_session_run_on(admin: Api, clock: FakeClock) -> None:
    timer_id = track(admin, clock, HOUR)
    clock.advance(HOUR)
    assert admin.edit(timer_id, stopped_at=None).attributes["stopped_at"] is None
    assert minutes(admin) == 0
    clock.advance(HOUR)
    assert admin.stop(timer_id).attributes["total_time"] == 180


def test_only_the_last_session_can_run_on(
    admin: Api, clock: FakeClock, connection: Connection
) -> None:
    first = track(admin, clock, HOUR)
    second = track(admin, clock, HOUR)
    third = admin.start(time_entry_id=ADMINS_SECOND_ENTRY).data["id"]
    before = snapshot(connection)
    for timer_id in (first, second):
        refused = admin.edit(timer_id, stopped_at=None)
        assert (refused.status, refused.error["code"]) == (422, "overlaps_session")
    assert snapshot(connection) == before
    delete(admin, third)
    assert admin.edit(first, stopped_at=None).status == 422
    assert admin.edit(second, stopped_at=None).status == 200


def test_values_that_were_shown_change_nothing(
    admin: Api, clock: FakeClock, connection: Connection, dependencies: Dependencies
) -> None:
    stopped = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(13 * HOUR)
    AutoStop(dependencies).run()
    running = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    before = snapshot(connection)
    for timer_id in (stopped, running):
        shown = admin.get(f"/timers/{timer_id}?include=time_entry").data
        assert admin.patch(f"/timers/{timer_id}", {"data": shown}).status == 200
    assert snapshot(connection) == before


def test_edited_sessions_are_listed_in_their_order(admin: Api, clock: FakeClock) -> None:
    first, second, third = (track(admin, clock, HOUR) for _ in range(3))
    admin.edit(first, started_at=clock.at(0), stopped_at=clock.at(0))
    admin.edit(third, started_at=clock.at(-5 * HOUR), stopped_at=clock.at(-4 * HOUR))
    for sort in ("started_at", "stopped_at"):
        assert sessions(admin, sort) == [third, second, first]
        assert sessions(admin, f"-{sort}") == [first, second, third]


@pytest.mark.parametrize("scope", ["", "&filter[person_id]=8779"])
def test_correction_does_not_list_a_session_twice(admin: Api, clock: FakeClock, scope: str) -> None:
    tracked = [track(admin, clock, HOUR) for _ in range(3)]
    path = f"/timers?sort=started_at&page[size]=1{scope}"
    response = admin.get(f"{path}&page[after]=")
    listed = response.ids
    admin.edit(tracked[0], stopped_at=clock.at(-150 * MINUTE))
    while "next" in response.document["links"]:
        response = admin.get(response.document["links"]["next"].partition("/api/v2")[2])
        listed += response.ids
    assert listed == tracked


def test_edits_follow_the_permissions(admin: Api, member: Api, clock: FakeClock) -> None:
    timer_id = track(member, clock, HOUR, MEMBERS_ENTRY)
    other = track(admin, clock, HOUR)
    assert member.edit(other, stopped_at=clock.at(-MINUTE)).status == 404
    assert delete(member, other).status == 404
    assert admin.edit(timer_id, stopped_at=clock.at(-90 * MINUTE)).status == 200
    assert admin.edit(timer_id, time_entry_id=OTHER_MEMBERS_ENTRY).status == 422


@pytest.mark.parametrize(
    "attributes", [{"started_at": None}, {"started_at": "soon"}, {"stopped_at": 7}]
)
def test_invalid_edit_is_refused(
    admin: Api, clock: FakeClock, connection: Connection, attributes: dict[str, object]
) -> None:
    timer_id = track(admin, clock, HOUR)
    before = snapshot(connection)
    assert admin.edit(timer_id, **attributes).status == 422
    assert admin.edit(timer_id, stopped_at=clock.at(-2 * HOUR)).status == 422
    assert snapshot(connection) == before


def test_stop_that_runs_on_has_the_limit_of_its_new_start(
    admin: Api, clock: FakeClock, dependencies: Dependencies
) -> None:
    timer_id = track(admin, clock, HOUR)
    clock.advance(2 * DAY)
    admin.edit(timer_id, started_at=clock.at(-2 * HOUR), stopped_at=clock.at(-HOUR))
    admin.edit(timer_id, stopped_at=None)
    clock.advance(9 * HOUR)
    assert AutoStop(dependencies).run().found == 0
    clock.advance(2 * HOUR)
    assert AutoStop(dependencies).run().stopped == 1
    assert admin.get(f"/timers/{timer_id}").attributes["total_time"] == 720


def test_stop_of_a_deactivated_person_cannot_be_undone(
    admin: Api, member: Api, clock: FakeClock
) -> None:
    timer_id = track(member, clock, HOUR, MEMBERS_ENTRY)
    assert admin.patch(f"/people/{MEMBER}/deactivate").status == 200
    refused = admin.edit(timer_id, stopped_at=None)
    assert (refused.status, refused.error["code"]) == (422, "invalid_attribute")
    assert refused.error["source"] == {"pointer": "data/attributes/stopped_at"}
    assert admin.edit(timer_id, stopped_at=clock.at(-MINUTE)).status == 200


def test_deactivation_stops_an_edited_timer(admin: Api, member: Api, clock: FakeClock) -> None:
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    admin.edit(timer_id, started_at=clock.at(-HOUR))
    assert admin.patch(f"/people/{MEMBER}/deactivate").status == 200
    stopped = admin.get(f"/timers/{timer_id}").data
    assert (stopped["attributes"]["total_time"], stopped["meta"]) == (
        60,
        {"stop_reason": "deactivated"},
    )


def test_stop_before_the_start_is_refused_also_in_the_future(admin: Api, clock: FakeClock) -> None:
    timer_id = track(admin, clock, HOUR)
    for refused in (
        add(admin, clock, 2 * MINUTE, MINUTE),
        admin.edit(timer_id, started_at=clock.at(2 * MINUTE), stopped_at=clock.at(MINUTE)),
    ):
        assert (refused.status, refused.error["code"]) == (422, "invalid_attribute")
        assert refused.error["source"] == {"pointer": "data/attributes/stopped_at"}


# Deletions


def test_deletion_removes_the_session_and_its_seconds(admin: Api, clock: FakeClock) -> None:
    timer_id = track(admin, clock, HOUR)
    track(admin, clock, HOUR)
    assert delete(admin, timer_id).status == 204
    assert admin.get(f"/timers/{timer_id}").status == 404
    assert delete(admin, timer_id).status == 404
    assert minutes(admin) == 60


def test_deletion_of_the_running_timer(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    assert delete(admin, timer_id).status == 204
    assert minutes(admin) == 0
    assert admin.patch(f"/time_entries/{ADMINS_ENTRY}/stop").status == 404
    assert admin.start(time_entry_id=ADMINS_ENTRY).meta == {}


@pytest.mark.parametrize("runs", [False, True])
def test_entry_that_the_start_made_goes_with_its_timer(
    admin: Api, clock: FakeClock, connection: Connection, runs: bool
) -> None:
    count = len(items(connection, "time_entries"))
    timer_id = admin.start(service_id=DESIGN).data["id"]
    clock.advance(HOUR)
    if not runs:
        admin.stop(timer_id)
    delete(admin, timer_id)
    assert len(items(connection, "time_entries")) == count
    assert admin.get("/time_entries").meta["total_count"] == count - 1


@pytest.mark.parametrize("kept_by", ["another timer", "a note"])
def test_entry_that_somebody_used_stays(admin: Api, clock: FakeClock, kept_by: str) -> None:
    timer_id = admin.start(service_id=DESIGN).data["id"]
    entry_id = int(
        admin.get(f"/timers/{timer_id}?include=time_entry").document["included"][0]["id"]
    )
    clock.advance(HOUR)
    admin.stop(timer_id)
    if kept_by == "another timer":
        track(admin, clock, HOUR, entry_id)
    else:
        admin.edit_entry(entry_id, note="Sketches")
    delete(admin, timer_id)
    assert admin.get(f"/time_entries/{entry_id}").status == 200


# Revisions


def revisions(api: Api, query: str = "") -> list[dict[str, Any]]:
    return [record["attributes"] for record in api.get(f"/timer_revisions{query}").data]


def test_changes_and_deletions_are_kept_as_revisions(admin: Api, clock: FakeClock) -> None:
    timer_id = track(admin, clock, HOUR)
    admin.edit(timer_id, started_at=clock.at(-30 * MINUTE), time_entry_id=ADMINS_SECOND_ENTRY)
    delete(admin, timer_id)
    deleted, edited = revisions(admin, f"?filter[timer_id]={timer_id}")
    assert (edited["act"], deleted["act"]) == ("updated", "deleted")
    assert edited["before"] == {
        "started_at": "2026-03-02T09:00:00.000+01:00",
        "time_entry_id": ADMINS_ENTRY,
    }
    assert edited["after"] == {
        "started_at": "2026-03-02T09:30:00.000+01:00",
        "time_entry_id": ADMINS_SECOND_ENTRY,
    }
    assert deleted["before"]["stopped_at"] == "2026-03-02T10:00:00.000+01:00"
    assert deleted["after"] == dict.fromkeys(deleted["before"])
    assert deleted["token_id"] == edited["token_id"] is not None


def test_corrected_stop_keeps_the_former_stop_and_who_moved_it(
    admin: Api, member: Api, clock: FakeClock, dependencies: Dependencies
) -> None:
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    clock.advance(13 * HOUR)
    AutoStop(dependencies).run()
    admin.stop(timer_id, stopped_at=clock.at(-12 * HOUR))
    (revision,) = revisions(member)
    assert revision["before"] == {
        "stopped_at": "2026-03-02T21:00:00.000+01:00",
        "stop_reason": "auto",
    }
    assert revision["after"] == {"stopped_at": "2026-03-02T10:00:00.000+01:00", "stop_reason": None}
    assert (revision["person_id"], revision["creator_id"]) == (MEMBER, ADMIN)


def test_deletion_of_an_entry_keeps_its_sessions_as_revisions(admin: Api, clock: FakeClock) -> None:
    timer_ids = {track(admin, clock, HOUR) for _ in range(3)}
    assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
    listed = revisions(admin, f"?filter[person_id]={ADMIN}")
    assert {str(revision["timer_id"]) for revision in listed} == timer_ids
    assert {revision["act"] for revision in listed} == {"deleted"}
    assert {revision["creator_id"] for revision in listed} == {ADMIN}


def test_stops_and_refused_edits_leave_no_revision(admin: Api, clock: FakeClock) -> None:
    track(admin, clock, HOUR)
    other = track(admin, clock, HOUR)
    admin.edit(other, started_at=clock.at(-90 * MINUTE))
    assert revisions(admin, f"?filter[person_id]={ADMIN}") == []


def test_edit_stops_a_timer_however_long_it_ran(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(40 * DAY)
    edited = admin.edit(timer_id, stopped_at=clock.at(0))
    assert edited.attributes["total_time"] == 57_600
