import base64

import pytest

from chalicelib.domain.tokens import digest, new_token, well_formed


def test_a_token_says_that_it_is_one_of_ours() -> None:
    assert new_token().startswith("stint_")


def test_a_token_carries_256_bits() -> None:
    random_part = new_token().removeprefix("stint_")
    assert len(base64.urlsafe_b64decode(random_part + "=")) == 32


def test_no_two_tokens_are_the_same() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000


def test_a_fresh_token_is_well_formed() -> None:
    assert well_formed(new_token())


@pytest.mark.parametrize("token", ["x", "stint_abc-_123", "from-elsewhere", "x" * 200])
def test_printable_ascii_of_a_sane_length_is_well_formed(token: str) -> None:
    assert well_formed(token)


@pytest.mark.parametrize(
    "token", ["", "x" * 201, "t\u00f6ken", "to\nken", "to\x00ken", "token\x7f", "\u0661\u0662"]
)
def test_anything_else_is_not(token: str) -> None:
    assert not well_formed(token)


def test_a_digest_is_the_sha_256_in_hexadecimal() -> None:
    # The vector of FIPS 180-2, appendix B.1.
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest("abc") == known


def test_a_digest_does_not_tell_the_token() -> None:
    token = new_token()
    assert token.removeprefix("stint_") not in digest(token)
