"""Tests of webhooks: subscribed events, states and signing secrets."""

import base64

import pytest
from msgspec.structs import replace

from chalicelib.events.model import EventType
from chalicelib.webhooks.model import (
    MAX_FAILING_SECONDS,
    MAX_FAILURE_GAP_SECONDS,
    MAX_SIGNATURES,
    MIN_FAILURES,
    ROTATION_OVERLAP_SECONDS,
    PausedReason,
    Webhook,
    WebhookState,
    secret_of,
)
from tests.support.builders import NOW
from tests.support.clock import HOUR

KEY = b"a secret key"


def webhook(**fields: object) -> Webhook:
    defaults: dict[str, object] = {
        "id": 77,
        "organization_id": 2149,
        "name": "payroll",
        "url": "https://hooks.example.com/",
        "events": (EventType.TIMER_STARTED,),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Webhook(**{**defaults, **fields})  # type: ignore[arg-type]


def test_active_webhook_receives_only_its_event_types() -> None:
    assert webhook().receives(EventType.TIMER_STARTED)
    assert not webhook().receives(EventType.TIMER_STOPPED)
    paused = webhook(state=WebhookState.PAUSED, paused_reason=PausedReason.BY_HAND)
    assert not paused.receives(EventType.TIMER_STARTED)


def test_old_secret_signs_during_the_rotation_overlap() -> None:
    assert webhook().signing_secret_numbers(NOW) == (1,)
    rotated = webhook().with_new_secret(NOW)
    assert (rotated.version, rotated.updated_at) == (2, NOW)
    assert rotated.signing_secret_numbers(NOW) == (2, 1)
    assert rotated.signing_secret_numbers(NOW + ROTATION_OVERLAP_SECONDS - 1) == (2, 1)
    assert rotated.signing_secret_numbers(NOW + ROTATION_OVERLAP_SECONDS) == (2,)


def test_all_secrets_sign_when_rotations_overlap() -> None:
    # A client that did not receive the first new secret still uses the original one.
    twice = webhook().with_new_secret(NOW).with_new_secret(NOW + 60)
    assert twice.signing_secret_numbers(NOW + 60) == (3, 2, 1)
    assert twice.signing_secret_numbers(NOW + 60 + ROTATION_OVERLAP_SECONDS) == (3,)
    later = webhook().with_new_secret(NOW).with_new_secret(NOW + ROTATION_OVERLAP_SECONDS)
    assert later.signing_secret_numbers(NOW + ROTATION_OVERLAP_SECONDS) == (3, 2)


def test_immediate_rotation_revokes_old_secrets() -> None:
    rotated = webhook().with_new_secret(NOW).with_new_secret(NOW + 60, at_once=True)
    assert rotated.signing_secret_numbers(NOW + 60) == (3,)


def test_rotation_is_rejected_when_too_many_secrets_sign() -> None:
    rotated = webhook()
    for _ in range(MAX_SIGNATURES - 1):
        rotated = rotated.with_new_secret(NOW)
    assert len(rotated.signing_secret_numbers(NOW)) == MAX_SIGNATURES
    with pytest.raises(ValueError, match="too often"):
        rotated.with_new_secret(NOW)
    assert rotated.with_new_secret(NOW, at_once=True).signing_secret_numbers(NOW) == (5,)


def test_resume_or_new_url_resets_the_failure_state() -> None:
    failing = webhook(
        state=WebhookState.PAUSED,
        paused_reason=PausedReason.FAILING,
        paused_at=NOW,
        failing_since=NOW - 60,
    )
    resumed = failing.with_values({"state": WebhookState.ACTIVE}, NOW + 60)
    assert (resumed.paused_reason, resumed.paused_at, resumed.failing_since) == (None, None, None)
    assert (resumed.version, resumed.updated_at) == (2, NOW + 60)
    moved = webhook(failing_since=NOW).with_values({"url": "https://new.example.com/"}, NOW + 60)
    assert moved.failing_since is None
    renamed = webhook(failing_since=NOW).with_values({"name": "new"}, NOW + 60)
    assert renamed.failing_since == NOW


def test_manual_pause_sets_a_reason_and_keeps_an_earlier_reason() -> None:
    paused = webhook().with_values({"state": WebhookState.PAUSED}, NOW + 60)
    assert (paused.paused_reason, paused.paused_at) == (PausedReason.BY_HAND, NOW + 60)
    paused_as_gone = webhook(
        state=WebhookState.PAUSED, paused_reason=PausedReason.GONE, paused_at=NOW
    )
    assert paused_as_gone.with_values({"state": WebhookState.PAUSED}, NOW + 60) is paused_as_gone


def test_webhook_is_paused_after_failures_over_the_whole_time() -> None:
    assert not webhook().has_failed_too_long(NOW)
    failing = webhook()
    for hours in (0, 3, 6, 9):
        failing = failing.after_failure(NOW + hours * HOUR)
        assert (failing.failing_since, failing.failures) == (NOW, 1 + hours // 3)
    assert failing.after_failure(NOW + 9 * HOUR + 60) == failing
    assert not failing.has_failed_too_long(NOW + MAX_FAILING_SECONDS - 1)
    assert failing.has_failed_too_long(NOW + MAX_FAILING_SECONDS)
    few = replace(failing, failures=MIN_FAILURES - 1)
    assert not few.has_failed_too_long(NOW + MAX_FAILING_SECONDS)


def test_failure_after_a_long_silence_counts_as_the_first() -> None:
    # Version 0.2.0 stored only the time of the first failure.
    for failing in (webhook().after_failure(NOW), webhook(failing_since=NOW)):
        later = NOW + MAX_FAILURE_GAP_SECONDS + 1
        assert failing.after_failure(later - 1).failures == 2
        after = failing.after_failure(later)
        assert (after.failing_since, after.last_failure_at, after.failures) == (later, later, 1)
        assert after.after_success() == webhook()


def test_secret_has_the_standard_webhooks_format() -> None:
    secret = secret_of(KEY, webhook(), 1)
    prefix, _, encoded = secret.partition("_")
    assert prefix == "whsec"
    # Standard Webhooks requires 24 to 64 bytes.
    assert len(base64.b64decode(encoded, validate=True)) == 32


def test_secret_is_deterministic_and_unique() -> None:
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
