"""A definition of overlaps that does not depend on the code under test."""

from chalicelib.timers.model import Timer

Times = tuple[int, float]


def are_overlapping(one: Times, other: Times) -> bool:
    """Whether two sessions overlap.

    They may touch, and a session of 0 seconds overlaps one that it is strictly inside of.
    """
    (start, stop), (other_start, other_stop) = sorted([one, other])
    if start == stop or other_start == other_stop:
        return start < other_start < stop
    return other_start < stop


def times_of(timer: Timer) -> Times:
    """Return the start and the stop of a session. A running one lasts forever."""
    return timer.started_at, float("inf") if timer.stopped_at is None else timer.stopped_at
