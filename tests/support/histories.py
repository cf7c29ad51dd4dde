"""Histories of people whose sessions were edited, inserted and deleted, and the order of lists."""

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.timers.model import Timer


def changed_manually(draw: Any, timers: list[Timer]) -> list[Timer]:
    """Return a person's timers after edits, insertions and deletions.

    The ids of edited and inserted timers say nothing about their place.

    :param draw: draws from Hypothesis strategies.
    :param timers: the timers in their order, with ascending ids.
    """
    kinds = draw(
        st.lists(
            st.sampled_from(["started", "started", "edited", "deleted"]),
            min_size=len(timers),
            max_size=len(timers),
        )
    )
    places = [place for place, kind in enumerate(kinds) if kind == "edited"]
    ids = draw(st.permutations([timers[place].id for place in places]))
    edited_ids = dict(zip(places, ids, strict=True))
    return [
        replace(timer, id=edited_ids.get(place, timer.id), edited=kind == "edited")
        for place, (timer, kind) in enumerate(zip(timers, kinds, strict=True))
        if kind != "deleted"
    ]


def by_start(timer: Timer) -> tuple[int, int, int]:
    """The order of a list that is sorted by start.

    Of a person's sessions that start in one second, all but the last have 0 seconds. This order is
    also their order by stop, whatever the ids of edited timers are.
    """
    place = 1
    if timer.edited:
        place = 0 if timer.started_at == timer.stopped_at else 2
    return timer.started_at, place, timer.id


def by_stop(timer: Timer) -> tuple[float, int]:
    """The order of an organization's list that is sorted by stop. Running timers are last."""
    return float("inf") if timer.stopped_at is None else timer.stopped_at, timer.id
