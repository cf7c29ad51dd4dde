"""Demo data with fixed ids, so that the requests of the source document can be pasted.

Timers are not written directly: they are started and stopped by the same decisions and
transactions as real ones, so that person states, time entries and counters agree with them.
"""

import secrets
from dataclasses import dataclass

from chalicelib.api_tokens.rules import decide_token
from chalicelib.core.timestamps import local_date
from chalicelib.core.write_set import Changes, EntryTallying
from chalicelib.domain.directory import ApiToken, Organization, Person, Role, Service, TokenList
from chalicelib.domain.records import CreateRecord, RecordChange
from chalicelib.domain.timers import TimeEntry, TrackMethod
from chalicelib.domain.tokens import digest
from chalicelib.dynamodb.database import Store
from chalicelib.dynamodb.items import Record
from chalicelib.dynamodb.transactions import Commit
from chalicelib.people.rules import adding
from chalicelib.timers.rules import Drawn, decide_start, decide_stop

_MINUTE = 60
_HOUR = 60 * _MINUTE

ZAGREB = Organization(2149, "Adriatic Studio", "Europe/Zagreb")
KOLKATA = Organization(2150, "Bengal Works", "Asia/Kolkata")

TOKENS = {
    "demo-admin": (ZAGREB, 8779, Role.ADMIN),
    "demo-member": (ZAGREB, 8784, Role.MEMBER),
    "demo-other": (KOLKATA, 8786, Role.ADMIN),
    "demo-other-member": (KOLKATA, 8788, Role.MEMBER),
}
"""Tokens in clear text, with the organization, person id and role. For demonstration only."""


@dataclass(frozen=True, slots=True)
class _Session:
    """A timer; ``started`` and ``stopped`` are seconds before the data was loaded."""

    timer_id: int
    person_id: int
    time_entry_id: int
    started: int
    stopped: int | None = None


_SESSIONS = (
    _Session(9, 8779, 364, started=3 * _HOUR, stopped=2 * _HOUR),
    _Session(10, 8779, 364, started=30 * _MINUTE),
    _Session(11, 8784, 365, started=20 * _MINUTE),
    _Session(16, 8796, 367, started=_HOUR),
)


def load_demo_data(store: Store, now: int) -> bool:
    """Load the demo data as of the timestamp ``now``, in seconds.

    Returns False, and writes nothing, if the demo organization exists, even if it was changed.
    """
    if not store.create(ZAGREB):
        return False
    for record in _records():
        store.create(record)
    for entry in _entries(now):
        _create_entry(store, entry)
    for number, person in enumerate(_people(now), start=1):
        _commit(store, *adding(person))
        _commit(store, *_token(person, number, now))
    for session in _SESSIONS:
        _run_session(store, session, now)
    return True


def _records() -> list[Record]:
    services = [
        Service(1294, 2149, "Design", position=1),
        Service(1296, 2149, "Development", position=2),
        Service(1300, 2150, "Translation", position=1),
        Service(1301, 2150, "Internal meetings", billable=False, position=2),
    ]
    return [KOLKATA, *services]


def _entries(now: int) -> list[TimeEntry]:
    return [
        _entry(364, ZAGREB, 8779, 1294, now),
        _entry(365, ZAGREB, 8784, 1294, now),
        _entry(366, ZAGREB, 8779, 1296, now),
        _entry(367, ZAGREB, 8796, 1296, now),
        _entry(368, KOLKATA, 8786, 1300, now),
        _entry(369, KOLKATA, 8786, 1301, now),
    ]


def _people(now: int) -> list[Person]:
    created = now - 24 * _HOUR
    return [
        Person(8779, 2149, "Ana", "Horvat", "ana@adriatic.example", Role.ADMIN, created),
        Person(8784, 2149, "Ivan", "Babić", "ivan@adriatic.example", Role.MEMBER, created),
        Person(8796, 2149, "Mia", "Kovač", "mia@adriatic.example", Role.MEMBER, created),
        Person(8786, 2150, "Asha", "Sen", "asha@bengal.example", Role.ADMIN, created),
        Person(8788, 2150, "Ravi", "Das", "ravi@bengal.example", Role.MEMBER, created),
    ]


def _token(person: Person, number: int, now: int) -> tuple[RecordChange, ...]:
    """Return the changes that give a person their demo token, if they have one."""
    for token, (_, person_id, _) in TOKENS.items():
        if person_id == person.id:
            owner = person.organization_id, person.id
            new_token = ApiToken(number, *owner, "demo", digest(token), now)
            return decide_token(person, TokenList(person.id, person.organization_id), new_token)
    return ()


def _commit(store: Store, *records: RecordChange) -> None:
    if records:
        store.commit(Commit(None, records=records), secrets.token_hex(16))


def _create_entry(store: Store, entry: TimeEntry) -> None:
    """Put a time entry and count it."""
    counters = EntryTallying()
    counters.came(entry)
    scope = entry.organization_id, entry.person_id
    counter_changes = Changes(*scope, entry.created_at, None, entry_tallies=counters.changes())
    store.commit(Commit(counter_changes, records=(CreateRecord(entry),)), secrets.token_hex(16))


def _entry(
    entry_id: int, organization: Organization, person_id: int, service_id: int, now: int
) -> TimeEntry:
    return TimeEntry(
        id=entry_id,
        organization_id=organization.id,
        person_id=person_id,
        service_id=service_id,
        date=local_date(now, organization.zone),
        created_at=now,
        updated_at=now,
        creator_id=person_id,
        track_method=TrackMethod.TIMER,
    )


def _run_session(store: Store, session: _Session, now: int) -> None:
    state = store.start_state(ZAGREB.id, session.person_id, time_entry_id=session.time_entry_id)
    if state.time_entry is None:
        raise LookupError(f"demo time entry {session.time_entry_id} is missing")
    generated = Drawn(now - session.started, session.timer_id, 0)
    started = decide_start(state.slot, state.time_entry, ZAGREB, generated)
    store.commit(Commit(started.changes), secrets.token_hex(16))
    if session.stopped is not None:
        stopped = decide_stop(started.timer, now - session.stopped)
        if stopped.changes is not None:
            store.commit(Commit(stopped.changes), secrets.token_hex(16))
