"""Page mode: a page of timers by its number, and an exact total. Contract section 6.

What an index serves costs the same however long the list is (``far_pages.py``). What takes
conditions beside its index, and what runs or ran on one time entry, is read as a whole.
"""

from pynamodb.connection import Connection

from chalicelib.core.errors import QueryTooBroad
from chalicelib.counters.key_ranges import INSTANTS, window
from chalicelib.counters.model import Counted, Listed, TallyScope
from chalicelib.counters.offset_pages import Tallied, read_page
from chalicelib.domain.queries import Page, TimerQuery
from chalicelib.domain.timers import Timer
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.index_query import walk_of
from chalicelib.dynamodb.query_planner import (
    BY_PERSON,
    BY_STOPPED,
    BY_TIME_ENTRY,
    MOST_INDEX_PAGES,
    Plan,
    asks_what_runs,
    detour,
    narrowing_filter,
    plan,
)
from chalicelib.timers.repository import in_order, what_runs


def timers(connection: Connection, query: TimerQuery) -> Page[Timer]:
    """One page of a list of timers, and how many there are in all.

    Raises :class:`QueryTooBroad` where no index serves the query and five index pages do not
    hold what would have to be checked.
    """
    if (person_id := asks_what_runs(query)) is not None:
        runs = what_runs(connection, query, person_id)
        return Page(runs if query.page == 1 else (), len(runs))
    steps = plan(query)
    if steps is None:
        return Page((), 0)
    if steps.exact and steps.index != BY_TIME_ENTRY:
        wanted = window(connection, query.organization_id, steps)
        return read_page(connection, query, steps, wanted, _tallied(query, steps))
    return _read_all(connection, query, detour(query) or steps, narrowing_filter(steps))


def _read_all(connection: Connection, query: TimerQuery, steps: Plan, narrower: str) -> Page[Timer]:
    walk = walk_of(connection, steps, query.descending)
    most_pages = None if steps.exact else MOST_INDEX_PAGES
    found, is_all = walk.matching(query.organization_id, query.matches, most_pages)
    if not is_all:
        raise QueryTooBroad(f"filter[{narrower}]")
    if not steps.ordered:
        found = in_order(query, found)
    first = (query.page - 1) * query.page_size
    return Page(found[first : first + query.page_size], len(found))


def _tallied(query: TimerQuery, steps: Plan) -> Tallied:
    counted = Counted.STOPS if steps.index == BY_STOPPED else Counted.STARTS
    # A plan that tallies count is of one person, or of everybody.
    if steps.index == BY_PERSON:
        return Tallied(str(steps.partition), counted, INSTANTS, keys.tally_bucket)
    scope = keys.tally_scope(TallyScope(Listed.TIMERS, query.organization_id))
    return Tallied(scope, counted, INSTANTS)
