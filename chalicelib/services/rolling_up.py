"""Rolls people's tallies up: to their months, and to the days and months of their organization.

Whoever is told that a day changed comes here. What is read decides, never what was told: so it
does not matter how often, how late or in which order that was. Contract section 6.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.tallies import PersonDay, decide_roll_up
from chalicelib.services.toolbox import Toolbox
from chalicelib.store.transactions import LostRace

log = logging.getLogger("stint")

DAYS_A_TRANSACTION = 24
"""Of an organization. Each may touch a ledger, a month of a person, a day and a month of all; a
transaction takes 100 items."""

_ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.05


def roll_up(tools: Toolbox, days: Collection[PersonDay]) -> set[PersonDay]:
    """Roll up some days; those for which the database was too busy, to be tried again later."""
    failed: set[PersonDay] = set()
    for together in _together(days):
        try:
            _settle(tools, together)
        except (LostRace, Unavailable):
            log.warning("roll-up left", exc_info=True, extra={"days": len(together)})
            failed.update(together)
    return failed


def _together(days: Iterable[PersonDay]) -> Iterator[Sequence[PersonDay]]:
    """Days that go into one transaction: of one organization, each once."""
    by_organization: dict[int, list[PersonDay]] = defaultdict(list)
    for name in sorted(set(days)):
        by_organization[name.organization_id].append(name)
    for names in by_organization.values():
        for begin in range(0, len(names), DAYS_A_TRANSACTION):
            yield names[begin : begin + DAYS_A_TRANSACTION]


def _settle(tools: Toolbox, days: Sequence[PersonDay]) -> None:
    """Read, decide, write; after a lost race again. Raises the last attempt's error.

    An unknown outcome needs no second sending: reading the ledgers again tells what was written.
    """
    for attempt in range(_ATTEMPTS):
        decided = decide_roll_up(tools.store.tallied_days(days))
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
