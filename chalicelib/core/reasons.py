"""Reasons why the id of a record is refused. Contract section 7."""

from enum import Enum

from chalicelib.core.errors import InvalidAttribute


class Reason(Enum):
    """What is wrong with an id, where the error document itself does not say it."""

    NOT_GIVEN = "not_given"
    UNKNOWN = "unknown"
    """There is no such record, or the caller cannot use it."""
    ARCHIVED = "archived"
    TIME_TRACKING_DISABLED = "time_tracking_disabled"


def refused_id(name: str, reason: Reason, detail: str | None = None) -> InvalidAttribute:
    """Return the error for an id. Its ``meta`` has the reason."""
    return InvalidAttribute(name, detail, meta={"reason": reason.value})
