"""Idempotency keys: a repeat of a request answers what the first answered. Contract section 8."""

import hashlib
from typing import Any

from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.dataclass import dataclass
from chalicelib.domain.timers import Timer

LONGEST_KEY = 255
"""Characters that a key may have."""

KEPT_SECONDS = SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A key as the store knows it, and the request that came with it, both as SHA-256.

    Keys are a caller's own: two people may use the same one.
    """

    organization_id: int
    person_id: int
    digest: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an act on a timer answers: the timer as it then was, and what the meta says."""

    timer: Timer
    stopped_timer_id: int | None = None
    already_stopped: bool = False


@dataclass(frozen=True, slots=True)
class KeptOutcome:
    """What the first request with a key answered; forgotten at the instant ``expires_at``.

    ``outcome`` is an :class:`Outcome`, or the record that was created, as it then was.
    """

    fingerprint: str
    outcome: Any
    expires_at: int


def digest_of(*parts: bytes) -> str:
    """A SHA-256 over parts, which no other split into parts shares."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
