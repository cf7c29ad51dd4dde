"""Auto-stop times, reminders and a person's time zone, through the API: contract section 9."""

import pytest

from chalicelib.core.dependencies import Dependencies
from chalicelib.timers.auto_stop import AutoStop
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.fixtures import (
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    ZAGREB,
)


def set_organization(admin: Api, clock: FakeClock, **attributes: object) -> None:
    """Change the organization, and wait until no function uses the old settings."""
    response = admin.patch(f"/organizations/{ZAGREB.id}", {"data": {"attributes": attributes}})
    assert response.status == 200
    clock.advance(MINUTE)


def set_member(api: Api, **attributes: object) -> None:
    assert api.patch(f"/people/{MEMBER}", {"data": {"attributes": attributes}}).status == 200


def test_timer_ends_at_the_time_of_day_of_the_organization(
    admin: Api, clock: FakeClock, dependencies: Dependencies
) -> None:
    set_organization(admin, clock, auto_stop_at_time="19:00")
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(DAY)
    AutoStop(dependencies).run()
    timer = admin.get(f"/timers/{timer_id}?include=time_entry")
    assert timer.attributes["stopped_at"] == "2026-03-02T19:00:00.000+01:00"
    assert timer.data["meta"] == {"stop_reason": "auto"}
    assert timer.document["included"][0]["attributes"]["time"] == 599


def test_switch_past_the_time_of_day_ends_the_old_timer_there(admin: Api, clock: FakeClock) -> None:
    set_organization(admin, clock, auto_stop_at_time="19:00")
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(11 * HOUR)
    assert admin.start(time_entry_id=ADMINS_SECOND_ENTRY).status == 201
    timer = admin.get(f"/timers/{timer_id}")
    assert timer.attributes["stopped_at"] == "2026-03-02T19:00:00.000+01:00"
    assert timer.data["meta"] == {"stop_reason": "auto"}


def test_manual_stop_past_the_time_of_day_wins(admin: Api, clock: FakeClock) -> None:
    set_organization(admin, clock, auto_stop_at_time="19:00")
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(11 * HOUR)
    assert admin.stop(timer_id).attributes["total_time"] == 660


@pytest.mark.parametrize("starts_for_member", [False, True])
def test_settings_of_the_person_apply_from_the_next_start(
    admin: Api,
    member: Api,
    clock: FakeClock,
    dependencies: Dependencies,
    starts_for_member: bool,
) -> None:
    set_organization(admin, clock, auto_stop_at_time="17:00")
    # The member's caller is in the cache: that does not matter, because a start reads the person.
    assert member.get("/users").status == 200
    set_member(admin, auto_stop_at_time="18:30")
    set_member(member, time_zone="Europe/Lisbon")
    if starts_for_member:
        started = admin.start(time_entry_id=MEMBERS_ENTRY, person_id=MEMBER)
    else:
        started = member.start(time_entry_id=MEMBERS_ENTRY)
    clock.advance(DAY)
    AutoStop(dependencies).run()
    timer = member.get(f"/timers/{started.data['id']}")
    # Times are shown in the organization's zone.
    assert timer.attributes["stopped_at"] == "2026-03-02T19:30:00.000+01:00"


def test_person_without_a_time_has_that_of_the_organization(
    admin: Api, member: Api, clock: FakeClock, dependencies: Dependencies
) -> None:
    set_organization(admin, clock, auto_stop_at_time="17:00")
    set_member(admin, auto_stop_at_time="18:30")
    set_member(admin, auto_stop_at_time=None)
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    clock.advance(DAY)
    AutoStop(dependencies).run()
    timer = member.get(f"/timers/{timer_id}")
    assert timer.attributes["stopped_at"] == "2026-03-02T17:00:00.000+01:00"


@pytest.mark.parametrize(("zone", "date"), [("Pacific/Niue", "2026-03-01"), (None, "2026-03-02")])
def test_new_entry_has_the_date_of_the_person(
    admin: Api, member: Api, zone: str | None, date: str
) -> None:
    set_member(admin, time_zone=zone)
    response = member.post(
        "/timers?include=time_entry", {"data": {"attributes": {"service_id": DESIGN}}}
    )
    assert response.document["included"][0]["attributes"]["date"] == date
    assert response.attributes["started_at"] == "2026-03-02T09:00:00.000+01:00"


def test_limit_in_force_at_the_start_holds(
    admin: Api, clock: FakeClock, dependencies: Dependencies
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    set_organization(admin, clock, auto_stop_after=14 * HOUR, auto_stop_at_time="23:59")
    clock.advance(DAY)
    AutoStop(dependencies).run()
    timer = admin.get(f"/timers/{timer_id}")
    assert timer.attributes["total_time"] == 12 * 60


def test_reminder_changes_nothing_that_the_api_shows(
    admin: Api, clock: FakeClock, dependencies: Dependencies
) -> None:
    set_organization(admin, clock, remind_after=60)
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    before = admin.get(f"/timers/{timer_id}")
    clock.advance(HOUR)
    assert AutoStop(dependencies).run().reminded == 1
    after = admin.get(f"/timers/{timer_id}")
    assert after.data == before.data
    assert after.headers["ETag"] == before.headers["ETag"]


def test_edited_start_of_a_running_timer_has_new_limits_and_no_second_reminder(
    admin: Api, member: Api, clock: FakeClock, dependencies: Dependencies
) -> None:
    set_organization(admin, clock, auto_stop_at_time="19:00", remind_after=60)
    set_member(admin, time_zone="Europe/Lisbon", auto_stop_at_time="08:10")
    timer_id = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    # The limit is 08:10 in Lisbon, also for a start on Sunday evening.
    clock.advance(MINUTE)
    assert member.edit(timer_id, started_at="2026-03-01T22:00:00+01:00").status == 200
    assert AutoStop(dependencies).run().reminded == 1
    assert member.edit(timer_id, started_at="2026-03-01T23:00:00+01:00").status == 200
    # The edit knew that the timer was reminded.
    assert AutoStop(dependencies).run().found == 0
    clock.advance(HOUR)
    assert AutoStop(dependencies).run().stopped == 1
    timer = member.get(f"/timers/{timer_id}")
    assert timer.attributes["stopped_at"] == "2026-03-02T09:10:00.000+01:00"
