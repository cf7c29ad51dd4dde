"""How keys are spelled. Pure.

Sort keys are text, so numbers in them are zero-padded: ten digits hold an instant, sixteen an id.
"""

import re
from datetime import date

from chalicelib.domain.instants import LAST_INSTANT
from chalicelib.domain.queries import BadPosition
from chalicelib.domain.tallies import PersonDay, day_date, day_number

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

_TALLY = re.compile(
    r"(?P<organization>[0-9]+)(?:#(?P<person>[0-9]+)|#rolled#(?P<ledger>[0-9-]{10}))?", re.ASCII
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


def organization_day(day: int) -> str:
    """An organization's UTC day. Spelled otherwise than a person's: only those are watched."""
    return f"day#{tally_bucket(day)}"


def tally_month(month: str) -> str:
    """A month, given as ``2026-11``, of a person or of an organization."""
    return f"month#{month}"


def rolled_up(name: PersonDay) -> dict[str, str]:
    """The ledger of what was rolled up of a person's day.

    Together with those of everybody else's same day, which the organization's day is the sum of.
    """
    return {
        "scope": f"{name.organization_id}#rolled#{tally_bucket(name.day)}",
        "bucket": f"person#{name.person_id:016d}",
    }


def person_day(scope: str, bucket: str) -> PersonDay | None:
    """The person's day that a key of the tallies names; None where it names anything else."""
    match = _TALLY.fullmatch(scope)
    if match is None or match["person"] is None or "#" in bucket:
        return None
    return PersonDay(
        int(match["organization"]), int(match["person"]), day_number(date.fromisoformat(bucket))
    )


def rolled_up_day(scope: str, bucket: str) -> PersonDay | None:
    """The person's day whose ledger a key of the tallies names, if it names one."""
    match = _TALLY.fullmatch(scope)
    if match is None or match["ledger"] is None:
        return None
    day = day_number(date.fromisoformat(match["ledger"]))
    return PersonDay(int(match["organization"]), int(bucket.removeprefix("person#")), day)
