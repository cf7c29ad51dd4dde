"""Load, decide, commit; after a concurrent modification, load and decide again. Decision 0009."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from chalicelib.api_tokens.model import Credential
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import (
    Conflict,
    IdempotencyKeyReused,
    PreconditionFailed,
    StintError,
    Unavailable,
)
from chalicelib.core.idempotency import (
    IdempotencyKey,
    IdempotencyRecord,
    SaveIdempotencyRecord,
    record_of,
)
from chalicelib.core.live_access import require_same_access, same_access
from chalicelib.core.request_time import retries_end_at
from chalicelib.core.write_options import WriteOptions, values_of_version
from chalicelib.core.write_set import (
    ConcurrentModification,
    RecordId,
    RecordWrite,
    RequireRecord,
    TransactionConflict,
    WriteSet,
)
from chalicelib.dynamodb.database import LoadedRecords

ATTEMPTS = 8
"""Maximum number of times that an operation loads and decides."""

SENDS = 2
"""Maximum number of times that an identical transaction is sent without a response."""

RETRY_BUDGET_SECONDS = 12
"""No attempt starts later after the arrival of the request, which API Gateway ends after 29 s."""

_FIRST_DELAY_SECONDS = 0.02
_MAX_DELAY_SECONDS = 0.5
_RETRY_AFTER_SECONDS = 1

T = TypeVar("T")


class Decision(Struct, Generic[T], frozen=True):
    """What an operation returns (``outcome``) and writes (``write_set`` and ``records``).

    ``one_time_meta``, such as a secret, is only in the response of this request and never stored.
    ``is_done``: what was decided is done, outside the database, and cannot be refused any more. The
    writes only record it, and do not require the version in If-Match again.
    """

    outcome: T
    write_set: WriteSet | None = None
    records: tuple[RecordWrite, ...] = ()
    one_time_meta: Mapping[str, Any] = field(default_factory=dict)
    is_done: bool = False

    @property
    def writes(self) -> tuple[Any, ...]:
        """All writes, for one transaction."""
        return self.records if self.write_set is None else (self.write_set, *self.records)


class Result(Struct, Generic[T], frozen=True):
    """What an operation returned; ``replayed`` if it is the result of an earlier request."""

    outcome: T
    replayed: bool = False
    one_time_meta: Mapping[str, Any] = field(default_factory=dict)


class Load(Struct, frozen=True):
    """The records that an operation reads first, in one call: entities and ids. None: no record.

    ``include_deleted``: also those that are deleted and not purged yet.
    """

    organization_id: int = 0
    entity_ids: Sequence[tuple[type[Any], RecordId | None]] = ()
    include_deleted: bool = False


NO_RECORDS = Load()


class _UnknownOutcome(Exception):
    """A transaction was sent without a response, and later ones with its token were in conflict."""


class Attempt:
    """One attempt at an operation: the present timestamp, and the records that were loaded."""

    def __init__(
        self, options: WriteOptions, loaded: LoadedRecords, now: int, *, is_retry: bool = False
    ) -> None:
        self.loaded = loaded
        self.now = now
        self.is_retry = is_retry
        """Whether an earlier attempt failed because of a concurrent modification."""
        self._if_match = options.if_match
        self._matched: RequireRecord | None = None

    def require_match(self, record: T, stored_in: Any = None) -> T:
        """The record that the request names, if its version is one that If-Match demands.

        The commit then requires this version too. Every operation on a named record calls this,
        once it knows that the caller may see the record, and before it decides anything.

        :param stored_in: the stored record that contains this one; None: it is stored by itself.
        :raises PreconditionFailed: the record has another version.
        """
        if self._if_match is not None:
            if not self._if_match.matches(record):
                raise PreconditionFailed
            self._matched = _still(record if stored_in is None else stored_in)
        return record

    def writes_of(self, decision: "Decision[Any]") -> tuple[Any, ...]:
        """What to commit: the writes of a decision, and the version that they require."""
        if self._if_match is None or decision.is_done:
            return decision.writes
        if self._matched is None:
            raise LookupError("The operation does not say which record If-Match is about.")
        return (*decision.writes, self._matched) if decision.writes else ()


Decide = Callable[[Attempt], Decision[T]]
"""Decides, from what was loaded."""


def commit_with_retry(
    dependencies: Dependencies,
    options: WriteOptions,
    decide: Decide[T],
    load: Load = NO_RECORDS,
) -> Result[T]:
    """Load, decide with ``decide``, then commit; repeat after a concurrent modification.

    The record of the idempotency key is read in the call that loads, so a repeated request returns
    its result before anything is decided. Each attempt has its own request token, because it may
    write something else. If the options have a live token, everything that is committed requires
    it; it is read in the call that loads, or, without such a call, before the second attempt.

    Before it fails with :class:`Conflict`, or because an outcome stays unknown, it reads the record
    of the key once more.

    Raises :class:`AccessChanged`, :class:`Conflict` if no attempt succeeds,
    :class:`IdempotencyKeyReused`, :class:`PreconditionFailed`; :class:`Unavailable` if everything
    or nothing was written. Errors of ``decide`` and of the database pass.
    """
    token = dependencies.request_token()
    deadline = retries_end_at(RETRY_BUDGET_SECONDS, dependencies.clock())
    error: StintError = Conflict(retry_after=_RETRY_AFTER_SECONDS)
    for number in range(ATTEMPTS):
        if number:
            _sleep(dependencies, number)
            if dependencies.clock() > deadline:
                break
        try:
            decided = _decide(dependencies, options, decide, load, is_retry=number > 0)
            if isinstance(decided, Result):
                return decided
            decision, writes = decided
            if writes:
                _send(dependencies, writes, f"{token}-{number}", deadline)
            return Result(decision.outcome, one_time_meta=decision.one_time_meta)
        except ConcurrentModification:
            continue
        except _UnknownOutcome:
            error = Unavailable(retry_after=_RETRY_AFTER_SECONDS)
            break
    replayed = _read_result(dependencies, options.key)
    if replayed is None:
        raise error
    return replayed


def _decide(
    dependencies: Dependencies,
    options: WriteOptions,
    decide: Decide[T],
    load: Load,
    *,
    is_retry: bool,
) -> tuple[Decision[T], tuple[Any, ...]] | Result[T]:
    """Load and decide: a decision and what to commit, or the result of an earlier request."""
    key, now = options.key, int(dependencies.clock())
    token = options.live_token
    if token is None or not (is_retry or load.entity_ids or key):
        loaded = _load(dependencies, load, key)
    else:
        loaded = _load(dependencies, load, key, (Credential, token.digest))
        require_same_access(token, loaded.get(Credential, token.digest), now)
    replayed = _replay(loaded, key, now)
    if replayed is not None:
        return replayed
    attempt = Attempt(options, loaded, now, is_retry=is_retry)
    try:
        decision = decide(attempt)
    except Unavailable:
        raise
    except StintError:
        # The first request with this key may have been committed between two reads: then this one
        # saw its changes, such as a deletion, but not yet the record of the key.
        replayed = _read_result(dependencies, key)
        if replayed is None:
            raise
        return replayed
    writes = attempt.writes_of(decision)
    if key is not None:
        writes = (_save(key, decision.outcome, now), *writes)
    if options.lasting_key is not None:
        writes = (*writes, _save(options.lasting_key, decision.outcome, now))
    if writes and token is not None:
        writes = (*writes, same_access(token))
    return decision, writes


def _load(
    dependencies: Dependencies,
    load: Load,
    key: IdempotencyKey | None,
    *more: tuple[type[Any], str],
) -> LoadedRecords:
    return dependencies.database.get_many(
        load.organization_id if key is None else key.organization_id,
        (*load.entity_ids, (IdempotencyRecord, key), *more),
        include_deleted=load.include_deleted,
    )


def _read_result(dependencies: Dependencies, key: IdempotencyKey | None) -> Result[Any] | None:
    """The result of an earlier request with this key, if one is stored. One call, with a key."""
    return _replay(_load(dependencies, NO_RECORDS, key), key, int(dependencies.clock()))


def _replay(loaded: LoadedRecords, key: IdempotencyKey | None, now: int) -> Result[Any] | None:
    """The result of an earlier request with this key, if one is stored."""
    record = loaded.get(IdempotencyRecord, key)
    if record is None or key is None or record.expires_at <= now:
        return None
    if record.fingerprint != key.fingerprint:
        raise IdempotencyKeyReused
    return Result(record.outcome, replayed=True)


def _still(record: Any) -> RequireRecord:
    """Require that a stored record has the version that was loaded."""
    # The key of an organization is its own id.
    organization_id = getattr(record, "organization_id", record.id)
    return RequireRecord(type(record), organization_id, record.id, values_of_version(record))


def _save(key: IdempotencyKey, outcome: Any, now: int) -> SaveIdempotencyRecord:
    return SaveIdempotencyRecord(key, record_of(key, outcome, now), now)


def _send(dependencies: Dependencies, writes: tuple[Any, ...], token: str, deadline: float) -> None:
    """Commit. Raises ``ConcurrentModification``, ``Unavailable``, ``_UnknownOutcome``."""
    # DynamoDB throttles or is unavailable, or the outcome is unknown: send the identical
    # transaction again. Its request token makes sure that DynamoDB applies it once.
    unanswered = 0
    for send in range(ATTEMPTS):
        if send:
            _sleep(dependencies, send - 1)
        try:
            return dependencies.database.commit(writes, token)
        except TransactionConflict as conflict:
            # After a send without a response, the conflict may be with that one, or newer: only
            # the identical transaction can find out. A new decision might do everything twice.
            if not (unanswered or conflict.resent):
                raise
            unanswered = unanswered or 1
        except Unavailable:
            unanswered += 1
            if unanswered == SENDS or dependencies.clock() > deadline:
                raise
        if dependencies.clock() > deadline:
            break
    raise _UnknownOutcome


def _sleep(dependencies: Dependencies, attempt: int) -> None:
    # Full jitter: requests that collided should not collide again.
    delay = min(_MAX_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2**attempt)
    dependencies.sleep(delay * dependencies.jitter())
