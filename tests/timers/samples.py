"""Sample requests for the routes of timers, and of what runs on time entries."""

from tests.support.fixtures import DESIGN, OTHER_MEMBERS_ENTRY
from tests.support.samples import TIMER, Sample

SAMPLES = {
    "list_timers": Sample(),
    "start_timer": Sample(attributes={"service_id": DESIGN}),
    "show_timer": Sample(TIMER),
    "stop_timer": Sample(TIMER),
    "stop_time_entry": Sample(OTHER_MEMBERS_ENTRY),
}
