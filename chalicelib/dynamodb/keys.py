"""The formats of keys. Pure.

Sort keys are texts, so numbers in them have leading zeros: timestamps have 10 digits, ids 16.
"""

import re
from datetime import date

from chalicelib.core.lists import InvalidPosition
from chalicelib.core.timestamps import MAX_TIMESTAMP
from chalicelib.counters.model import (
    Bucket,
    CounterKey,
    CounterScope,
    EntryMonth,
    Listed,
    PersonDay,
    day_date,
    day_number,
)

RUNNING_SHARDS = 8
"""Partitions of the index of running timers: about 1,000 starts and stops per second for each."""

DELETED = "deleted"
"""The only partition of the index of deleted time entries that still have timers: they are few."""

RUNNING_TIMER = "running"
"""The sort key of a person state. The person's idempotency records are in the same partition."""

PAIRING = "pairing"
"""The sort key of a pairing, which is in a partition of its own."""

LIVE_TICKET = "live_ticket"
"""The sort key of a ticket of live updates, which is in a partition of its own."""

LIVE_CONNECTIONS = "live"
"""The sort key of a person's connections of live updates, beside the person state."""

NEVER = MAX_TIMESTAMP + 1
"""The stop of a running timer in sort keys: after every timestamp."""

_IDEMPOTENCY_PREFIX = "key#"
_ENTRIES = "#entries"
_SUMS = "#sums"
_POSITION = re.compile(r"(?:[0-9]{10}[!#$]|[0-9]{4}-[0-9]{2}-[0-9]{2}#)([0-9]{16})", re.ASCII)
_SCOPE = re.compile(
    r"(?P<organization>[0-9]+)(?:#service#(?P<service>[0-9]+)|#(?P<person>[0-9]+))?"
    rf"(?P<entries>{_ENTRIES})?",
    re.ASCII,
)
_SUMS_SCOPE = re.compile(
    rf"(?P<organization>[0-9]+){_SUMS}(?:#services|#(?P<month>[0-9]{{4}}-[0-9]{{2}}))?", re.ASCII
)
_SUMS_BUCKET = re.compile(
    r"(?:month#(?P<month>[0-9]{4}-[0-9]{2})|person#(?P<person>[0-9]+))(?:#service#(?P<service>[0-9]+))?",
    re.ASCII,
)
_ROLLED_UP_SCOPE = re.compile(r"(?P<organization>[0-9]+)#rolled#(?P<period>[0-9-]+)", re.ASCII)
_COUNTER_BUCKET = re.compile(
    r"(?P<month>[0-9]{4}-[0-9]{2})(?:-(?P<day>[0-9]{2})|#(?P<service>[0-9]+))", re.ASCII
)


def scoped(organization_id: int, record_id: int | str) -> str:
    """The key of a record of an organization, such as a timer, a time entry or a person state."""
    return f"{organization_id}#{record_id}"


def of_kind(organization_id: int, kind: str, record_id: int | None = None) -> str:
    """The key of an organization's records of a kind; with an id, of those of one record."""
    key = scoped(organization_id, kind)
    return key if record_id is None else f"{key}#{record_id}"


def directory(kind: str, record_id: int | str) -> str:
    """The sort key of a record in the directory table: sorted by kind, then by id."""
    rest = record_id if isinstance(record_id, str) else f"{record_id:016d}"
    return f"{directory_kind(kind)}{rest}"


def directory_kind(kind: str) -> str:
    """The prefix of the sort keys of all records of a kind in the directory table."""
    return f"{kind}#"


def timestamp_key(timestamp: int | None, record_id: int, order: str = "#") -> str:
    """The sort key of a timestamp and a record; None: the timer runs, after every timestamp.

    ``order`` sorts records of one timestamp before their ids do: ``!``, ``#``, ``$``.
    """
    return f"{timestamp_prefix(NEVER if timestamp is None else timestamp)}{order}{record_id:016d}"


def started_key(started_at: int, stopped_at: int | None, timer_id: int, *, is_edited: bool) -> str:
    """The sort key of a timer by start, which is also the order of a person's timers by stop.

    Of the sessions that start in one second, all but the last have 0 seconds. Ids have that order
    as long as nobody edits or inserts one of them.
    """
    if not is_edited:
        return timestamp_key(started_at, timer_id)
    return timestamp_key(started_at, timer_id, "!" if started_at == stopped_at else "$")


def timestamp_prefix(timestamp: int) -> str:
    """The prefix of the sort keys of a timestamp. Sorts before all of them."""
    return f"{timestamp:010d}"


def date_key(date_: str, record_id: int) -> str:
    """The sort key of a date (``2026-11-24``) and a record."""
    return f"{date_}#{record_id:016d}"


def record_id_in(position: str) -> int:
    """The record id in a key from :func:`timestamp_key` or :func:`date_key`.

    Raises ``InvalidPosition`` for other texts.
    """
    match = _POSITION.fullmatch(position)
    if match is None:
        raise InvalidPosition(position)
    return int(match[1])


def range_after(begin: str, end: str, position: str, *, backwards: bool) -> tuple[str, str]:
    """The part of a range of keys that follows a position, both ends included.

    The result is empty (its begin is after its end) if nothing follows. DynamoDB rejects an
    ``ExclusiveStartKey`` outside the range of a query, and a client's cursor can be outside: its
    row moved, or the cursor is forged. A range has no such limit.

    :param position: a key from :func:`timestamp_key` or :func:`date_key`.
    :raises InvalidPosition: for other texts.
    """
    record_id_in(position)
    if backwards:
        # After every key that sorts before the position: "12~" is between "12" and "13".
        return begin, min(end, f"{position[:-1]}{chr(ord(position[-1]) - 1)}~")
    return max(begin, f"{position}!"), end


def idempotency(digest: str) -> str:
    """The sort key of an idempotency record."""
    return f"{_IDEMPOTENCY_PREFIX}{digest}"


def pairing(digest: str) -> str:
    """The partition of a pairing. It does not begin with an organization's id."""
    return f"{PAIRING}#{digest}"


def live_ticket(digest: str) -> str:
    """The partition of a ticket. It does not begin with an organization's id."""
    return f"{LIVE_TICKET}#{digest}"


def shard(timer_id: int) -> str:
    """The partition of a timer in the index of running timers."""
    return str(timer_id % RUNNING_SHARDS)


def day_bucket_name(day: int) -> str:
    """The date of a UTC day (in days since 1970-01-01), such as ``2026-11-24``."""
    return day_date(day).isoformat()


def counter(key: CounterKey) -> dict[str, str]:
    """The item key of a counter.

    Only these sort keys begin with a year: the stream's filter passes only these.
    """
    scope = scoped(key.organization_id, key.person_id)
    match key:
        case PersonDay():
            return {"scope": scope, "bucket": day_bucket_name(key.day)}
        case EntryMonth():
            return {"scope": entries_scope(scope), "bucket": f"{key.month}#{key.service_id}"}


def entries_scope(owner: str) -> str:
    """The partition of the counters of a person's time entries; ``owner`` is their scoped id."""
    return f"{owner}{_ENTRIES}"


def organization_day(day: int) -> str:
    """The sort key of an organization's UTC day of timers (in days since 1970-01-01)."""
    return bucket_name(day_bucket_name(day))


def rolled_up(key: CounterKey) -> dict[str, str]:
    """The item key of a counter's rolled-up record.

    The records of an organization's day or month are in one partition.
    """
    person = f"person#{key.person_id:016d}"
    match key:
        case PersonDay():
            period, bucket = day_bucket_name(key.day), person
        case EntryMonth():
            period, bucket = key.month, f"{person}#service#{key.service_id:016d}"
    return {"scope": rolled_up_scope(key.organization_id, period), "bucket": bucket}


def rolled_up_scope(organization_id: int, period: str) -> str:
    """The partition of the rolled-up records of a UTC day (timers) or month (time entries)."""
    return f"{organization_id}#rolled#{period}"


def counter_scope(scope: CounterScope) -> str:
    """The partition of a scope's buckets."""
    key = str(scope.organization_id)
    if scope.listed is Listed.SUMS:
        return f"{key}{_SUMS}" if scope.service_id is None else f"{key}{_SUMS}#services"
    if scope.person_id is not None:
        key = scoped(scope.organization_id, scope.person_id)
    elif scope.service_id is not None:
        key = f"{key}#service#{scope.service_id}"
    return key if scope.listed is Listed.TIMERS else f"{key}{_ENTRIES}"


def bucket(bucket_: Bucket) -> dict[str, str]:
    """The item key of a bucket."""
    scope, when = bucket_.scope, bucket_.when
    if scope.listed is not Listed.SUMS or scope.service_id is None:
        return {"scope": counter_scope(scope), "bucket": bucket_name(when)}
    if scope.person_id is None:
        return {
            "scope": counter_scope(scope),
            "bucket": f"{bucket_name(when)}#service#{scope.service_id}",
        }
    return {
        "scope": person_sums_scope(scope.organization_id, when),
        "bucket": f"{person_sums_prefix(scope.person_id)}{scope.service_id}",
    }


def person_sums_prefix(person_id: int) -> str:
    """The prefix of the sort keys of a person's sums in :func:`person_sums_scope`."""
    return f"person#{person_id}#service#"


def person_sums_scope(organization_id: int, month: str) -> str:
    """The partition of an organization's sums of a month by person and service."""
    return f"{organization_id}{_SUMS}#{month}"


def bucket_name(period: str) -> str:
    """The sort key of a bucket: a month (``2026-11``) or a UTC day (``2026-11-24``)."""
    return f"{'month' if len(period) == len('2026-11') else 'day'}#{period}"


def counter_key_in(scope: str, bucket: str) -> CounterKey | None:
    """The counter with this item key; None if it is the key of another item."""
    match = _SCOPE.fullmatch(scope)
    period = _COUNTER_BUCKET.fullmatch(bucket)
    if match is None or period is None or match["person"] is None:
        return None
    organization_id, person_id = int(match["organization"]), int(match["person"])
    if match["entries"] is None and period["day"] is not None:
        return PersonDay(organization_id, person_id, day_number(date.fromisoformat(bucket)))
    if match["entries"] is not None and period["service"] is not None:
        return EntryMonth(organization_id, person_id, int(period["service"]), period["month"])
    return None


def rolled_up_key_in(scope: str, bucket: str) -> CounterKey | None:
    """The counter whose rolled-up record has this item key; None if it is of another item."""
    match = _ROLLED_UP_SCOPE.fullmatch(scope)
    if match is None:
        return None
    organization_id, period = int(match["organization"]), match["period"]
    _, person_id, *service = bucket.split("#")
    if service:
        return EntryMonth(organization_id, int(person_id), int(service[1]), period)
    return PersonDay(organization_id, int(person_id), day_number(date.fromisoformat(period)))


def bucket_in(scope: str, bucket: str) -> Bucket | None:
    """The bucket with this item key; None if it is of a counter or a rolled-up record."""
    if (match := _SUMS_SCOPE.fullmatch(scope)) is not None:
        return _sums_bucket(match, bucket)
    match = _SCOPE.fullmatch(scope)
    kind, _, period = bucket.partition("#")
    if match is None or kind not in ("month", "day"):
        return None
    person_id, service_id = (
        None if match[name] is None else int(match[name]) for name in ("person", "service")
    )
    listed = Listed.TIMERS if match["entries"] is None else Listed.TIME_ENTRIES
    return Bucket(CounterScope(listed, int(match["organization"]), person_id, service_id), period)


def _sums_bucket(scope: re.Match[str], bucket: str) -> Bucket | None:
    match = _SUMS_BUCKET.fullmatch(bucket)
    if match is None:
        return None
    person_id, service_id = (
        None if match[name] is None else int(match[name]) for name in ("person", "service")
    )
    sums = CounterScope(Listed.SUMS, int(scope["organization"]), person_id, service_id)
    return Bucket(sums, scope["month"] or match["month"])
