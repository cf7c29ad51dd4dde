"""Rolls tallies up: to the longer and wider buckets by which lists are counted.

Whoever is told that a tally changed comes here. What is read decides, never what was told: so it
does not matter how often, how late or in which order that was. Contract section 6.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import Unavailable
from chalicelib.counters.model import MOST_SHARES, TallyName, decide_roll_up
from chalicelib.dynamodb.transactions import LostRace

log = logging.getLogger("stint")

_ITEMS_A_TRANSACTION = 100
TALLIES_A_TRANSACTION = _ITEMS_A_TRANSACTION // (1 + MOST_SHARES)
"""Of an organization. Each has a ledger, and buckets that it may share with the others."""

_ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.05


def roll_up(tools: Toolbox, names: Collection[TallyName]) -> set[TallyName]:
    """Roll up some tallies; those for which the database was too busy, to be tried again later."""
    failed: set[TallyName] = set()
    for together in _together(names):
        try:
            _settle(tools, together)
        except (LostRace, Unavailable):
            log.warning("cannot roll up counters", exc_info=True, extra={"tallies": len(together)})
            failed.update(together)
    return failed


def _together(names: Iterable[TallyName]) -> Iterator[Sequence[TallyName]]:
    """Tallies that go into one transaction: of one organization, each once."""
    by_organization: dict[int, list[TallyName]] = defaultdict(list)
    for name in sorted(set(names), key=repr):
        by_organization[name.organization_id].append(name)
    for own in by_organization.values():
        for begin in range(0, len(own), TALLIES_A_TRANSACTION):
            yield own[begin : begin + TALLIES_A_TRANSACTION]


def _settle(tools: Toolbox, names: Sequence[TallyName]) -> None:
    """Read, decide, write; after a lost race again. Raises the last attempt's error.

    An unknown outcome needs no second sending: reading the ledgers again tells what was written.
    """
    for attempt in range(_ATTEMPTS):
        decided = decide_roll_up(tools.store.tally_states(names))
        if decided is None:
            return
        try:
            tools.store.roll_up(decided, tools.request_token())
        except (LostRace, Unavailable):
            if attempt == _ATTEMPTS - 1:
                raise
            tools.pause(_FIRST_PAUSE_SECONDS * 2**attempt * tools.jitter())
        else:
            return
