"""Demo data with fixed ids, so that the requests of the source document can be pasted.

Timers are not written directly: they are started and stopped by the same decisions and
transactions as real ones, so that person states, time entries and counters agree with them.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from chalicelib.api_tokens.authentication import digest
from chalicelib.api_tokens.model import ApiToken, PersonTokens
from chalicelib.api_tokens.rules import decide_token_creation
from chalicelib.core.timestamps import local_date
from chalicelib.core.write_set import CreateRecord, RecordWrite
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person, Role
from chalicelib.people.rules import create_person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry, TrackMethod
from chalicelib.timers.model import PersonState
from chalicelib.timers.rules import GeneratedIds, decide_start, decide_stop

_MINUTE = 60
_HOUR = 60 * _MINUTE

ZAGREB = Organization(2149, "Adriatic Studio", "Europe/Zagreb", is_indexed=True)
KOLKATA = Organization(2150, "Bengal Works", "Asia/Kolkata", is_indexed=True)

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


LONG_ID = 912_345_678_901_234
"""A person's id as long as those of real stages: a client with 32 bits for it fails here too."""

_SESSIONS = (
    _Session(9, 8779, 364, started=3 * _HOUR, stopped=2 * _HOUR),
    _Session(10, 8779, 364, started=30 * _MINUTE),
    _Session(11, 8784, 365, started=20 * _MINUTE),
    _Session(16, 8796, 367, started=_HOUR),
    _Session(17, LONG_ID, 370, started=2 * _HOUR, stopped=_HOUR),
)


def load_demo_data(database: Database, now: int) -> bool:
    """Load the demo data as of the timestamp ``now``, in seconds.

    Returns False, and writes nothing, if there is an organization or any other record already.
    """
    # Every other record belongs to one of the directory.
    if next(iter(DirectoryModel.scan(limit=1)), None) is not None:
        return False
    database.create(ZAGREB)
    for record in _records():
        database.create(record)
    for entry in _entries(now):
        _create_entry(database, entry)
    for number, person in enumerate(_people(now), start=1):
        _commit(database, *create_person(person))
        _commit(database, *_token(person, number, now))
    for session in _SESSIONS:
        _run_session(database, session, now)
    return True


def _records() -> list[Any]:
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
        _entry(370, ZAGREB, LONG_ID, 1296, now),
    ]


def _people(now: int) -> list[Person]:
    created = now - 24 * _HOUR
    return [
        Person(8779, 2149, "Ana", "Horvat", "ana@adriatic.example", Role.ADMIN, created),
        Person(8784, 2149, "Ivan", "Babić", "ivan@adriatic.example", Role.MEMBER, created),
        Person(8796, 2149, "Mia", "Kovač", "mia@adriatic.example", Role.MEMBER, created),
        Person(8786, 2150, "Asha", "Sen", "asha@bengal.example", Role.ADMIN, created),
        Person(8788, 2150, "Ravi", "Das", "ravi@bengal.example", Role.MEMBER, created),
        Person(LONG_ID, 2149, "Lea", "Novak", "lea@adriatic.example", Role.MEMBER, created),
    ]


def _token(person: Person, number: int, now: int) -> tuple[RecordWrite, ...]:
    """Return the writes that give a person their demo token, if they have one."""
    for token, (_, person_id, _) in TOKENS.items():
        if person_id == person.id:
            owner = person.organization_id, person.id
            new_token = ApiToken(number, *owner, "demo", digest(token), now)
            return decide_token_creation(
                person, PersonTokens(person.id, person.organization_id), new_token
            )
    return ()


def _commit(database: Database, *records: RecordWrite) -> None:
    if records:
        database.commit(records, secrets.token_hex(16))


def _create_entry(database: Database, entry: TimeEntry) -> None:
    """Put a time entry. The transaction counts it."""
    database.commit([CreateRecord(entry)], secrets.token_hex(16))


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


def _run_session(database: Database, session: _Session, now: int) -> None:
    wanted = [(PersonState, session.person_id), (TimeEntry, session.time_entry_id)]
    loaded = database.get_many(ZAGREB.id, wanted)
    state = loaded.require(PersonState, session.person_id)
    entry = loaded.get(TimeEntry, session.time_entry_id)
    if entry is None:
        raise LookupError(f"demo time entry {session.time_entry_id} is missing")
    generated = GeneratedIds(now - session.started, session.timer_id, 0)
    started = decide_start(state, entry, ZAGREB, generated)
    database.commit([started.write_set], secrets.token_hex(16))
    if session.stopped is not None:
        stopped = decide_stop(started.timer, now - session.stopped)
        if stopped.write_set is not None:
            database.commit([stopped.write_set], secrets.token_hex(16))
