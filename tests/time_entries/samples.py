"""Sample requests for the routes of time entries and their revisions."""

from tests.support.fixtures import DESIGN, OTHER_MEMBERS_ENTRY, OTHER_MEMBERS_SECOND_ENTRY
from tests.support.samples import Sample

SAMPLES = {
    "list_time_entries": Sample(),
    "show_time_entry": Sample(OTHER_MEMBERS_ENTRY),
    "create_time_entry": Sample(attributes={"service_id": DESIGN, "time": 30}),
    "update_time_entry": Sample(OTHER_MEMBERS_ENTRY, {"time": 45}),
    "delete_time_entry": Sample(OTHER_MEMBERS_SECOND_ENTRY),
    "list_time_entry_revisions": Sample(query=f"?filter[time_entry_id]={OTHER_MEMBERS_ENTRY}"),
}
