"""Load, decide, commit; after a concurrent modification, load and decide again. Decision 0009."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import Conflict, IdempotencyKeyReused, Unavailable
from chalicelib.core.idempotency import (
    RETENTION_SECONDS,
    IdempotencyKey,
    IdempotencyRecord,
    SaveIdempotencyRecord,
)
from chalicelib.core.write_set import ConcurrentModification, RecordWrite, WriteSet

ATTEMPTS = 8
"""Maximum number of times that an operation loads and decides."""

SENDS = 2
"""Maximum number of times that an identical transaction is sent while its outcome is unknown."""

RETRY_BUDGET_SECONDS = 12
"""No attempt starts after this time, so that the last one ends before API Gateway's timeout."""

_FIRST_DELAY_SECONDS = 0.02
_MAX_DELAY_SECONDS = 0.5
_RETRY_AFTER_SECONDS = 1

T = TypeVar("T")


class Decision(Struct, Generic[T], frozen=True):
    """What an operation returns (``outcome``) and writes (``write_set`` and ``records``).

    ``one_time_meta``, such as a secret, is only in the response of this request and never stored.
    """

    outcome: T
    write_set: WriteSet | None = None
    records: tuple[RecordWrite, ...] = ()
    one_time_meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def writes(self) -> tuple[Any, ...]:
        """All writes, for one transaction."""
        return self.records if self.write_set is None else (self.write_set, *self.records)


class Result(Struct, Generic[T], frozen=True):
    """What an operation returned; ``replayed`` if it is the result of an earlier request."""

    outcome: T
    replayed: bool = False
    one_time_meta: Mapping[str, Any] = field(default_factory=dict)


Decide = Callable[[int], Decision[T] | Result[T]]
"""Loads and decides. Its argument is the present timestamp."""


def commit_with_retry(
    dependencies: Dependencies, key: IdempotencyKey | None, decide: Decide[T]
) -> Result[T]:
    """Load and decide with ``decide``, then commit; repeat after a concurrent modification.

    Each attempt has its own request token, because it may write something else. Raises
    :class:`Conflict` if no attempt succeeds. Errors of ``decide`` and of the database pass.
    """
    token = dependencies.request_token()
    deadline = dependencies.clock() + RETRY_BUDGET_SECONDS
    for attempt in range(ATTEMPTS):
        if attempt:
            _sleep(dependencies, attempt)
            if dependencies.clock() > deadline:
                break
        now = int(dependencies.clock())
        try:
            decision = decide(now)
            if isinstance(decision, Result):
                return decision
            writes = decision.writes
            if key is not None:
                writes = (_save(key, decision.outcome, now), *writes)
            if writes:
                _send(dependencies, writes, f"{token}-{attempt}", deadline)
            return Result(decision.outcome, one_time_meta=decision.one_time_meta)
        except ConcurrentModification:
            continue
    raise Conflict(retry_after=_RETRY_AFTER_SECONDS)


def replay(
    record: IdempotencyRecord | None, key: IdempotencyKey | None, now: int
) -> Result[Any] | None:
    """The result of an earlier request with this key, if one is stored.

    Raises :class:`IdempotencyKeyReused` if that request was a different one.
    """
    if record is None or key is None or record.expires_at <= now:
        return None
    if record.fingerprint != key.fingerprint:
        raise IdempotencyKeyReused
    return Result(record.outcome, replayed=True)


def _save(key: IdempotencyKey, outcome: Any, now: int) -> SaveIdempotencyRecord:
    record = IdempotencyRecord(key.fingerprint, outcome, now + RETENTION_SECONDS)
    return SaveIdempotencyRecord(key, record, now)


def _send(dependencies: Dependencies, writes: tuple[Any, ...], token: str, deadline: float) -> None:
    # DynamoDB throttles or is unavailable, or the outcome is unknown: send the identical
    # transaction again. Its request token makes sure that DynamoDB applies it once.
    for send in range(SENDS):
        try:
            return dependencies.database.commit(writes, token)
        except Unavailable:
            if send == SENDS - 1 or dependencies.clock() > deadline:
                raise
            _sleep(dependencies, send)
    return None


def _sleep(dependencies: Dependencies, attempt: int) -> None:
    # Full jitter: requests that collided should not collide again.
    delay = min(_MAX_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2**attempt)
    dependencies.sleep(delay * dependencies.jitter())
