"""The text of pairing codes: 60 random bits, as 12 characters that are easy to read and to type.

The characters are Crockford's Base32: no I, L, O and U. What a person types is read generously.
"""

import hashlib
import secrets

_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 12
_GROUP = 4
_SIMILAR = str.maketrans("OIL", "011")


def new_code() -> str:
    """Generate a code, as it is shown: ``7K3M-Q9XA-04TP``."""
    code = "".join(secrets.choice(_CHARACTERS) for _ in range(_LENGTH))
    return "-".join(code[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def digest_of_code(text: str) -> str | None:
    """Return the hash of the code in a text, under which it is stored; None: it is no code.

    Case, spaces and punctuation do not matter; O counts as 0, I and L as 1.
    """
    typed = "".join(filter(str.isalnum, text))
    code = typed.upper().translate(_SIMILAR)
    # Some other letters become ASCII letters in upper case.
    if not typed.isascii() or len(code) != _LENGTH or not set(code) <= set(_CHARACTERS):
        return None
    return hashlib.sha256(code.encode()).hexdigest()
