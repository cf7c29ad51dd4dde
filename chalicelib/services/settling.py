"""Decide, commit, and after a lost race read and decide again."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.domain.changes import Changes
from chalicelib.domain.errors import Conflict
from chalicelib.services.toolbox import Toolbox
from chalicelib.store.transactions import LostRace

ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.02
_RETRY_AFTER_SECONDS = 1

Outcome = TypeVar("Outcome")


def settle(tools: Toolbox, decide: Callable[[], tuple[Outcome, Changes | None]]) -> Outcome:
    """Commit what ``decide`` reads and decides; where it loses a race, let it do so again.

    Each attempt writes under a token of its own, since it may write something else. Raises
    :class:`Conflict` when the race is still not settled after several attempts.
    """
    token = tools.request_token()
    for attempt in range(ATTEMPTS):
        outcome, changes = decide()
        if changes is None:
            return outcome
        try:
            tools.store.commit(changes, f"{token}-{attempt}")
        except LostRace:
            # Full jitter: those who collided once should not meet again.
            tools.pause(_FIRST_PAUSE_SECONDS * 2**attempt * tools.jitter())
        else:
            return outcome
    raise Conflict(retry_after=_RETRY_AFTER_SECONDS)
