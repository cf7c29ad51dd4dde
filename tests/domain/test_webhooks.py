"""Webhooks: what they want, and the secrets that sign for them."""

import base64

from chalicelib.domain.events import EventType
from chalicelib.domain.webhooks import (
    PAUSED_AFTER,
    ROTATION_OVERLAP,
    PausedReason,
    Webhook,
    WebhookState,
    secret_of,
)
from tests.domain.builders import NOW

KEY = b"a key that nobody knows"


def webhook(**members: object) -> Webhook:
    plain: dict[str, object] = {
        "id": 77,
        "organization_id": 2149,
        "name": "payroll",
        "url": "https://hooks.example.com/",
        "events": (EventType.TIMER_STARTED,),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Webhook(**{**plain, **members})  # type: ignore[arg-type]


def test_it_wants_what_it_names_while_it_is_active() -> None:
    assert webhook().wants(EventType.TIMER_STARTED)
    assert not webhook().wants(EventType.TIMER_STOPPED)
    paused = webhook(state=WebhookState.PAUSED, paused_reason=PausedReason.BY_HAND)
    assert not paused.wants(EventType.TIMER_STARTED)


def test_a_replaced_secret_signs_for_a_while() -> None:
    assert webhook().signing_numbers(NOW) == (1,)
    rotated = webhook(secret_number=2, rotated_at=NOW)
    assert rotated.signing_numbers(NOW) == (2, 1)
    assert rotated.signing_numbers(NOW + ROTATION_OVERLAP - 1) == (2, 1)
    assert rotated.signing_numbers(NOW + ROTATION_OVERLAP) == (2,)


def test_it_gives_up_after_nothing_but_failures() -> None:
    assert not webhook().gives_up(NOW)
    failing = webhook(failing_since=NOW)
    assert not failing.gives_up(NOW + PAUSED_AFTER - 1)
    assert failing.gives_up(NOW + PAUSED_AFTER)


def test_a_secret_is_what_the_scheme_asks_for() -> None:
    secret = secret_of(KEY, webhook(), 1)
    prefix, _, encoded = secret.partition("_")
    assert prefix == "whsec"
    # The scheme wants 24 to 64 bytes.
    assert len(base64.b64decode(encoded, validate=True)) == 32


def test_a_secret_is_the_same_every_time_and_shared_by_no_other() -> None:
    secrets = [
        secret_of(KEY, webhook(), 1),
        secret_of(KEY, webhook(), 2),
        secret_of(KEY, webhook(id=78), 1),
        secret_of(KEY, webhook(id=7), 71),
        secret_of(KEY, webhook(organization_id=2150), 1),
        secret_of(b"another key", webhook(), 1),
    ]
    assert len(set(secrets)) == len(secrets)
    assert secret_of(KEY, webhook(url="https://elsewhere.example/"), 1) == secrets[0]
