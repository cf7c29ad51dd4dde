"""Reports of the auto-stop function."""

from msgspec.structs import replace

from chalicelib.timers.auto_stop import AutoStopReport


def report(**numbers: int | bool) -> AutoStopReport:
    """Return the report of a complete run. Numbers that are not given are 0."""
    empty = AutoStopReport(0, 0, 0, 0, 0, 0, complete=True, lag_seconds=0)
    return replace(empty, **numbers)
