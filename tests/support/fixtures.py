"""Fixtures: two organizations with people, services, time entries and tokens."""

from dataclasses import dataclass, field
from typing import Any

from pynamodb.expressions.operand import Path
from pynamodb.models import Model

from chalicelib.admin_revisions.model import AdminAction, AdminRevision
from chalicelib.api_tokens.authentication import digest, new_token
from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens, TokenOwner
from chalicelib.counters.model import EntryCounterDeltas
from chalicelib.counters.repository import model_with_key
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.items import to_item
from chalicelib.events.model import EventType
from chalicelib.organizations.model import Organization
from chalicelib.people.model import ActiveAdmin, Person, Role, UniqueConstraint
from chalicelib.people.rules import email_constraint
from chalicelib.revisions.model import Revision, RevisionAction, RevisionSubject
from chalicelib.services.model import Service
from chalicelib.time_entries.model import TimeEntry
from chalicelib.webhooks.model import Webhook
from tests.support.tables import Items, all_items, empty_tables, replace_items

ADMIN = 8779
MEMBER = 8784
OTHER_MEMBER = 8796
STRANGER = 8786
DEACTIVATED = 8799

DESIGN = 1294
DEVELOPMENT = 1296
ARCHIVED = 1297
CLOSED = 1298
FOREIGN_SERVICE = 1300

ZAGREB = Organization(
    2149,
    "Adriatic Studio",
    "Europe/Zagreb",
    closed_service_ids=(ARCHIVED, CLOSED),
    is_indexed=True,
)
KOLKATA = Organization(2150, "Bengal Works", "Asia/Kolkata", is_indexed=True)

ADMINS_ENTRY = 364
ADMINS_SECOND_ENTRY = 366
MEMBERS_ENTRY = 365
OTHER_MEMBERS_ENTRY = 367
OTHER_MEMBERS_SECOND_ENTRY = 369
FOREIGN_ENTRY = 368

DELETED_TIMER = 76
"""A timer of OTHER_MEMBER that is gone; a revision of it is left."""

WEBHOOK = 77

FIRST_DAY = "2026-03-02"
"""The date at the start of each test. The tokens were used on it, so requests do not record it."""

_CREATED = 1_767_225_600


@dataclass(frozen=True)
class Fixtures:
    """The created fixtures. ``tokens`` maps a person's id to their plain-text token."""

    database: Database
    tokens: dict[int, str] = field(default_factory=dict)

    def headers(self, person_id: int, organization: Organization = ZAGREB) -> dict[str, str]:
        return {
            "X-Auth-Token": self.tokens[person_id],
            "X-Organization-Id": str(organization.id),
        }


_created: list[tuple[Items, dict[int, str]]] = []
"""The items of the fixtures, with the tokens, once they were created."""


def create_fixtures(database: Database) -> Fixtures:
    """Create the fixtures; delete all else."""
    if reset_tables(with_fixtures=True):
        return created_fixtures(database)
    fixtures = _put_fixtures(database)
    _created[:] = [(all_items(), fixtures.tokens)]
    return fixtures


def created_fixtures(database: Database) -> Fixtures:
    """Return the fixtures that :func:`reset_tables` has put into the tables."""
    return Fixtures(database, dict(_created[0][1]))


def reset_tables(*, with_fixtures: bool) -> bool:
    """Empty the tables, or let them have the fixtures, if these were created before.

    Returns whether they have the fixtures now.
    """
    if with_fixtures and any(replace_items(items) for items, _ in _created):
        return True
    empty_tables()
    return False


def _put_fixtures(database: Database) -> Fixtures:
    fixtures = Fixtures(database)
    put_all(
        ZAGREB, KOLKATA, *_PEOPLE, *_SERVICES, *_ENTRIES, *_REVISIONS, _ADMIN_REVISION, _WEBHOOK
    )
    for person in _PEOPLE:
        fixtures.tokens[person.id] = new_token()
    tokens = fixtures.tokens
    put_all(*(record for person in _PEOPLE for record in credentials(person, tokens[person.id])))
    return fixtures


def token_id(person_id: int) -> int:
    """Return the id of the token of a person in the fixtures."""
    return 10 * person_id


def credentials(person: Person, token: str) -> tuple[Any, ...]:
    """Return a person's token, list of tokens, unique constraint and place among the admins."""
    token_hash = digest(token)
    scope = person.organization_id, person.id
    api_token = ApiToken(token_id(person.id), *scope, "test", token_hash, _CREATED)
    return (
        *([ActiveAdmin(person.id, person.organization_id)] if person.is_active_admin else []),
        TokenOwner(api_token.id, *scope),
        Credential(
            token_hash,
            *scope,
            person.role,
            "test",
            token_id=api_token.id,
            last_used_on=FIRST_DAY,
        ),
        PersonTokens(person.id, person.organization_id, 1, (api_token,)),
        UniqueConstraint(
            email_constraint(f"{person.id}@example.com"), person.organization_id, person.id
        ),
    )


def put_all(*records: Any) -> None:
    """Put many records in few calls; overwrite existing ones. Count time entries as new ones."""
    by_model: dict[type[Model], list[Model]] = {}
    counters = EntryCounterDeltas()
    for record in records:
        if isinstance(record, TimeEntry) and record.deleted_at is None:
            counters.added(record)
        item = to_item(record)
        by_model.setdefault(type(item), []).append(item)
    for model, items in by_model.items():
        with model.batch_write() as batch:
            for item in items:
                batch.save(item)
    for counter in counters.collected():
        model_with_key(keys.counter(counter.name)).update(
            [Path(name).add(delta) for name, delta in counter.counters.items()]
        )


def _person(person_id: int, organization: Organization, role: Role) -> Person:
    return Person(
        person_id,
        organization.id,
        "First",
        f"Last {person_id}",
        f"{person_id}@example.com",
        role,
        _CREATED,
        deactivated_at=_CREATED if person_id == DEACTIVATED else None,
    )


def _entry(entry_id: int, organization: Organization, person_id: int, service_id: int) -> TimeEntry:
    return TimeEntry(
        entry_id,
        organization.id,
        person_id,
        service_id,
        "2026-03-02",
        _CREATED,
        _CREATED,
        person_id,
    )


def _revision(revision_id: int, subject: RevisionSubject, subject_id: int) -> Revision:
    """A change of OTHER_MEMBER's time by the admin."""
    return Revision(
        revision_id,
        ZAGREB.id,
        subject,
        subject_id,
        OTHER_MEMBERS_ENTRY,
        OTHER_MEMBER,
        ADMIN,
        token_id(ADMIN),
        RevisionAction.UPDATED,
        _CREATED,
        {"time_entry_id": OTHER_MEMBERS_SECOND_ENTRY},
        {"time_entry_id": OTHER_MEMBERS_ENTRY},
    )


_PEOPLE = (
    _person(ADMIN, ZAGREB, Role.ADMIN),
    _person(MEMBER, ZAGREB, Role.MEMBER),
    _person(OTHER_MEMBER, ZAGREB, Role.MEMBER),
    _person(DEACTIVATED, ZAGREB, Role.MEMBER),
    _person(STRANGER, KOLKATA, Role.ADMIN),
)
_SERVICES = (
    Service(DESIGN, ZAGREB.id, "Design"),
    Service(DEVELOPMENT, ZAGREB.id, "Development", billable=False),
    Service(ARCHIVED, ZAGREB.id, "Print", archived_at=_CREATED),
    Service(CLOSED, ZAGREB.id, "Fixed price", time_tracking_enabled=False),
    Service(FOREIGN_SERVICE, KOLKATA.id, "Translation"),
)
_ENTRIES = (
    _entry(ADMINS_ENTRY, ZAGREB, ADMIN, DESIGN),
    _entry(ADMINS_SECOND_ENTRY, ZAGREB, ADMIN, DEVELOPMENT),
    _entry(MEMBERS_ENTRY, ZAGREB, MEMBER, DESIGN),
    _entry(OTHER_MEMBERS_ENTRY, ZAGREB, OTHER_MEMBER, DEVELOPMENT),
    _entry(OTHER_MEMBERS_SECOND_ENTRY, ZAGREB, OTHER_MEMBER, DESIGN),
    _entry(FOREIGN_ENTRY, KOLKATA, STRANGER, FOREIGN_SERVICE),
)
_REVISIONS = (
    _revision(71, RevisionSubject.TIMER, DELETED_TIMER),
    _revision(72, RevisionSubject.TIME_ENTRY, OTHER_MEMBERS_ENTRY),
)
_ADMIN_REVISION = AdminRevision(
    73,
    ZAGREB.id,
    "people",
    OTHER_MEMBER,
    OTHER_MEMBER,
    ADMIN,
    token_id(ADMIN),
    AdminAction.UPDATED,
    _CREATED,
    {"title": None},
    {"title": "Designer"},
)
_WEBHOOK = Webhook(
    WEBHOOK,
    ZAGREB.id,
    "archive",
    "https://hooks.example.com/stint",
    # A rare event, so that tests that count messages are not affected.
    (EventType.TIME_ENTRY_DELETED,),
    _CREATED,
    _CREATED,
)
