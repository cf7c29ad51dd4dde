"""The text of pairing codes."""

import re

import pytest

from chalicelib.pairings.codes import digest_of_code, new_code


def test_codes_have_sixty_random_bits_and_no_similar_characters() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    group = "[0-9A-HJKMNP-TV-Z]{4}"
    assert all(re.fullmatch(f"{group}-{group}-{group}", code) for code in codes)
    assert set("".join(codes)) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")


@pytest.mark.parametrize(
    "typed",
    [
        "7K3M-Q0XA-14TP",
        "7k3m q0xa 14tp",
        "  7K3MQ0XA14TP\t",
        "7K3M\u2013Q0XA\u201414TP",
        "7K3M-QOXA-I4TP",
        "7k3m.qoxa.l4tp",
    ],
)
def test_typed_code_is_read_generously(typed: str) -> None:
    assert digest_of_code(typed) == digest_of_code("7K3MQ0XA14TP") is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7K3M",
        "7K3M-Q0XA-14T",
        "7K3M-Q0XA-14TPP",
        "UUUU-UUUU-UUUU",
        "\uff17K3MQ0XA14TP",
        "ß" * 6,
    ],
)
def test_other_texts_are_no_codes(text: str) -> None:
    assert digest_of_code(text) is None
