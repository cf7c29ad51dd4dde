"""Whose timers and time entries changed in records of the streams, for live updates."""

from collections import defaultdict
from collections.abc import Iterable

from chalicelib.events.stream_records import StreamRecord, TimerChange, read_change

TIMERS = "timers"
TIME_ENTRIES = "time_entries"


def changed_people(records: Iterable[StreamRecord]) -> dict[tuple[int, int], set[str]]:
    """The types of the changed records, by organization id and person id.

    Includes changes that send no events. Invalid records are ignored.
    """
    changed: dict[tuple[int, int], set[str]] = defaultdict(set)
    for record in records:
        try:
            change = read_change(record)
        except Exception:  # noqa: BLE001, S112 - the event fan-out reports it
            continue
        kind = TIMERS if isinstance(change, TimerChange) else TIME_ENTRIES
        for image in (change.old, change.new):
            if image is not None:
                changed[image.organization_id, image.person_id].add(kind)
    return dict(changed)
