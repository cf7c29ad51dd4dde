import base64

import pytest

from chalicelib.api_tokens.authentication import digest, is_well_formed, new_token


def test_token_starts_with_the_stint_prefix() -> None:
    assert new_token().startswith("stint_")


def test_token_has_256_random_bits() -> None:
    random_part = new_token().removeprefix("stint_")
    assert len(base64.urlsafe_b64decode(random_part + "=")) == 32


def test_new_tokens_are_unique() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000


def test_new_token_is_well_formed() -> None:
    assert is_well_formed(new_token())


@pytest.mark.parametrize("token", ["x", "stint_abc-_123", "from-elsewhere", "x" * 200])
def test_printable_ascii_up_to_200_characters_is_well_formed(token: str) -> None:
    assert is_well_formed(token)


@pytest.mark.parametrize(
    "token", ["", "x" * 201, "t\u00f6ken", "to\nken", "to\x00ken", "token\x7f", "\u0661\u0662"]
)
def test_other_text_is_not_well_formed(token: str) -> None:
    assert not is_well_formed(token)


def test_hash_is_the_hexadecimal_sha_256() -> None:
    # Test vector of FIPS 180-2, appendix B.1.
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest("abc") == known


def test_hash_does_not_contain_the_token() -> None:
    token = new_token()
    assert token.removeprefix("stint_") not in digest(token)
