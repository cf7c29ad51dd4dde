"""Data protection: all that is kept of a person can be told, and what is personal taken away."""

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.domain.deliveries import KEPT_SECONDS, Attempt, Fate
from chalicelib.domain.directory import Person, Role
from chalicelib.domain.events import entry_event_now
from chalicelib.domain.people import erased
from chalicelib.domain.timers import TimeEntry
from chalicelib.services.event_documents import webhook_body
from chalicelib.services.toolbox import Toolbox
from chalicelib.store import models
from infra.ledger import Ledger
from tests.support.api import JSON_API, Answer, Api
from tests.support.books import violations_of
from tests.support.chaos import WRITE, Fault, Injection, Killed, intercepted
from tests.support.clock import MINUTE, FakeClock
from tests.support.faults import failing
from tests.support.operator import Operator
from tests.support.tables import items, snapshot
from tests.support.world import ADMIN, DESIGN, MEMBER, ZAGREB, World, token_id

HERE = ("-o", ZAGREB.id)
WEBHOOK = 501
WRITES = frozenset({WRITE, "UpdateItem", "DeleteItem", "PutItem"})


@pytest.fixture(autouse=True)
def _world(world: World) -> None:
    assert world.tokens


@dataclass
class Office:
    """Where people come to work, each with everything that a person can leave behind."""

    app: Chalice
    admin: Api
    tools: Toolbox
    clock: FakeClock
    numbers: Iterator[int]

    def enter(self) -> "Somebody":
        """Somebody new; whatever they write has their own mark."""
        mark = f"marked{next(self.numbers)}"
        values = {
            "first_name": f"Iva {mark}",
            "last_name": f"Marić {mark}",
            "email": f"{mark}@example.com",
            "title": f"Designer {mark}",
            "nickname": f"Ivica {mark}",
            "avatar_url": f"https://example.com/{mark}.png",
        }
        person_id = int(keyed(self.admin, "/people", "people", values, mark).data["id"])
        token = {"person_id": person_id, "name": f"phone of {mark}"}
        secret = keyed(self.admin, "/api_tokens", "api_tokens", token, f"t{mark}").meta["token"]
        api = Api(self.app, {"X-Auth-Token": secret, "X-Organization-Id": str(ZAGREB.id)})
        started = keyed(api, "/timers", "timers", {"service_id": DESIGN}, mark)
        assert started.status == 201
        somebody = Somebody(person_id, mark, int(started.data["id"]), api)
        self._note(somebody, f"with {mark}'s doctor")
        self._note(somebody, f"{mark}: with the doctor")
        self._fail_to_deliver(somebody)
        self.clock.advance(10 * MINUTE)
        return somebody

    def _note(self, somebody: "Somebody", note: str) -> None:
        entry_id = self.entry_of(somebody)
        document = {"data": {"type": "time_entries", "attributes": {"note": note}}}
        assert somebody.api.patch(f"/time_entries/{entry_id}", document).status == 200

    def _fail_to_deliver(self, somebody: "Somebody") -> None:
        """A webhook did not take what it was to hear of the entry."""
        wanted = (TimeEntry, self.entry_of(somebody))
        entry = self.tools.store.look(ZAGREB.id, [wanted]).record(*wanted)
        assert entry is not None
        event = entry_event_now(entry)
        attempt = Attempt(
            id=self.tools.ids.draw(),
            organization_id=ZAGREB.id,
            webhook_id=WEBHOOK,
            event_id=event.id,
            event_type=event.type,
            attempt=9,
            at=self.tools.now(),
            fate=Fate.GIVEN_UP,
            status=500,
            failure=None,
            body=webhook_body(event, ZAGREB.zone),
            expires_at=self.tools.now() + KEPT_SECONDS,
        )
        self.tools.store.log_attempts([attempt])

    def entry_of(self, somebody: "Somebody") -> int:
        timer = self.tools.store.timer(ZAGREB.id, somebody.timer_id)
        assert timer is not None
        return timer.time_entry_id


@dataclass(frozen=True)
class Somebody:
    id: int
    mark: str
    timer_id: int
    api: Api


def keyed(api: Api, path: str, type_: str, attributes: dict[str, Any], key: str) -> Answer:
    body = json.dumps({"data": {"type": type_, "attributes": attributes}}).encode()
    headers = {"Content-Type": JSON_API, "Idempotency-Key": key}
    answer = api.send("POST", path, body, headers)
    assert answer.status == 201, answer.body
    return answer


@pytest.fixture
def office(app: Chalice, admin: Api, tools: Toolbox, clock: FakeClock) -> Office:
    return Office(app, admin, tools, clock, count(1))


def text_of(connection: Connection) -> str:
    return json.dumps(snapshot(connection), ensure_ascii=False)


def test_an_export_holds_all_that_is_kept_of_a_person(operator: Operator, office: Office) -> None:
    office.enter()
    iva = office.enter()
    told = json.loads(operator.done("people", "export", iva.id, *HERE))
    assert told["person"]["email"] == f"{iva.mark}@example.com"
    assert told["person"]["created_at"] == "2026-03-02T09:10:00.000+01:00"
    assert [it["name"] for it in told["tokens"]] == [f"phone of {iva.mark}"]
    assert told["slot"]["running"]["timer_id"] == iva.timer_id
    (entry,) = told["time_entries"]
    assert (entry["note"], entry["person_id"]) == (f"{iva.mark}: with the doctor", iva.id)
    revision = told["revisions"][-1]
    (delivery,) = told["deliveries"]
    assert delivery["body"]["data"]["attributes"]["note"] == f"{iva.mark}: with the doctor"
    assert revision["before"] == {"note": f"with {iva.mark}'s doctor"}
    assert [it["id"] for it in told["timers"]] == [iva.timer_id]
    kept = sorted((it["kind"], it["sent_by_them"]) for it in told["kept_outcomes"])
    assert kept == [("ApiToken", False), ("Outcome", True), ("Person", False)]
    assert "digest" not in json.dumps(told)
    assert iva.api.headers["X-Auth-Token"] not in json.dumps(told)


def test_an_export_of_somebody_who_did_nothing_is_complete_too(operator: Operator) -> None:
    told = json.loads(operator.done("people", "export", f"{MEMBER}@example.com", *HERE))
    assert (told["timers"], told["kept_outcomes"]) == ([], [])
    assert [it["id"] for it in told["tokens"]] == [token_id(MEMBER)]
    assert len(told["time_entries"]) == 1


def test_an_export_reads_pages_until_the_end_and_no_index(
    operator: Operator, office: Office, connection: Connection
) -> None:
    iva = office.enter()
    for _ in range(3):
        office.clock.advance(MINUTE)
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
        told = json.loads(operator.done("people", "export", iva.id, *HERE))
    assert len(told["timers"]) == 4
    assert len(told["time_entries"]) == 4
    assert len(scans) > 8
    assert all(it["ConsistentRead"] and "IndexName" not in it for it in scans)


def test_an_export_is_a_file_of_its_owners_alone_and_overwrites_none(
    operator: Operator, tmp_path: Path
) -> None:
    path = tmp_path / "export.json"
    operator.done("people", "export", MEMBER, *HERE, "--output", path)
    assert json.loads(path.read_text())["person"]["id"] == MEMBER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "is there already" in operator.refused(
        "people", "export", MEMBER, *HERE, "--output", path
    )
    nowhere = tmp_path / "nowhere" / "export.json"
    assert "cannot write" in operator.refused(
        "people", "export", MEMBER, *HERE, "--output", nowhere
    )


def test_an_export_that_fails_leaves_no_half_a_file(
    operator: Operator, connection: Connection, tmp_path: Path
) -> None:
    with failing(connection, "Scan", "ThrottlingException", after=1):
        said = operator.refused(
            "people", "export", MEMBER, *HERE, "--output", tmp_path / "export.json"
        )
    assert "does not answer" in said
    assert list(tmp_path.iterdir()) == []


def test_an_erasure_leaves_nothing_personal_and_every_minute(
    operator: Operator, office: Office, connection: Connection, admin: Api
) -> None:
    other, iva = office.enter(), office.enter()
    done = operator.here(
        "people", "erase", f"{iva.mark}@example.com", "--deactivate", "--with-notes", "--yes"
    )
    assert done == {
        "id": iva.id,
        "tokens revoked": 0,
        "kept answers removed": 1,
        "kept answers overwritten": 2,
        "notes removed": 1,
        "revisions overwritten": 2,
        "deliveries overwritten": 1,
        "records overwritten": 1,
    }
    assert iva.mark not in text_of(connection)
    assert text_of(connection).count(other.mark) > 8
    timer = admin.get(f"/timers/{iva.timer_id}").attributes
    assert (timer["person_id"], timer["total_time"]) == (iva.id, 10)
    assert violations_of(Ledger(connection).read_all()) == []
    assert iva.api.get("/users").status in (200, 401)
    office.clock.advance(MINUTE)
    assert iva.api.get("/users").status == 401


def test_times_go_only_where_they_are_named(
    operator: Operator, office: Office, connection: Connection, admin: Api
) -> None:
    other, iva = office.enter(), office.enter()
    deleted = office.entry_of(iva)
    done = operator.here("people", "erase", iva.id, "--deactivate", "--with-times", "--yes")
    assert done["time entries deleted"] == 1
    assert iva.mark not in text_of(connection)
    assert admin.get(f"/timers/{iva.timer_id}").status == 404
    assert admin.get(f"/time_entries/{deleted}").status == 404
    assert [it["id"] for it in items(connection, "timers")] == [other.timer_id]
    assert violations_of(Ledger(connection).read_all()) == []
    told = json.loads(operator.done("people", "export", iva.id, *HERE))
    assert (told["timers"], told["time_entries"]) == ([], [])
    assert [it["act"] for it in told["revisions"]] == ["updated", "updated", "deleted"]


def test_an_erased_address_is_free_again(operator: Operator, office: Office) -> None:
    iva = office.enter()
    address = f"{iva.mark}@example.com"
    operator.here("people", "erase", iva.id, "--deactivate", "--yes")
    added = ("--first-name", "Iva", "--last-name", "Maric", "--email", address)
    assert operator.here("people", "create", *added)["id"] != iva.id


def test_notes_stay_unless_they_are_named(
    operator: Operator, office: Office, connection: Connection
) -> None:
    iva = office.enter()
    operator.here("people", "erase", iva.id, "--deactivate", "--yes")
    assert f"{iva.mark}: with the doctor" in text_of(connection)
    operator.here("people", "erase", iva.id, "--with-notes", "--yes")
    assert iva.mark not in text_of(connection)


def test_a_repeat_of_who_added_them_tells_nothing_and_adds_nobody(
    operator: Operator, office: Office, admin: Api
) -> None:
    iva = office.enter()
    values = admin.get(f"/people/{iva.id}").attributes
    given = ("first_name", "last_name", "email", "title", "nickname", "avatar_url")
    attributes = {name: values[name] for name in given}
    operator.here("people", "erase", iva.id, "--deactivate", "--yes")
    again = keyed(admin, "/people", "people", attributes, iva.mark)
    assert again.data["id"] == str(iva.id)
    assert iva.mark not in again.body.decode()


def test_who_is_active_is_not_erased_unless_deactivated(
    operator: Operator, office: Office, connection: Connection
) -> None:
    iva = office.enter()
    before = snapshot(connection)
    assert "is active: deactivate them" in operator.refused("people", "erase", iva.id, *HERE)
    assert snapshot(connection) == before


@pytest.mark.parametrize("typed", ["n\n", ""])
def test_it_asks_and_takes_nothing_but_yes(
    operator: Operator, office: Office, connection: Connection, typed: str
) -> None:
    iva = office.enter()
    before = snapshot(connection)
    said = operator.refused("people", "erase", iva.id, *HERE, "--deactivate", typed=typed)
    assert f"Erase Iva {iva.mark}" in said
    assert snapshot(connection) == before
    operator.done("people", "erase", iva.id, *HERE, "--deactivate", typed="y\n")


def test_it_waits_for_those_who_remember_the_token(operator: Operator, office: Office) -> None:
    iva = office.enter()
    began = office.clock()
    assert (
        "waiting 60 seconds"
        in operator.run("people", "erase", iva.id, *HERE, "--deactivate", "--yes").stderr
    )
    assert office.clock() - began == 60
    operator.here("people", "erase", iva.id, "--yes")
    assert office.clock() - began == 60


def test_who_was_erased_does_not_come_back(operator: Operator, office: Office) -> None:
    iva = office.enter()
    operator.here("people", "erase", iva.id, "--deactivate", "--yes")
    assert "is not to come back" in operator.refused("people", "restore", iva.id, *HERE)
    file = f"first_name,last_name,email,id\nIva,Maric,iva@example.com,{iva.id}\n"
    said = operator.refused("people", "import", "-", *HERE, "--update", typed=file)
    assert "was erased, and is not to come back" in said


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_is_mended_by_running_it_again(
    operator: Operator, office: Office, connection: Connection, sent: bool
) -> None:
    for position in count():
        iva = office.enter()
        # Their own record is overwritten last: before that, the same line finds them again.
        who = iva.id if sent else f"{iva.mark}@example.com"
        command = ("people", "erase", who, *HERE, "--deactivate", "--with-notes", "--yes")
        injection = Injection(Fault(lambda _: Killed(), sent=sent), position)
        writes = _Writes(injection)
        with intercepted(connection, writes.wrap):
            if not _killed(operator, command):
                break
        operator.done(*command)
        assert iva.mark not in text_of(connection)
    # Deactivating, three answers, a note, two revisions, what was not delivered, the person:
    # each was struck.
    assert position == 9
    assert len(items(connection, "timers")) == position + 1
    assert violations_of(Ledger(connection).read_all()) == []


@dataclass
class _Writes:
    """Strikes writes alone: before anything is read there is nothing to be left half done."""

    injection: Injection

    def wrap(self, real: Any) -> Any:
        struck = self.injection.wrap(real)

        def call(operation: str, arguments: dict[str, Any]) -> Any:
            return (struck if operation in WRITES else real)(operation, arguments)

        return call


def _killed(operator: Operator, command: tuple[object, ...]) -> bool:
    try:
        operator.done(*command)
    except Killed:
        return True
    return False


def test_whatever_a_person_is_called_is_erased() -> None:
    """A text that is added to a person is personal, unless it is said here that it is not."""
    texts = {it.name for it in fields(Person) if it.type in (str, str | None)}
    filled = Person(1, 2149, "a", "b", "c@d", Role.ADMIN, 0)
    assert set(erased(filled)) == texts


KNOWN: dict[type[Model], str] = {
    models.TimerModel: "exported; kept, by id alone",
    models.RevisionModel: "exported; kept; the notes in it are erased on request",
    models.TimeEntryModel: "exported; kept, by id alone; its note is erased on request",
    models.TokenModel: "exported by the list of tokens; revoked",
    models.TokenListModel: "exported; emptied",
    models.SlotModel: "exported; kept, by id alone",
    models.KeptOutcomeModel: "its metadata are exported; removed or overwritten",
    models.PersonModel: "exported; overwritten",
    models.ClaimModel: "an e-mail address, exported with the person; released",
    models.TallyModel: "counts of the timers that are exported; kept, by id alone",
    models.OrganizationModel: "not a person's; exported to tell where",
    models.ServiceModel: "not a person's",
    models.WebhookModel: "not a person's",
    models.AttemptModel: "exported where it has a body; the note in it is erased on request",
    models.DirectoryModel: "the table of the kinds above",
}


def test_whatever_is_kept_has_its_place_in_data_protection() -> None:
    """A new model: add it to the export and the erasure, or say here why not."""
    assert set(KNOWN) == set(models.MODELS)


def test_an_admin_who_is_not_the_last_can_be_erased(operator: Operator) -> None:
    added = ("--first-name", "Iva", "--last-name", "M", "--email", "iva@example.com")
    operator.here("people", "create", *added, "--role", "admin")
    done = operator.here("people", "erase", ADMIN, "--deactivate", "--yes")
    assert done["records overwritten"] == 1
    assert operator.here("people", "erase", ADMIN, "--yes")["records overwritten"] == 0
