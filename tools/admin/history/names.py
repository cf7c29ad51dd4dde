"""Names of people and services as products write them: compared without case and accents."""

import unicodedata

# Letters that Unicode does not decompose into a letter and an accent.
_PLAIN_LETTERS = str.maketrans({"đ": "d", "ð": "d", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe"})


def normalized(text: str) -> str:
    """Return a name without case, accents and superfluous spaces, for comparisons."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(letters.translate(_PLAIN_LETTERS).split())


def split_name(name: str) -> tuple[str, str]:
    """Return the first and the last name of a person. One word is both: neither may be empty."""
    first, _, last = " ".join(name.split()).partition(" ")
    return first, last or first
