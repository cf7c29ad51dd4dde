"""Idempotency keys: a repeated request gets the first request's result. Contract section 8."""

import hashlib
from typing import Any

from msgspec import Struct

from chalicelib.core.timestamps import MAX_TIMESTAMP, SECONDS_PER_DAY

MAX_KEY_LENGTH = 255
"""Maximum length of a key, in characters."""

RETENTION_SECONDS = SECONDS_PER_DAY


class IdempotencyKey(Struct, frozen=True):
    """An idempotency key of one person. Two people can use the same key.

    :param digest: the SHA-256 of the key.
    :param fingerprint: the SHA-256 of the request.
    :param is_permanent: whether its record never expires. The record then has no outcome: it says
        only that the write was made. Decision 0034.
    """

    organization_id: int
    person_id: int
    digest: str
    fingerprint: str
    is_permanent: bool = False


class IdempotencyRecord(Struct, frozen=True):
    """The result of the first request with a key.

    :param fingerprint: the SHA-256 of that request.
    :param outcome: what the operation returned, such as the record as it was then.
    :param expires_at: the timestamp from which the record no longer counts.
    """

    fingerprint: str
    outcome: Any
    expires_at: int


class SaveIdempotencyRecord(Struct, frozen=True):
    """Save an idempotency record in the transaction of its operation.

    It replaces a record of the same key that is expired at ``now``.
    """

    key: IdempotencyKey
    record: IdempotencyRecord
    now: int


def record_of(key: IdempotencyKey, outcome: Any, now: int) -> IdempotencyRecord:
    """Return the record of a key that a write with this outcome stores at the timestamp ``now``."""
    if key.is_permanent:
        return IdempotencyRecord(key.fingerprint, None, MAX_TIMESTAMP)
    return IdempotencyRecord(key.fingerprint, outcome, now + RETENTION_SECONDS)


def fingerprint_of(*parts: bytes) -> str:
    """Return the SHA-256 of the parts. The length of each part counts, not only their content."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
