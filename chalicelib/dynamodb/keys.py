"""How keys are spelled. Pure.

Sort keys are text, so numbers in them are zero-padded: ten digits hold an instant, sixteen an id.
"""

import re
from datetime import date

from chalicelib.core.timestamps import LAST_INSTANT
from chalicelib.counters.model import (
    Bucket,
    EntryMonth,
    Listed,
    PersonDay,
    TallyName,
    TallyScope,
    day_date,
    day_number,
)
from chalicelib.domain.queries import BadPosition

RUNNING_SHARDS = 8
"""Partitions of the index of running timers: about 1,000 starts and stops a second each."""

DELETED = "deleted"
"""The one partition of the index of deleted time entries that still have timers: few are."""

RUNNING_SLOT = "running"
"""The range key of a person's running slot, beside their idempotency records."""

_POSITION = re.compile(r"(?:[0-9]{10}|[0-9]{4}-[0-9]{2}-[0-9]{2})#([0-9]{16})", re.ASCII)
_KEPT = "key#"

ENDLESS = LAST_INSTANT + 1
"""Stands for the stop of a timer that still runs: later than every instant."""

_ENTRIES = "#entries"
_TALLY = re.compile(
    r"(?P<organization>[0-9]+)(?:#service#(?P<service>[0-9]+)|#(?P<person>[0-9]+))?"
    rf"(?P<entries>{_ENTRIES})?",
    re.ASCII,
)
_LEDGERS = re.compile(r"(?P<organization>[0-9]+)#rolled#(?P<when>[0-9-]+)", re.ASCII)
_WHEN = re.compile(
    r"(?P<month>[0-9]{4}-[0-9]{2})(?:-(?P<day>[0-9]{2})|#(?P<service>[0-9]+))", re.ASCII
)


def scoped(organization_id: int, record_id: int | str) -> str:
    """A record of an organization: the key of a timer, an entry, a person's slot or tallies."""
    return f"{organization_id}#{record_id}"


def directory(kind: str, record_id: int | str) -> str:
    """A record of an organization's directory; sorts by kind, then by id."""
    rest = record_id if isinstance(record_id, str) else f"{record_id:016d}"
    return f"{directory_kind(kind)}{rest}"


def directory_kind(kind: str) -> str:
    """What the keys of all records of a kind begin with."""
    return f"{kind}#"


def at(instant: int | None, record_id: int) -> str:
    """An instant and the id that breaks ties; None, still running, sorts after every instant."""
    return f"{begin(ENDLESS if instant is None else instant)}#{record_id:016d}"


def on(date_: str, record_id: int) -> str:
    """A date (``2026-11-24``) and the id that breaks ties."""
    return f"{date_}#{record_id:016d}"


def kept_outcome(digest: str) -> str:
    """The range key of what a request with an idempotency key answered."""
    return f"{_KEPT}{digest}"


def id_in(position: str) -> int:
    """The id in a sort key that :func:`at` or :func:`on` made. Raises ``BadPosition`` otherwise."""
    match = _POSITION.fullmatch(position)
    if match is None:
        raise BadPosition(position)
    return int(match[1])


def begin(instant: int) -> str:
    """Sorts before everything at that instant, and after everything before it."""
    return f"{instant:010d}"


def shard(timer_id: int) -> str:
    """The partition of a running timer in the index of running timers."""
    return str(timer_id % RUNNING_SHARDS)


def tally_bucket(day: int) -> str:
    """A person's UTC day, given in days since 1970-01-01, as ``2026-11-24``."""
    return day_date(day).isoformat()


def tally(name: TallyName) -> dict[str, str]:
    """The tally that acts write. Only these begin with a year: only these are watched."""
    scope = scoped(name.organization_id, name.person_id)
    match name:
        case PersonDay():
            return {"scope": scope, "bucket": tally_bucket(name.day)}
        case EntryMonth():
            return {"scope": f"{scope}{_ENTRIES}", "bucket": f"{name.month}#{name.service_id}"}


def organization_day(day: int) -> str:
    """An organization's UTC day of timers, given in days since 1970-01-01."""
    return tally_when(tally_bucket(day))


def ledger(name: TallyName) -> dict[str, str]:
    """What was rolled up of a tally: together with everybody else's of the same day or month."""
    person = f"person#{name.person_id:016d}"
    match name:
        case PersonDay():
            when, bucket = tally_bucket(name.day), person
        case EntryMonth():
            when, bucket = name.month, f"{person}#service#{name.service_id:016d}"
    return {"scope": ledgers(name.organization_id, when), "bucket": bucket}


def ledgers(organization_id: int, when: str) -> str:
    """The ledgers of an organization's UTC day (of timers) or month (of time entries)."""
    return f"{organization_id}#rolled#{when}"


def tally_scope(scope: TallyScope) -> str:
    """The partition of a scope's buckets."""
    key = str(scope.organization_id)
    if scope.person_id is not None:
        key = scoped(scope.organization_id, scope.person_id)
    elif scope.service_id is not None:
        key = f"{key}#service#{scope.service_id}"
    return key if scope.listed is Listed.TIMERS else f"{key}{_ENTRIES}"


def tally_when(when: str) -> str:
    """A bucket's month or UTC day."""
    return f"{'month' if len(when) == len('2026-11') else 'day'}#{when}"


def tally_named(scope: str, bucket: str) -> TallyName | None:
    """The tally, written by acts, that a key names; None where it names anything else."""
    match = _TALLY.fullmatch(scope)
    when = _WHEN.fullmatch(bucket)
    if match is None or when is None or match["person"] is None:
        return None
    organization_id, person_id = int(match["organization"]), int(match["person"])
    if match["entries"] is None and when["day"] is not None:
        return PersonDay(organization_id, person_id, day_number(date.fromisoformat(bucket)))
    if match["entries"] is not None and when["service"] is not None:
        return EntryMonth(organization_id, person_id, int(when["service"]), when["month"])
    return None


def ledger_named(scope: str, bucket: str) -> TallyName | None:
    """The tally whose ledger a key names, if it names one."""
    match = _LEDGERS.fullmatch(scope)
    if match is None:
        return None
    organization_id, when = int(match["organization"]), match["when"]
    _, person_id, *service = bucket.split("#")
    if service:
        return EntryMonth(organization_id, int(person_id), int(service[1]), when)
    return PersonDay(organization_id, int(person_id), day_number(date.fromisoformat(when)))


def bucket_named(scope: str, bucket: str) -> Bucket | None:
    """The bucket that a key names; None where it names what acts write, or a ledger."""
    match = _TALLY.fullmatch(scope)
    kind, _, when = bucket.partition("#")
    if match is None or kind not in ("month", "day"):
        return None
    person_id, service_id = (
        None if match[name] is None else int(match[name]) for name in ("person", "service")
    )
    listed = Listed.TIMERS if match["entries"] is None else Listed.TIME_ENTRIES
    return Bucket(TallyScope(listed, int(match["organization"]), person_id, service_id), when)
