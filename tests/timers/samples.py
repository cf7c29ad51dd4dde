"""Example records, and sample requests for the routes of timers, and of stops by time entry."""

from chalicelib.timers.model import StopReason, Timer
from tests.support.fixtures import DESIGN, OTHER_MEMBERS_ENTRY
from tests.support.samples import TIMER, Sample

RECORDS = (
    Timer(16, 2149, 8784, 364, 60, 3660, 120),
    Timer(8, 2149, 8784, 364, 1000, 2000),
    Timer(
        7,
        2149,
        8784,
        364,
        started_at=1000,
        auto_stop_at=2000,
        stopped_at=1500,
        stop_reason=StopReason.AUTO,
        edited=True,
        covered=True,
        version=3,
    ),
)

SAMPLES = {
    "list_timers": Sample(),
    "start_timer": Sample(attributes={"service_id": DESIGN}),
    "show_timer": Sample(TIMER),
    "update_timer": Sample(TIMER, {"stopped_at": "2026-03-02T09:00:00+01:00"}),
    "delete_timer": Sample(TIMER),
    "stop_timer": Sample(TIMER),
    "stop_time_entry": Sample(OTHER_MEMBERS_ENTRY),
    "start_time_entry": Sample(OTHER_MEMBERS_ENTRY),
    "stop_running_timer": Sample(),
}
