"""Decide, commit, and after a lost race read and decide again."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Generic, TypeVar

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import Conflict, IdempotencyKeyReused, Unavailable
from chalicelib.core.idempotency import KEPT_SECONDS, KeptOutcome, RequestKey
from chalicelib.core.write_set import Changes
from chalicelib.dataclass import dataclass
from chalicelib.domain.records import RecordChange
from chalicelib.dynamodb.transactions import Commit, LostRace

ATTEMPTS = 8
SENDS = 2
"""How often one and the same transaction is sent where nobody knows whether it was applied."""

PATIENCE_SECONDS = 12
"""After so long nothing new is begun: what was begun last must end before API Gateway gives up."""

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.5
_RETRY_AFTER_SECONDS = 1


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """What an act answers, and what it changes: nothing, where that is None and empty.

    ``once`` is what only this answer tells, such as a secret: it is never kept.
    """

    outcome: T
    changes: Changes | None = None
    records: tuple[RecordChange, ...] = ()
    once: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What an act answered; ``replayed`` where an earlier request with its key had done it."""

    outcome: T
    replayed: bool = False
    once: Mapping[str, Any] = field(default_factory=dict)


def settle(
    tools: Toolbox, key: RequestKey | None, decide: Callable[[], Decision[T] | Answer[T]]
) -> Answer[T]:
    """Commit what ``decide`` reads and decides; where it loses a race, let it do so again.

    Each attempt writes under a token of its own, since it may write something else. Raises
    :class:`Conflict` when the race is still not settled after several attempts, and whatever
    ``decide`` or the store raises.
    """
    token = tools.request_token()
    deadline = tools.clock() + PATIENCE_SECONDS
    for attempt in range(ATTEMPTS):
        if attempt:
            _pause(tools, attempt)
            if tools.clock() > deadline:
                break
        try:
            decided = decide()
            if isinstance(decided, Answer):
                return decided
            if decided.changes is not None or decided.records or key is not None:
                _send(tools, _commit(tools, key, decided), f"{token}-{attempt}", deadline)
            return Answer(decided.outcome, once=decided.once)
        except LostRace:
            continue
    raise Conflict(retry_after=_RETRY_AFTER_SECONDS)


def replay(kept: KeptOutcome | None, key: RequestKey | None, now: int) -> Answer[Any] | None:
    """The answer of an earlier request with this key, if one is kept.

    Raises :class:`IdempotencyKeyReused` where that request was another.
    """
    if kept is None or key is None or kept.expires_at <= now:
        return None
    if kept.fingerprint != key.fingerprint:
        raise IdempotencyKeyReused
    return Answer(kept.outcome, replayed=True)


def _commit(tools: Toolbox, key: RequestKey | None, decided: Decision[Any]) -> Commit:
    now = tools.now()
    kept = None
    if key is not None:
        kept = KeptOutcome(key.fingerprint, decided.outcome, now + KEPT_SECONDS)
    return Commit(decided.changes, key, kept, now, decided.records)


def _send(tools: Toolbox, writes: Commit, token: str, deadline: float) -> None:
    # Away, silent or in doubt: the identical transaction is sent again. Its token makes sure that
    # it counts once, whether or not the first one arrived.
    for send in range(SENDS):
        try:
            return tools.store.commit(writes, token)
        except Unavailable:
            if send == SENDS - 1 or tools.clock() > deadline:
                raise
            _pause(tools, send)
    return None


def _pause(tools: Toolbox, attempt: int) -> None:
    # Full jitter: those who collided once should not meet again.
    longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**attempt)
    tools.pause(longest * tools.jitter())
