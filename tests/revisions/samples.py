"""Example records, and sample requests for the routes of revisions."""

from chalicelib.revisions.model import Revision, RevisionAction, RevisionSubject
from tests.support.samples import Sample

RECORDS = (
    Revision(
        9,
        2149,
        RevisionSubject.TIME_ENTRY,
        364,
        364,
        8784,
        8784,
        None,
        RevisionAction.UPDATED,
        60,
        {"time": 0},
        {"time": 30},
    ),
    Revision(
        5,
        2149,
        RevisionSubject.TIMER,
        16,
        364,
        8784,
        8779,
        87_790,
        RevisionAction.DELETED,
        7,
        {"started_at": 4, "note": "ünïcode ☕"},
        {"started_at": None, "note": None},
    ),
)

SAMPLES = {
    "list_timer_revisions": Sample(),
    "list_time_entry_revisions": Sample(),
}
