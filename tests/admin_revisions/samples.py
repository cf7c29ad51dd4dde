"""Example records, and a sample request for the route of admin revisions."""

from chalicelib.admin_revisions.model import AdminAction, AdminRevision
from tests.support.samples import Sample

RECORDS = (
    AdminRevision(
        33,
        2149,
        "services",
        1294,
        None,
        0,
        None,
        AdminAction.CREATED,
        60,
        {"name": None},
        {"name": "A"},
    ),
    AdminRevision(
        34,
        2149,
        "people",
        8784,
        8784,
        8779,
        87_790,
        AdminAction.UPDATED,
        7,
        {"role": "member", "time_tracking_enabled": True, "events": ["timer.started"]},
        {"role": "admin", "time_tracking_enabled": False, "events": []},
    ),
)

SAMPLES = {"list_admin_revisions": Sample()}
