"""Example records, and sample requests for the routes of time entries."""

from chalicelib.time_entries.model import TimeEntry, TrackMethod
from tests.support.fixtures import DESIGN, OTHER_MEMBERS_ENTRY, OTHER_MEMBERS_SECOND_ENTRY
from tests.support.samples import Sample

RECORDS = (
    TimeEntry(364, 2149, 8784, 1294, "1970-01-01", 60, 60, 8784),
    TimeEntry(
        365,
        2149,
        8779,
        1294,
        "2026-03-02",
        created_at=1,
        updated_at=2,
        creator_id=8784,
        billable=False,
        billable_minutes=5,
        note="ünïcode",
        track_method=TrackMethod.BOTH,
        tracked_seconds=90,
        adjusted_seconds=-30,
        timer_count=2,
        running_timer_id=7,
        latest_timer_id=7,
        timer_started_at=10,
        timer_stopped_at=20,
        version=4,
        deleted_at=30,
    ),
)

SAMPLES = {
    "list_time_entries": Sample(),
    "show_time_entry": Sample(OTHER_MEMBERS_ENTRY),
    "create_time_entry": Sample(attributes={"service_id": DESIGN, "time": 30}),
    "update_time_entry": Sample(OTHER_MEMBERS_ENTRY, {"time": 45}),
    "delete_time_entry": Sample(OTHER_MEMBERS_SECOND_ENTRY),
}
