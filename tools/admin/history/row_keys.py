"""The keys that let each row be imported once. They never expire. Decision 0034."""

from chalicelib.core.idempotency import IdempotencyKey, fingerprint_of
from chalicelib.core.permissions import Caller
from tools.admin.history.names import normalized
from tools.admin.history.rows import HistoryRow

_NO_PERSON = 0


def key_of_row(caller: Caller, person_id: int, row: HistoryRow) -> IdempotencyKey:
    """Return the key of a row among those of its person. The erasure of the person removes it."""
    return _key(caller, person_id, row.digest)


def lasting_key_of_row(caller: Caller, row: HistoryRow) -> IdempotencyKey:
    """Return the key of a row that stays when its person is erased: it has only a digest.

    It depends on how the file names the person, but on no record of a person.
    """
    named = row.email or normalized(row.person)
    digest = fingerprint_of(b"lasting", row.digest.encode(), named.encode())
    return _key(caller, _NO_PERSON, digest)


def _key(caller: Caller, person_id: int, digest: str) -> IdempotencyKey:
    return IdempotencyKey(caller.organization.id, person_id, digest, digest, is_permanent=True)
