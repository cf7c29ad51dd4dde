"""The part of an index that an exact plan means, between two bounds whose ranks can be told."""

from collections.abc import Callable
from datetime import date

from pynamodb.connection import Connection

from chalicelib.core.timestamps import SECONDS_PER_DAY, Span
from chalicelib.counters.model import day_number
from chalicelib.dataclass import dataclass
from chalicelib.domain.timers import Timer
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.concurrency import together
from chalicelib.dynamodb.index_query import Walk
from chalicelib.dynamodb.query_planner import FIRST, LAST, Plan


@dataclass(frozen=True, slots=True)
class Bound:
    """A place in an index: its sort key, and how many sessions (0 or -1) it lies beside the first
    one at ``instant``, or later."""

    key: str
    instant: int
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """The rows from ``begin`` to ``end``."""

    begin: Bound
    end: Bound

    @property
    def is_empty(self) -> bool:
        """Whether nothing can lie in between."""
        return self.begin.key > self.end.key


@dataclass(frozen=True, slots=True)
class Axis:
    """How an index spells time: the sort key before everything at an instant, and back again."""

    key_at: Callable[[int], str]
    instant_at: Callable[[str], int]


INSTANTS = Axis(keys.begin, int)
"""Of timers: seconds."""

DATES = Axis(
    lambda instant: keys.tally_bucket(instant // SECONDS_PER_DAY),
    lambda key: day_number(date.fromisoformat(key)) * SECONDS_PER_DAY,
)
"""Of time entries: a date stands for that UTC day."""


def window_of(steps: Plan, axis: Axis) -> Window:
    """The window of an exact plan, as it stands there."""
    return Window(_bound(steps.begin, axis), _bound(steps.end, axis))


def window(connection: Connection, organization_id: int, steps: Plan) -> Window:
    """The window of an exact plan for timers. No call, or one wait where it asks for a span of
    stops."""
    whole = window_of(steps, INSTANTS)
    begin, end = whole.begin, whole.end
    if steps.stops is None:
        return whole
    first, last = _between_stops(connection, organization_id, steps, steps.stops)
    return Window(
        begin if begin.key > first.key else first,
        end if end.key < last.key else last,
    )


def _between_stops(
    connection: Connection, organization_id: int, steps: Plan, stops: Span
) -> tuple[Bound, Bound]:
    """What stopped in a span, along an index that is sorted by start.

    Sessions do not overlap: what started in the span stopped in it too, but for the last one,
    perhaps; and of those before at most the last one reaches into the span.
    """

    def last_before(instant: int) -> Timer | None:
        walk = Walk(
            connection, steps.index, steps.partition, FIRST, keys.begin(instant), backwards=True
        )
        return next((timer for _, timer in walk.first(organization_id, 1)), None)

    before, last = together(lambda: last_before(stops.start), lambda: last_before(stops.end))
    begin = _bound(keys.begin(stops.start), INSTANTS)
    if before is not None and (before.stopped_at is None or before.stopped_at >= stops.start):
        begin = Bound(keys.at(before.started_at, before.id), begin.instant, -1)
    end = _bound(keys.begin(stops.end), INSTANTS)
    if last is not None and (last.stopped_at is None or last.stopped_at >= stops.end):
        # A walk includes its end: the last place before that session.
        end = Bound(keys.at(last.started_at, last.id - 1), end.instant, -1)
    return begin, end


def _bound(key: str, axis: Axis) -> Bound:
    if key == LAST:
        return Bound(key, keys.ENDLESS + 1)
    return Bound(key, 0 if key == FIRST else axis.instant_at(key))
