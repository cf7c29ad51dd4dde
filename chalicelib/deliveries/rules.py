"""Deliveries: one event on its way to one destination, and what an answer means for it.

Pure: what is to be done after an attempt is decided here, and done in ``services/delivering.py``.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

from chalicelib.dataclass import dataclass

WAITS = (5, 60, 5 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600, 8 * 3600)
"""Seconds to wait after the first failed attempt, the second, ...: between 15 and 16 hours in all,
and as long again at the most by chance."""

LONGEST_WAIT = 8 * 3600
"""Seconds: no receiver may ask for more patience than this at a time."""

TEST_EVENT = "webhook.test"
"""The type of an event in which nothing has happened: somebody tries a webhook."""

KEPT_SECONDS = 14 * 24 * 3600
"""How long what became of an attempt is known."""

_JITTER = 0.2
_PATIENCE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one destination: a webhook, or Intercom where that is None.

    ``body`` is what is posted, the same bytes in every attempt. ``due`` is the instant before which
    nothing is tried; ``failure`` says why the last attempt failed.
    """

    event_id: str
    event_type: str
    organization_id: int
    webhook_id: int | None
    body: str
    attempt: int = 1
    due: int = 0
    failure: str | None = None

    @property
    def destination(self) -> str:
        """Names where it goes: deliveries of one destination must not hold up the others."""
        return f"{self.organization_id}-{self.webhook_id or 'intercom'}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of posting: a status, or else words about why there is none."""

    status: int | None = None
    failure: str | None = None
    retry_after: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver has it now."""
        return self.status is not None and HTTPStatus(200) <= self.status < HTTPStatus(300)

    @property
    def is_gone(self) -> bool:
        """Whether the receiver says that it wants nothing any more."""
        return self.status == HTTPStatus.GONE

    @property
    def words(self) -> str:
        """For people and logs: nothing of what the receiver wrote is in it."""
        return self.failure or f"The receiver responded with status {self.status}."


class Fate(StrEnum):
    """What becomes of a delivery after an attempt."""

    DELIVERED = "delivered"
    AGAIN = "again"
    """It failed, and waits to be tried again."""
    GIVEN_UP = "given_up"
    """It is a dead letter now, until somebody replays it."""
    DROPPED = "dropped"
    """Nobody wants it any more, or it was a test that failed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of a delivery to a webhook, once.

    ``body`` is kept of what was given up alone, so that it can be replayed.
    """

    id: int
    organization_id: int
    webhook_id: int
    event_id: str
    event_type: str
    attempt: int
    at: int
    fate: Fate
    status: int | None
    failure: str | None
    body: str | None
    expires_at: int


def decide(delivery: Delivery, answer: Answer, now: int, jitter: float) -> tuple[Fate, Delivery]:
    """What becomes of it, and the delivery as it is then to be kept or sent again.

    ``jitter`` is drawn from 0 up to 1: those that failed together should not come back together.
    """
    if answer.succeeded:
        return Fate.DELIVERED, delivery
    failed = replace(delivery, failure=answer.words)
    if delivery.event_type == TEST_EVENT:
        return Fate.DROPPED, failed
    if answer.is_gone or delivery.attempt > len(WAITS):
        return Fate.GIVEN_UP, failed
    wait = _wait(delivery, answer, now)
    due = now + round(wait * (1 + _JITTER * jitter))
    return Fate.AGAIN, replace(failed, attempt=delivery.attempt + 1, due=due)


def _wait(delivery: Delivery, answer: Answer, now: int) -> int:
    own = WAITS[delivery.attempt - 1]
    if answer.status not in _PATIENCE:
        return own
    asked = read_retry_after(answer.retry_after, now)
    # Who asks for less than we would wait anyway may get it, but never at once: they are busy.
    return own if asked is None else min(max(asked, WAITS[0]), LONGEST_WAIT)


def read_retry_after(text: str | None, now: int) -> int | None:
    """The seconds that a ``Retry-After`` header asks for, in either of its spellings."""
    given = (text or "").strip()
    if given.isascii() and given.isdecimal():
        return int(given[:10])
    try:
        moment = parsedate_to_datetime(given)
    except ValueError:
        return None
    return max(0, int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) - now)


def attempt_of(
    delivery: Delivery, fate: Fate, answer: Answer, attempt_id: int, now: int
) -> Attempt:
    """What is kept of an attempt. ``delivery`` goes to a webhook."""
    return Attempt(
        id=attempt_id,
        organization_id=delivery.organization_id,
        webhook_id=delivery.webhook_id or 0,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        attempt=delivery.attempt,
        at=now,
        fate=fate,
        status=answer.status,
        failure=None if answer.succeeded else answer.words,
        body=delivery.body if fate is Fate.GIVEN_UP else None,
        expires_at=now + KEPT_SECONDS,
    )


def given_up(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The dead letters among attempts, the newest of each event deciding: the oldest first."""
    newest = {it.event_id: it for it in sorted(attempts, key=lambda it: (it.at, it.id))}
    return [it for it in newest.values() if it.fate is Fate.GIVEN_UP and it.body is not None]
