"""Notes of export files, checked by the API's rule."""

from chalicelib.core.errors import InvalidAttribute
from chalicelib.jsonapi.requests import Document
from chalicelib.time_entries.api import CREATION

_NOTE = next(declared for declared in CREATION if declared.name == "note")


def checked_note(text: str) -> str | None:
    """Return a note as the API would take it; None if it is blank. Raises ``ValueError``."""
    try:
        note: str | None = _NOTE.read(Document(attributes={"note": text}))
    except InvalidAttribute as error:
        raise ValueError(f"note: {error.detail}") from error
    return note
