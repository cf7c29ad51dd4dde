"""Tests of idempotency keys and request hashes: contract section 8."""

import pytest

from chalicelib.core.idempotency import MAX_KEY_LENGTH, RETENTION_SECONDS, fingerprint_of


def test_keys_have_up_to_255_characters_and_expire_after_24_hours() -> None:
    assert (MAX_KEY_LENGTH, RETENTION_SECONDS) == (255, 24 * 3600)


def test_same_request_has_the_same_hash() -> None:
    assert fingerprint_of(b"POST", b"/timers", b"{}") == fingerprint_of(b"POST", b"/timers", b"{}")


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"",),
        (b"POST/timers{}",),
        (b"POST", b"/timers{}"),
        (b"POST/timers", b"{}"),
        (b"POST", b"/timers", b"{}", b""),
        (b"", b"POST", b"/timers", b"{}"),
        (b"{}", b"/timers", b"POST"),
        (b"POST", b"/timers", b"{ }"),
    ],
)
def test_other_split_or_order_has_another_hash(parts: tuple[bytes, ...]) -> None:
    assert fingerprint_of(*parts) != fingerprint_of(b"POST", b"/timers", b"{}")


def test_hash_is_stable_across_releases() -> None:
    # printf '\0\0\0\0\0\0\0\003abc' | sha256sum
    known = "c3494ca1a2cf8eeb8a11ded316fb55b83c3bbbedb6313cd50415251e5d09e12f"
    assert fingerprint_of(b"abc") == known
