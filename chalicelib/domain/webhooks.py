"""Webhooks: where an organization wants to hear of its events, and how it knows that it is us."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.events import EventType
from chalicelib.domain.instants import SECONDS_PER_DAY

ROTATION_OVERLAP = SECONDS_PER_DAY
"""Seconds during which a secret that was replaced signs beside the new one."""

PAUSED_AFTER = SECONDS_PER_DAY // 2
"""Seconds of nothing but failures after which a webhook is paused."""

_SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with


class WebhookState(StrEnum):
    """Whether events are sent."""

    ACTIVE = "active"
    PAUSED = "paused"


class PausedReason(StrEnum):
    """Why a webhook is paused."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    """It failed for hours, and never succeeded in between."""
    GONE = "gone"
    """The receiver answered 410."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of an organization's own to which some kinds of its events are posted.

    :param secret_number: which of its secrets signs: rises with each rotation. The secret itself is
        kept nowhere, see :func:`secret_of`.
    :param rotated_at: the instant of the last rotation.
    :param failing_since: the instant of the first failure since the last success.
    """

    id: int
    organization_id: int
    name: str
    url: str
    events: tuple[EventType, ...]
    created_at: int
    updated_at: int
    state: WebhookState = WebhookState.ACTIVE
    paused_reason: PausedReason | None = None
    paused_at: int | None = None
    secret_number: int = 1
    rotated_at: int | None = None
    failing_since: int | None = None
    version: int = 1

    def wants(self, type_: EventType) -> bool:
        """Whether an event of that type is to be sent."""
        return self.state is WebhookState.ACTIVE and type_ in self.events

    def signing_numbers(self, now: int) -> tuple[int, ...]:
        """Which of its secrets sign at that instant, the newest first."""
        newest = self.secret_number
        if self.rotated_at is not None and now < self.rotated_at + ROTATION_OVERLAP:
            return (newest, newest - 1)
        return (newest,)

    def gives_up(self, now: int) -> bool:
        """Whether one more failure at that instant is one too many."""
        return self.failing_since is not None and now >= self.failing_since + PAUSED_AFTER


def secret_of(master_key: bytes, webhook: Webhook, number: int) -> str:
    """A webhook's secret, as its receiver knows it: ``whsec_`` and base64.

    Derived, so that none is stored and none can be read out of the tables. The labels have a fixed
    order and their numbers no common parts: no two secrets share a text.
    """
    label = f"webhook/{webhook.organization_id}/{webhook.id}/{number}"
    derived = hmac.new(master_key, label.encode(), hashlib.sha256).digest()
    return _SECRET_PREFIX + base64.b64encode(derived).decode()
