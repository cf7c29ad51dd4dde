"""Data protection: export and erasure of a person's data."""

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Chalice
from msgspec.structs import fields
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.admin_revisions.model import AdminRevision
from chalicelib.admin_revisions.repository import AdminRevisionModel
from chalicelib.api_tokens.model import ApiToken
from chalicelib.api_tokens.repository import CredentialModel, PersonTokensModel, TokenOwnerModel
from chalicelib.core.dependencies import Dependencies
from chalicelib.counters.repository import CounterModel
from chalicelib.deliveries.model import ATTEMPT_RETENTION_SECONDS, DeliveryAttempt, DeliveryStatus
from chalicelib.deliveries.repository import DeliveryAttemptModel, log_attempts
from chalicelib.dynamodb.connection import Backoff
from chalicelib.dynamodb.idempotency_records import IdempotencyModel
from chalicelib.dynamodb.items import declared_entities, to_item
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.events.documents import webhook_body
from chalicelib.events.rules import current_entry_event
from chalicelib.http.registration import Registration
from chalicelib.live.model import LiveTicket
from chalicelib.live.repository import LiveConnectionsModel, LiveTicketModel
from chalicelib.pairings.model import Pairing
from chalicelib.pairings.repository import PairingModel
from chalicelib.people.model import Person, Role
from chalicelib.people.repository import ActiveAdminModel, PersonModel, UniqueConstraintModel
from chalicelib.people.rules import erasure_values
from chalicelib.registry import REGISTRY, models
from chalicelib.revisions.model import Revision
from chalicelib.revisions.repository import RevisionModel
from chalicelib.time_entries.model import TimeEntry
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import PersonStateModel, TimerModel
from tests.live.live import create_ticket, open_connection
from tests.support.api import JSON_API, Api, Response
from tests.support.clock import MINUTE, FakeClock
from tests.support.failing_calls import failing
from tests.support.fault_injection import WRITE, Fault, Injection, Killed, intercepted
from tests.support.fixtures import ADMIN, DESIGN, MEMBER, ZAGREB, Fixtures, token_id
from tests.support.invariants import violations_of
from tests.support.operator import Operator
from tests.support.samples import records
from tests.support.table_snapshots import items, snapshot
from tools.ops.snapshot import SnapshotReader

IN_ZAGREB = ("-o", ZAGREB.id)
WEBHOOK = 501
WRITES = frozenset({WRITE, "UpdateItem", "DeleteItem", "PutItem"})


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    assert fixtures.tokens


@dataclass
class PersonFactory:
    """Creates people with every kind of data that a person can leave behind."""

    app: Chalice
    admin: Api
    dependencies: Dependencies
    clock: FakeClock
    numbers: Iterator[int]

    def create(self) -> "MarkedPerson":
        """Create a person; a unique mark is in every text of the person."""
        mark = f"marked{next(self.numbers)}"
        values = {
            "first_name": f"Iva {mark}",
            "last_name": f"Marić {mark}",
            "email": f"{mark}@example.com",
            "title": f"Designer {mark}",
            "nickname": f"Ivica {mark}",
            "avatar_url": f"https://example.com/{mark}.png",
            "time_zone": "America/St_Johns",
            "auto_stop_at_time": "18:45",
        }
        person_id = int(create_with_key(self.admin, "/people", "people", values, mark).data["id"])
        token = {"person_id": person_id, "name": f"phone of {mark}"}
        secret = create_with_key(self.admin, "/api_tokens", "api_tokens", token, f"t{mark}").meta[
            "token"
        ]
        pairing = {"person_id": person_id, "name": f"tablet of {mark}"}
        paired = create_with_key(self.admin, "/pairings", "pairings", pairing, f"p{mark}")
        assert paired.status == 201
        api = Api(self.app, {"X-Auth-Token": secret, "X-Organization-Id": str(ZAGREB.id)})
        open_connection(self.dependencies, api, f"connection of {mark}")
        assert create_ticket(api).status == 201
        started = create_with_key(api, "/timers", "timers", {"service_id": DESIGN}, mark)
        assert started.status == 201
        person = MarkedPerson(person_id, mark, int(started.data["id"]), api)
        self._note(person, f"with {mark}'s doctor")
        self._note(person, f"{mark}: with the doctor")
        self._fail_to_deliver(person)
        self.clock.advance(10 * MINUTE)
        return person

    def _note(self, person: "MarkedPerson", note: str) -> None:
        entry_id = self.entry_of(person)
        assert person.api.edit_entry(entry_id, note=note).status == 200

    def _fail_to_deliver(self, person: "MarkedPerson") -> None:
        """Store a failed webhook delivery about the time entry."""
        entry = self.dependencies.database.get(TimeEntry, ZAGREB.id, self.entry_of(person))
        assert entry is not None
        event = current_entry_event(entry)
        attempt = DeliveryAttempt(
            id=self.dependencies.ids.generate(),
            organization_id=ZAGREB.id,
            webhook_id=WEBHOOK,
            event_id=event.id,
            event_type=event.type,
            attempt=9,
            at=self.dependencies.now(),
            status=DeliveryStatus.GIVEN_UP,
            response_status=500,
            failure=None,
            body=webhook_body(event, ZAGREB.zone),
            expires_at=self.dependencies.now() + ATTEMPT_RETENTION_SECONDS,
        )
        log_attempts(self.dependencies.database.connection, [attempt], Backoff())

    def entry_of(self, person: "MarkedPerson") -> int:
        timer = self.dependencies.database.get(Timer, ZAGREB.id, person.timer_id)
        assert timer is not None
        return timer.time_entry_id


@dataclass(frozen=True)
class MarkedPerson:
    id: int
    mark: str
    timer_id: int
    api: Api


def create_with_key(
    api: Api, path: str, type_: str, attributes: dict[str, Any], key: str
) -> Response:
    body = json.dumps({"data": {"type": type_, "attributes": attributes}}).encode()
    headers = {"Content-Type": JSON_API, "Idempotency-Key": key}
    response = api.send("POST", path, body, headers)
    assert response.status == 201, response.body
    return response


@pytest.fixture
def factory(
    app: Chalice, admin: Api, dependencies: Dependencies, clock: FakeClock
) -> PersonFactory:
    return PersonFactory(app, admin, dependencies, clock, count(1))


def snapshot_text(connection: Connection) -> str:
    return json.dumps(snapshot(connection), ensure_ascii=False)


def test_export_contains_all_data_of_a_person(operator: Operator, factory: PersonFactory) -> None:
    factory.create()
    iva = factory.create()
    exported = json.loads(operator.done("people", "export", iva.id, *IN_ZAGREB))
    assert exported["person"]["email"] == f"{iva.mark}@example.com"
    assert exported["person"]["created_at"] == "2026-03-02T09:10:00.000+01:00"
    assert exported["person"]["time_zone"] == "America/St_Johns"
    assert exported["person"]["auto_stop_at_time"] == "18:45"
    assert [token["name"] for token in exported["tokens"]] == [f"phone of {iva.mark}"]
    assert exported["person_state"]["running"]["timer_id"] == iva.timer_id
    (entry,) = exported["time_entries"]
    assert (entry["note"], entry["person_id"]) == (f"{iva.mark}: with the doctor", iva.id)
    revision = exported["revisions"][-1]
    (delivery,) = exported["deliveries"]
    assert delivery["body"]["data"]["attributes"]["note"] == f"{iva.mark}: with the doctor"
    assert revision["before"] == {"note": f"with {iva.mark}'s doctor"}
    assert [timer["id"] for timer in exported["timers"]] == [iva.timer_id]
    records = sorted(
        (record["kind"], record["sent_by_person"]) for record in exported["idempotency_records"]
    )
    others = [("ApiToken", False), ("Pairing", False), ("Person", False)]
    assert records == [*others, ("TimerOutcome", True)]
    assert "digest" not in json.dumps(exported)
    assert iva.api.headers["X-Auth-Token"] not in json.dumps(exported)


def test_export_of_person_without_timers_is_complete(operator: Operator) -> None:
    exported = json.loads(operator.done("people", "export", f"{MEMBER}@example.com", *IN_ZAGREB))
    assert (exported["timers"], exported["idempotency_records"]) == ([], [])
    assert [token["id"] for token in exported["tokens"]] == [token_id(MEMBER)]
    assert len(exported["time_entries"]) == 1


def test_export_reads_all_pages_of_tables_and_no_index(
    operator: Operator, factory: PersonFactory, connection: Connection
) -> None:
    iva = factory.create()
    for _ in range(3):
        factory.clock.advance(MINUTE)
        assert iva.api.start(service_id=DESIGN).status == 201
    scans: list[dict[str, Any]] = []

    def wrap(real: Any) -> Any:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation != "Scan":
                return real(operation, arguments)
            scans.append(arguments)
            return real(operation, {**arguments, "Limit": 1})

        return call

    with intercepted(connection, wrap):
        exported = json.loads(operator.done("people", "export", iva.id, *IN_ZAGREB))
    assert len(exported["timers"]) == 4
    assert len(exported["time_entries"]) == 4
    assert len(scans) > 8
    assert all(scan["ConsistentRead"] and "IndexName" not in scan for scan in scans)


def test_export_file_is_private_and_overwrites_no_file(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    operator.done("people", "export", MEMBER, *IN_ZAGREB, "--output", path)
    assert json.loads(path.read_text())["person"]["id"] == MEMBER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "already exists" in operator.refused(
        "people", "export", MEMBER, *IN_ZAGREB, "--output", path
    )
    nowhere = tmp_path / "nowhere" / "export.json"
    assert "cannot write" in operator.refused(
        "people", "export", MEMBER, *IN_ZAGREB, "--output", nowhere
    )


def test_failed_export_leaves_no_partial_file(
    operator: Operator, connection: Connection, tmp_path: Path
) -> None:
    with failing(connection, "Scan", "ThrottlingException", after=1):
        message = operator.refused(
            "people", "export", MEMBER, *IN_ZAGREB, "--output", tmp_path / "export.json"
        )
    assert "The database is not available" in message
    assert list(tmp_path.iterdir()) == []


def test_erase_removes_personal_data_and_retains_timers(
    operator: Operator, factory: PersonFactory, connection: Connection, admin: Api
) -> None:
    other, iva = factory.create(), factory.create()
    counts = operator.here(
        "people", "erase", f"{iva.mark}@example.com", "--deactivate", "--with-notes", "--yes"
    )
    assert counts == {
        "id": iva.id,
        "tokens revoked": 0,
        "pairing codes deleted": 1,
        "live updates deleted": 2,
        "idempotency records removed": 1,
        "idempotency records overwritten": 3,
        "notes removed": 1,
        "revisions overwritten": 2,
        "deliveries overwritten": 1,
        "admin revisions overwritten": 3,
        "records overwritten": 1,
    }
    assert iva.mark not in snapshot_text(connection)
    assert snapshot_text(connection).count(other.mark) > 8
    erased = admin.get(f"/people/{iva.id}").attributes
    assert (erased["time_zone"], erased["auto_stop_at_time"]) == (None, None)
    timer = admin.get(f"/timers/{iva.timer_id}").attributes
    assert (timer["person_id"], timer["total_time"]) == (iva.id, 10)
    assert violations_of(SnapshotReader(connection).read_all()) == []
    assert iva.api.get("/users").status in (200, 401)
    factory.clock.advance(MINUTE)
    assert iva.api.get("/users").status == 401


def test_erase_with_times_deletes_timers_and_time_entries(
    operator: Operator, factory: PersonFactory, connection: Connection, admin: Api
) -> None:
    other, iva = factory.create(), factory.create()
    entry_id = factory.entry_of(iva)
    counts = operator.here("people", "erase", iva.id, "--deactivate", "--with-times", "--yes")
    assert counts["time entries deleted"] == 1
    assert iva.mark not in snapshot_text(connection)
    assert admin.get(f"/timers/{iva.timer_id}").status == 404
    assert admin.get(f"/time_entries/{entry_id}").status == 404
    assert [timer["id"] for timer in items(connection, "timers")] == [other.timer_id]
    assert violations_of(SnapshotReader(connection).read_all()) == []
    exported = json.loads(operator.done("people", "export", iva.id, *IN_ZAGREB))
    assert (exported["timers"], exported["time_entries"]) == ([], [])
    actions = [(revision["subject"], revision["action"]) for revision in exported["revisions"]]
    assert sorted(actions) == [
        ("time_entries", "deleted"),
        ("time_entries", "updated"),
        ("time_entries", "updated"),
        ("timers", "deleted"),
    ]


def test_erased_email_address_can_be_reused(operator: Operator, factory: PersonFactory) -> None:
    iva = factory.create()
    address = f"{iva.mark}@example.com"
    operator.here("people", "erase", iva.id, "--deactivate", "--yes")
    options = ("--first-name", "Iva", "--last-name", "Maric", "--email", address)
    assert operator.here("people", "create", *options)["id"] != iva.id


def test_erase_retains_notes_unless_requested(
    operator: Operator, factory: PersonFactory, connection: Connection
) -> None:
    iva = factory.create()
    operator.here("people", "erase", iva.id, "--deactivate", "--yes")
    assert f"{iva.mark}: with the doctor" in snapshot_text(connection)
    operator.here("people", "erase", iva.id, "--with-notes", "--yes")
    assert iva.mark not in snapshot_text(connection)


def test_repeated_create_after_erase_returns_no_personal_data(
    operator: Operator, factory: PersonFactory, admin: Api
) -> None:
    iva = factory.create()
    values = admin.get(f"/people/{iva.id}").attributes
    names = (
        *("first_name", "last_name", "email", "title", "nickname", "avatar_url"),
        *("time_zone", "auto_stop_at_time"),
    )
    attributes = {name: values[name] for name in names}
    operator.here("people", "erase", iva.id, "--deactivate", "--yes")
    repeated = create_with_key(admin, "/people", "people", attributes, iva.mark)
    assert repeated.data["id"] == str(iva.id)
    assert iva.mark not in repeated.body.decode()


def test_active_person_cannot_be_erased(
    operator: Operator, factory: PersonFactory, connection: Connection
) -> None:
    iva = factory.create()
    before = snapshot(connection)
    assert "is active: deactivate the person first" in operator.refused(
        "people", "erase", iva.id, *IN_ZAGREB
    )
    assert snapshot(connection) == before


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_erase_requires_confirmation(
    operator: Operator, factory: PersonFactory, connection: Connection, typed: str
) -> None:
    iva = factory.create()
    before = snapshot(connection)
    prompt = operator.refused("people", "erase", iva.id, *IN_ZAGREB, "--deactivate", typed=typed)
    assert f"Permanently erase Iva {iva.mark}" in prompt
    assert snapshot(connection) == before
    operator.done("people", "erase", iva.id, *IN_ZAGREB, "--deactivate", typed="y\n")


def test_erase_waits_until_token_caches_expire(operator: Operator, factory: PersonFactory) -> None:
    iva = factory.create()
    began = factory.clock()
    assert (
        "waiting 60 seconds"
        in operator.run("people", "erase", iva.id, *IN_ZAGREB, "--deactivate", "--yes").stderr
    )
    assert factory.clock() - began == 60
    operator.here("people", "erase", iva.id, "--yes")
    assert factory.clock() - began == 60


def test_erased_person_cannot_be_restored(operator: Operator, factory: PersonFactory) -> None:
    iva = factory.create()
    operator.here("people", "erase", iva.id, "--deactivate", "--yes")
    assert "You cannot change or restore this person." in operator.refused(
        "people", "restore", iva.id, *IN_ZAGREB
    )
    file = f"first_name,last_name,email,id\nIva,Maric,iva@example.com,{iva.id}\n"
    message = operator.refused("people", "import", "-", *IN_ZAGREB, "--update", typed=file)
    assert "was erased and cannot be restored" in message


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
def test_erase_can_be_repeated_after_crash_at_any_write(
    operator: Operator, factory: PersonFactory, connection: Connection, sent: bool
) -> None:
    for position in count():
        iva = factory.create()
        # The person's record is overwritten last: until then, the e-mail address still works.
        who = iva.id if sent else f"{iva.mark}@example.com"
        command = ("people", "erase", who, *IN_ZAGREB, "--deactivate", "--with-notes", "--yes")
        injection = Injection(Fault(lambda _: Killed(), sent=sent), position)
        writes = _WriteInjection(injection)
        with intercepted(connection, writes.wrap):
            if not _crashes(operator, command):
                break
        operator.done(*command)
        assert iva.mark not in snapshot_text(connection)
    # One crash at each write: deactivation, the mark, a pairing code, a ticket and the
    # connections, four idempotency records, a note, two revisions, a delivery, three admin
    # revisions, the person.
    assert position == 17
    assert len(items(connection, "timers")) == position + 1
    assert violations_of(SnapshotReader(connection).read_all()) == []


@dataclass
class _WriteInjection:
    """Injects faults into writes only; faults in reads cannot leave partial changes."""

    injection: Injection

    def wrap(self, real: Any) -> Any:
        injected = self.injection.wrap(real)

        def call(operation: str, arguments: dict[str, Any]) -> Any:
            return (injected if operation in WRITES else real)(operation, arguments)

        return call


def _crashes(operator: Operator, command: tuple[object, ...]) -> bool:
    try:
        operator.done(*command)
    except Killed:
        return True
    return False


def test_erase_overwrites_each_text_field_of_a_person() -> None:
    """A new text field of a person counts as personal data; exceptions must be listed here."""
    texts = {field.name for field in fields(Person) if field.type in (str, str | None)}
    filled = Person(1, 2149, "a", "b", "c@d", Role.ADMIN, 0)
    assert set(erasure_values(filled)) == texts


COVERAGE: dict[type[Model], str] = {
    TimerModel: "exported; retained with the id only",
    RevisionModel: "exported; retained; its notes are erased on request",
    AdminRevisionModel: "exported; retained; names and e-mail addresses in it are overwritten",
    TimeEntryModel: "exported; retained with the id only; its note is erased on request",
    CredentialModel: "exported in the list of tokens; revoked",
    PersonTokensModel: "exported; emptied",
    TokenOwnerModel: "ids only, exported with the tokens; removed with them",
    PairingModel: "exported; deleted",
    LiveTicketModel: "exported; deleted",
    LiveConnectionsModel: "exported; deleted",
    PersonStateModel: "exported; retained with the id only",
    IdempotencyModel: "its metadata is exported; removed or overwritten",
    PersonModel: "exported; overwritten",
    ActiveAdminModel: "the id only; removed by the deactivation",
    UniqueConstraintModel: "an e-mail address, exported with the person; released",
    CounterModel: "derived from the exported timers; retained with the id only",
    DeliveryAttemptModel: "exported if it has a body; its note is erased on request",
    DirectoryModel: "the table of the models above",
}


def test_each_model_with_personal_data_is_covered_by_data_protection() -> None:
    """Add a model to the export and the erasure; or its resource is registered as not personal."""
    not_personal = {
        type(to_item(record))
        for record in records(_registered(personal=False))
        if type(record) in declared_entities()
    }
    # Without the example resource of the tests.
    stored = {model for model in models() if model.__module__.startswith("chalicelib.")}
    assert set(COVERAGE) == stored - not_personal


MEMBERS: dict[type[Any], str] = {
    Timer: "timers",
    TimeEntry: "time_entries",
    Revision: "revisions",
    AdminRevision: "admin_revisions",
    Person: "person",
    ApiToken: "tokens",
    Pairing: "pairings",
    LiveTicket: "live_updates",
    DeliveryAttempt: "deliveries",
}
"""The member of an exported document for each entity with personal data."""


def test_each_resource_registered_as_personal_is_exported(
    operator: Operator, factory: PersonFactory
) -> None:
    personal = {each.resource.entity for each in _registered(personal=True)}
    assert personal == set(MEMBERS)
    exported = json.loads(operator.done("people", "export", factory.create().id, *IN_ZAGREB))
    assert all(exported[member] for member in MEMBERS.values())


def _registered(*, personal: bool) -> list[Registration]:
    return [each for each in REGISTRY if each.is_personal is personal]


def test_admin_other_than_the_last_can_be_erased(operator: Operator) -> None:
    options = ("--first-name", "Iva", "--last-name", "M", "--email", "iva@example.com")
    operator.here("people", "create", *options, "--role", "admin")
    counts = operator.here("people", "erase", ADMIN, "--deactivate", "--yes")
    assert counts["records overwritten"] == 1
    assert operator.here("people", "erase", ADMIN, "--yes")["records overwritten"] == 0
