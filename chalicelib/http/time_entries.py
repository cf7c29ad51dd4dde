"""Time entries over HTTP, and what was changed of them by hand. Contract section 10."""

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.permissions import ADMINS, OWN
from chalicelib.core.record_operations import show_record
from chalicelib.http.routing import Route
from chalicelib.http.views import Views
from chalicelib.jsonapi.in_memory_list import SmallList
from chalicelib.time_entries.api import CHANGES, CREATION, TIME_ENTRIES, TIME_ENTRY_REVISIONS
from chalicelib.time_entries.operations import TimeEntries


def time_entry_routes(tools: Toolbox) -> tuple[Route, ...]:
    """What to serve where."""
    views = Views(tools, TIME_ENTRIES)
    verbs = TimeEntries(tools)
    revisions = SmallList(TIME_ENTRY_REVISIONS, verbs.revisions, by="time_entry_id")
    return (
        views.list(verbs, OWN),
        views.show(show_record(tools, TIME_ENTRIES), OWN),
        views.create(CREATION, verbs.create, OWN),
        views.update(CHANGES, verbs.change, OWN),
        views.delete(verbs.delete, OWN),
        Views(tools, TIME_ENTRY_REVISIONS).list(revisions, ADMINS),
    )
