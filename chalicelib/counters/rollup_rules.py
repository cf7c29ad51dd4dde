"""Decides what a roll-up adds to the buckets, within the limits of a transaction. Pure."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from chalicelib.counters.model import Bucket, CounterKey, Counters, add, difference


class CounterState(Struct, frozen=True):
    """The counters of a key, and their rolled-up record with its ``version``; 0: there is none."""

    name: CounterKey
    counters: Counters
    rolled_up: Counters
    version: int

    @property
    def difference(self) -> dict[str, int]:
        """What the roll-up must still add."""
        return difference(self.counters, self.rolled_up)


class RollUp(Struct, frozen=True):
    """What one transaction writes: all of it, or nothing.

    :param counters: their rolled-up records become equal to them, if no other roll-up changed the
        records after they were read.
    :param added: what is added to each bucket.
    :param is_complete: whether nothing remains for another transaction.
    """

    counters: tuple[CounterState, ...]
    added: Mapping[Bucket, Counters]
    is_complete: bool = True


MAX_ITEMS = 100
"""The items that one transaction can write."""

MAX_CHANGES = 200
"""The counters of one item that a roll-up changes. An update expression has at most 4 KB."""


def decide_roll_up(states: Iterable[CounterState], max_items: int = MAX_ITEMS) -> RollUp | None:
    """Decide what one transaction adds to the buckets of some counters. None: nothing.

    What does not fit into the transaction remains for the next one.
    """
    counters: list[CounterState] = []
    added: dict[Bucket, dict[str, int]] = {}
    is_complete = True
    for state in states:
        if not state.difference:
            continue
        if len(counters) + len(added) >= max_items:
            is_complete = False
            break
        part = _fitting(state, added, max_items - len(counters) - 1)
        is_complete = is_complete and part.counters == state.counters
        if part.difference:
            counters.append(part)
    return RollUp(tuple(counters), added, is_complete) if counters else None


def _fitting(
    state: CounterState, added: dict[Bucket, dict[str, int]], max_buckets: int
) -> CounterState:
    """Add as many counters of a state to buckets as fit. Return the state with only these."""
    fitting: dict[str, int] = {}
    difference = state.difference
    for name, by in difference.items():
        deltas = [*state.name.bucket_deltas({name: by})]
        new = sum(bucket not in added for bucket, _ in deltas)
        if len(fitting) == MAX_CHANGES or len(added) + new > max_buckets:
            break
        for bucket, counters in deltas:
            add(added.setdefault(bucket, {}), counters)
        fitting[name] = by
    if len(fitting) == len(difference):
        return state
    counters = {**state.rolled_up}
    add(counters, fitting)
    return CounterState(state.name, counters, state.rolled_up, state.version)
