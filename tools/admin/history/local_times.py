"""Local times of export files as timestamps, also in the nights in which clocks change.

Clocks that go back show an hour twice. The duration of the row then says which of the two it is;
without a duration, a start is in the first one, and a stop is the first one after the start. Clocks
that go forward skip an hour. A skipped time counts with the UTC offset before the change, as in
iCalendar (RFC 5545, section 3.3.5): 02:30 is then 03:30. Decision 0034.
"""

from datetime import datetime
from itertools import product

from msgspec import Struct

from chalicelib.core.time_zones import ZoneInfo

_PRECISION_SECONDS = 60


class LocalSpan(Struct, frozen=True):
    """A session in timestamps, and what is unusual about its local times."""

    start: int
    stop: int
    warnings: tuple[str, ...] = ()


def resolve_span(
    start: datetime, stop: datetime, zone: ZoneInfo, seconds: int | None = None
) -> LocalSpan:
    """Return the session between two local times without a zone.

    The stop may be before the start: the caller checks it.

    :param seconds: the duration of the row; None: the row does not have one.
    """
    pairs = list(product(_timestamps(start, zone), _timestamps(stop, zone)))
    matching = [
        (first, last)
        for first, last in pairs
        if seconds is not None and abs(last - first - seconds) < _PRECISION_SECONDS
    ]
    ordered = [(first, last) for first, last in pairs if last >= first]
    chosen = (matching or ordered or pairs)[0]
    warnings = [
        warning
        for local, timestamp in zip((start, stop), chosen, strict=True)
        for warning in _warnings(local, timestamp, zone)
    ]
    if seconds is not None and not matching and chosen[1] >= chosen[0]:
        warnings.append(
            f"the duration is {seconds} s, but from start to end there are "
            f"{chosen[1] - chosen[0]} s: start and end count"
        )
    return LocalSpan(*chosen, tuple(warnings))


def resolve_time(local: datetime, zone: ZoneInfo) -> int:
    """Return the timestamp of a local time: the first one, if there are two."""
    return _timestamps(local, zone)[0]


def _timestamps(local: datetime, zone: ZoneInfo) -> tuple[int, ...]:
    """The timestamps of a local time: two if clocks show it twice, else one."""
    first, second = (int(local.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    # Of a skipped time, the first has the offset before the change.
    return (first, second) if first < second else (first,)


def _warnings(local: datetime, timestamp: int, zone: ZoneInfo) -> list[str]:
    shown = datetime.fromtimestamp(timestamp, zone)
    if shown.replace(tzinfo=None, fold=0) != local:
        return [f"clocks skipped {local}: it counts as {shown.isoformat()}"]
    if len(_timestamps(local, zone)) > 1:
        return [f"clocks showed {local} twice: it counts as {shown.isoformat()}"]
    return []
