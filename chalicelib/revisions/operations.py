"""List revisions. Contract section 4a."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.lists import CursorPage
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility, limit_to_caller
from chalicelib.revisions import lists
from chalicelib.revisions.model import Revision, RevisionQuery

VIEW_REVISION: ViewPolicy[Revision] = ViewPolicy(
    Visibility.OWNER, lambda revision: revision.person_id
)


class Revisions:
    """Operations on revisions."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._database = dependencies.database

    def cursor_page(
        self,
        caller: Caller,
        query: RevisionQuery,
        conditions: object,
        position: Callable[[str], str | None],
    ) -> tuple[CursorPage[Any], str]:
        """A cursor page of the revisions that the caller may see, and the list's description.

        For a member: those of the member's own time, also if others made the change.
        ``conditions`` are what the description says about the query's predicate. ``position`` gets
        the description and returns where to begin; None: at the beginning. Its exceptions are not
        caught.
        """
        visible = replace(query, person_ids=limit_to_caller(caller, query.person_ids))
        scope = visible.organization_id, str(visible.subject), sorted(visible.person_ids or ())
        description = repr((scope, visible.descending, conditions))
        page = lists.cursor_page(self._database.connection, visible, position(description))
        return page, description
