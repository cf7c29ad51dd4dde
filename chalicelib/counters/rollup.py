"""The roll-up: adds counters to the wider buckets of the lists. Contract section 6.

A stream record says only that a counter changed. The roll-up reads the counter itself, so it does
not matter how often, how late or in which order the records arrive. Decision 0008.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from chalicelib.core.aws_errors import is_about_content
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Unavailable
from chalicelib.core.write_set import ConcurrentModification
from chalicelib.counters.model import CounterKey
from chalicelib.counters.repository import read_states, roll_up
from chalicelib.counters.rollup_rules import decide_roll_up

log = logging.getLogger("stint")


COUNTERS_PER_TRANSACTION = 25
"""Of one organization. If each changes one service, they fit into a transaction of 100 items.

Each takes its rolled-up record, the person's month, and the month of the person on the service; the
other buckets are shared. What does not fit takes another transaction."""

_ATTEMPTS = 6
_FIRST_DELAY_SECONDS = 0.05


class CounterRollup:
    """The roll-up of counters."""

    def __init__(self, dependencies: Dependencies) -> None:
        self.spoilt: set[CounterKey] = set()
        """Counters that could not be read or written, for another reason than a busy database."""
        self._dependencies = dependencies
        self._connection = dependencies.database.connection

    def run(self, names: Collection[CounterKey]) -> set[CounterKey]:
        """Roll up counters. Returns those that failed because the database was too busy.

        Those that no retry can help are added to ``spoilt``.
        """
        failed: set[CounterKey] = set()
        for batch in _batches(names):
            try:
                self._commit(batch)
            except (ConcurrentModification, Unavailable):
                log.warning(
                    "cannot roll up counters", exc_info=True, extra={"counters": len(batch)}
                )
                failed.update(batch)
            except Exception as error:
                if not is_about_content(error):
                    raise
                # One counter must not hold up the others.
                failed |= self._run_one_by_one(batch)
        return failed

    def _run_one_by_one(self, names: Sequence[CounterKey]) -> set[CounterKey]:
        if len(names) > 1:
            return set().union(*(self.run([name]) for name in names))
        log.exception("cannot roll up a counter", extra={"counter": repr(names[0])})
        self.spoilt.update(names)
        return set()

    def _commit(self, names: Sequence[CounterKey]) -> None:
        """Load, decide, commit, until nothing remains. Raises the last error of a lost race.

        If the outcome of a commit is unknown, the next load shows what was written.
        """
        dependencies = self._dependencies
        attempt = 0
        while True:
            writes = decide_roll_up(read_states(self._connection, names))
            if writes is None:
                return
            try:
                roll_up(self._connection, writes, dependencies.request_token())
            except (ConcurrentModification, Unavailable):
                if attempt == _ATTEMPTS - 1:
                    raise
                delay = _FIRST_DELAY_SECONDS * 2**attempt
                dependencies.sleep(delay * dependencies.jitter())
                attempt += 1
            else:
                if writes.is_complete:
                    return
                attempt = 0


def _batches(names: Iterable[CounterKey]) -> Iterator[Sequence[CounterKey]]:
    """The distinct counters, in batches for one transaction: of one organization each."""
    by_organization: dict[int, list[CounterKey]] = defaultdict(list)
    for name in sorted(set(names), key=repr):
        by_organization[name.organization_id].append(name)
    for counters in by_organization.values():
        for begin in range(0, len(counters), COUNTERS_PER_TRANSACTION):
            yield counters[begin : begin + COUNTERS_PER_TRANSACTION]
