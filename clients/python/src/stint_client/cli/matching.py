"""Find a service by what a person typed of its name."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Record = TypeVar("Record")

# Letters that Unicode does not decompose into a letter and an accent.
_LETTERS = str.maketrans({"đ": "d", "ł": "l", "ø": "o", "ħ": "h", "æ": "ae", "œ": "oe"})


def fold(text: str) -> str:
    """Return a text without case, accents and surplus spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(letters.translate(_LETTERS).split())


def find_by_name(
    records: Iterable[Record], name: Callable[[Record], str], typed: str
) -> Sequence[Record]:
    """Return the records that a person can mean: one, several or none.

    An exact name is better than the same name without accents, that better than the beginning of
    a name, and that better than a part of it.
    """
    candidates = list(records)
    wanted = fold(typed)
    if not wanted:
        return []
    matches: tuple[Callable[[str], bool], ...] = (
        lambda text: text == typed,
        lambda text: fold(text) == wanted,
        lambda text: fold(text).startswith(wanted),
        lambda text: wanted in fold(text),
    )
    for is_match in matches:
        found = [record for record in candidates if is_match(name(record))]
        if found:
            return found
    return []
