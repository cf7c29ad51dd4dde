"""API tokens: random, prefixed, shown once; kept and looked up by their SHA-256 alone.

A token carries 256 random bits, so that a plain digest is as good as a salted, slow one: there is
nothing to guess.
"""

import hashlib
import secrets

PREFIX = "stint_"
_BYTES = 32
_LONGEST = 200


def new_token() -> str:
    """A fresh token. The prefix lets secret scanners and people recognise a leaked one."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def well_formed(token: str) -> bool:
    """Whether it can be a token at all: printable ASCII of a sane length."""
    return 0 < len(token) <= _LONGEST and token.isascii() and token.isprintable()


def digest(token: str) -> str:
    """The hexadecimal SHA-256 under which the token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()
