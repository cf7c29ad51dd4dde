"""Creates an organization with many people, each with a token and two time entries."""

import secrets
from collections.abc import Iterator

from benchmarks.lists import ORGANIZATION
from chalicelib.api_tokens.rules import decide_token
from chalicelib.core.timestamps import local_date
from chalicelib.core.write_set import Changes, EntryTallying
from chalicelib.dataclass import dataclass
from chalicelib.domain.directory import ApiToken, Organization, Person, Role, Service, TokenList
from chalicelib.domain.records import CreateRecord
from chalicelib.domain.timers import TimeEntry
from chalicelib.domain.tokens import digest, new_token
from chalicelib.dynamodb.database import Store
from chalicelib.dynamodb.transactions import Commit
from chalicelib.people.rules import adding

_SERVICE = 1294
_ENTRIES = 2


@dataclass(frozen=True, slots=True)
class Worker:
    """A person for a virtual user: the id, the token in clear text, the time entries."""

    person_id: int
    token: str
    entries: tuple[int, ...]


def hire(store: Store, count: int, now: int) -> list[Worker]:
    """Create a number of people, as the application itself does."""
    organization = Organization(ORGANIZATION, "Load Studio", "Europe/Zagreb")
    store.create(organization)
    store.create(Service(_SERVICE, ORGANIZATION, "Design"))
    return [_create_worker(store, organization, number, now) for number in range(1, count + 1)]


def _create_worker(store: Store, organization: Organization, number: int, now: int) -> Worker:
    person_id, token = 10_000 + number, new_token()
    person = Person(
        person_id, organization.id, "Phone", str(number), f"{number}@load.example", Role.MEMBER, now
    )
    store.commit(Commit(None, records=adding(person)), _request_token())
    api_token = ApiToken(person_id, organization.id, person_id, "phone", digest(token), now)
    records = decide_token(person, TokenList(person_id, organization.id), api_token)
    store.commit(Commit(None, records=records), _request_token())
    entries = tuple(_entries(store, person, local_date(now, organization.zone), now))
    return Worker(person_id, token, entries)


def _entries(store: Store, person: Person, date: str, now: int) -> Iterator[int]:
    for number in range(_ENTRIES):
        owner = person.organization_id, person.id
        entry_id = person.id * 10 + number
        entry = TimeEntry(entry_id, *owner, _SERVICE, date, now, now, person.id)
        counters = EntryTallying()
        counters.came(entry)
        counter_changes = Changes(*owner, now, None, entry_tallies=counters.changes())
        store.commit(Commit(counter_changes, records=(CreateRecord(entry),)), _request_token())
        yield entry_id


def _request_token() -> str:
    return secrets.token_hex(16)
