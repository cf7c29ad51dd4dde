"""Creates an organization with many people, each with a token and two time entries."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.lists import ORGANIZATION
from chalicelib.api_tokens.authentication import digest, new_token
from chalicelib.api_tokens.model import ApiToken, PersonTokens
from chalicelib.api_tokens.rules import decide_token_creation
from chalicelib.core.timestamps import local_date
from chalicelib.core.write_set import CreateRecord
from chalicelib.dynamodb.database import Database
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person, Role
from chalicelib.people.rules import create_person
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry

_SERVICE = 1294
_ENTRIES = 2


@dataclass(frozen=True, slots=True)
class Worker:
    """A person for a virtual user: the id, the token in clear text, the time entries."""

    person_id: int
    token: str
    entries: tuple[int, ...]


def create_workers(database: Database, count: int, now: int) -> list[Worker]:
    """Create a number of people, as the application itself does."""
    organization = Organization(ORGANIZATION, "Load Studio", "Europe/Zagreb", is_indexed=True)
    database.create(organization)
    database.create(Service(_SERVICE, ORGANIZATION, "Design"))
    return [_create_worker(database, organization, number, now) for number in range(1, count + 1)]


def _create_worker(database: Database, organization: Organization, number: int, now: int) -> Worker:
    person_id, token = 10_000 + number, new_token()
    person = Person(
        person_id, organization.id, "User", str(number), f"{number}@load.example", Role.MEMBER, now
    )
    database.commit(create_person(person), _request_token())
    api_token = ApiToken(person_id, organization.id, person_id, "load test", digest(token), now)
    records = decide_token_creation(person, PersonTokens(person_id, organization.id), api_token)
    database.commit(records, _request_token())
    entries = tuple(_entries(database, person, local_date(now, organization.zone), now))
    return Worker(person_id, token, entries)


def _entries(database: Database, person: Person, date: str, now: int) -> Iterator[int]:
    for number in range(_ENTRIES):
        owner = person.organization_id, person.id
        entry_id = person.id * 10 + number
        entry = TimeEntry(entry_id, *owner, _SERVICE, date, now, now, person.id)
        database.commit([CreateRecord(entry)], _request_token())
        yield entry_id


def _request_token() -> str:
    return secrets.token_hex(16)
