"""Example records, and a sample request for the route of admin revisions."""

from chalicelib.admin_revisions.model import AdminAction, AdminRevision
from tests.support.samples import Sample

RECORDS = (
    AdminRevision(
        35, 2149, "people", 8784, 8784, 8784, None, AdminAction.CREATED, 60, {"a": None}, {"a": "A"}
    ),
    AdminRevision(
        33,
        2149,
        "services",
        1294,
        None,
        0,
        None,
        AdminAction.UPDATED,
        7,
        {"billable": True, "events": ["timer.started"]},
        {"billable": False, "events": []},
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
        {"role": "member"},
        {"role": "admin"},
    ),
)

SAMPLES = {"list_admin_revisions": Sample()}
