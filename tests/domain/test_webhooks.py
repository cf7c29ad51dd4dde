"""Webhooks: what they want, and the secrets that sign for them."""

import base64

import pytest

from chalicelib.domain.events import EventType
from chalicelib.domain.webhooks import (
    MOST_SIGNATURES,
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
    rotated = webhook().rotated(NOW)
    assert (rotated.version, rotated.updated_at) == (2, NOW)
    assert rotated.signing_numbers(NOW) == (2, 1)
    assert rotated.signing_numbers(NOW + ROTATION_OVERLAP - 1) == (2, 1)
    assert rotated.signing_numbers(NOW + ROTATION_OVERLAP) == (2,)


def test_rotated_again_within_the_day_all_of_them_sign() -> None:
    # Whoever lost the answer to the first rotation still has the secret from before it.
    twice = webhook().rotated(NOW).rotated(NOW + 60)
    assert twice.signing_numbers(NOW + 60) == (3, 2, 1)
    assert twice.signing_numbers(NOW + 60 + ROTATION_OVERLAP) == (3,)
    later = webhook().rotated(NOW).rotated(NOW + ROTATION_OVERLAP)
    assert later.signing_numbers(NOW + ROTATION_OVERLAP) == (3, 2)


def test_a_leaked_secret_ends_at_once() -> None:
    rotated = webhook().rotated(NOW).rotated(NOW + 60, at_once=True)
    assert rotated.signing_numbers(NOW + 60) == (3,)


def test_no_more_than_a_few_secrets_sign() -> None:
    rotated = webhook()
    for _ in range(MOST_SIGNATURES - 1):
        rotated = rotated.rotated(NOW)
    assert len(rotated.signing_numbers(NOW)) == MOST_SIGNATURES
    with pytest.raises(ValueError, match="too often"):
        rotated.rotated(NOW)
    assert rotated.rotated(NOW, at_once=True).signing_numbers(NOW) == (5,)


def test_resumed_or_moved_it_begins_afresh() -> None:
    failing = webhook(
        state=WebhookState.PAUSED,
        paused_reason=PausedReason.FAILING,
        paused_at=NOW,
        failing_since=NOW - 60,
    )
    resumed = failing.changed({"state": WebhookState.ACTIVE}, NOW + 60)
    assert (resumed.paused_reason, resumed.paused_at, resumed.failing_since) == (None, None, None)
    assert (resumed.version, resumed.updated_at) == (2, NOW + 60)
    moved = webhook(failing_since=NOW).changed({"url": "https://new.example.com/"}, NOW + 60)
    assert moved.failing_since is None
    renamed = webhook(failing_since=NOW).changed({"name": "new"}, NOW + 60)
    assert renamed.failing_since == NOW


def test_paused_by_hand_it_says_so_and_keeps_an_earlier_reason() -> None:
    paused = webhook().changed({"state": WebhookState.PAUSED}, NOW + 60)
    assert (paused.paused_reason, paused.paused_at) == (PausedReason.BY_HAND, NOW + 60)
    gone = webhook(state=WebhookState.PAUSED, paused_reason=PausedReason.GONE, paused_at=NOW)
    assert gone.changed({"state": WebhookState.PAUSED}, NOW + 60) is gone


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
