"""What the headers of a write say: Idempotency-Key, If-Match, Client-Time.

Contract sections 4b, 4c and 8.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.api_tokens.model import Credential
from chalicelib.core.idempotency import IdempotencyKey

_DIGEST_DIGITS = 16


class IfMatch(Struct, frozen=True):
    """The versions of a record with which a request may change it. None: every version."""

    versions: frozenset[str] | None

    def matches(self, record: Any) -> bool:
        """Whether the record has one of the versions."""
        return self.versions is None or version_of(record) in self.versions


class WriteOptions(Struct, frozen=True):
    """The headers that every write takes. None: the request does not have the header.

    :param key: a repeated request gets the first request's result.
    :param lasting_key: another key, saved with the first one in the same transaction. It is not
        read, and no operation replays it.
    :param if_match: the record that the request names must have one of these versions.
    :param clock_skew: the seconds that were subtracted from the timestamps of the request.
    :param live_token: the token of the request as the process remembers it, if the write requires
        that it is unchanged; None for other writes, and for admin commands.
    :param is_history: whether an operator brings time of the past from another product: deactivated
        people and services that take no time may receive it. False for every request. Decision
        0034.
    """

    key: IdempotencyKey | None = None
    lasting_key: IdempotencyKey | None = None
    if_match: IfMatch | None = None
    clock_skew: int = 0
    live_token: Credential | None = None
    is_history: bool = False


NO_OPTIONS = WriteOptions()


def version_of(record: Any) -> str:
    """Return the version of a record: text that changes exactly when the record changes.

    It is the number in the record's field ``version``. A record without this field has a digest of
    its stored values instead, without those that its class names in ``unversioned``.
    """
    if hasattr(record, "version"):
        return str(record.version)
    values = msgspec.json.encode(values_of_version(record))
    return hashlib.sha256(values).hexdigest()[:_DIGEST_DIGITS]


def values_of_version(record: Any) -> Mapping[str, Any]:
    """Return the stored values that a record has as long as it has its present version."""
    if hasattr(record, "version"):
        return {"version": record.version}
    unversioned = getattr(record, "unversioned", ())
    return {name: value for name, value in asdict(record).items() if name not in unversioned}
