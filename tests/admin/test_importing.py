"""Imports: checked whole, written on condition, finished by running them again."""

import sys
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.directory import Role
from chalicelib.services.people import People
from infra.admin import output
from infra.admin.importing import Report, carry_out, plan
from infra.admin.rows import PeopleRows, ServiceRows
from tests.support.api import Api
from tests.support.chaos import WRITE, Fault, Injection, Killed, intercepted, throttled
from tests.support.faults import failing
from tests.support.operator import Operator
from tests.support.tables import items, snapshot
from tests.support.world import ADMIN, DEVELOPMENT, MEMBER, ZAGREB, World

HERE = ("-o", ZAGREB.id)
PEOPLE = (
    "first_name,last_name,email,role,title\n"
    'Iva,"Marić, Jr.",iva@example.com,admin,"Says ""hi"""\n'
    "Luka,Perić,luka@example.com,,\n"
)
SERVICES = "name,billable,position\nSupport,no,3\nResearch,yes,\n"
KINDS = {"people": PEOPLE, "services": SERVICES}
IMPORTS = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def _world(world: World) -> None:
    assert world.tokens


def named(operator: Operator, kind: str) -> dict[str, dict[str, Any]]:
    """What is there now, by e-mail address or by name."""
    key = "email" if kind == "people" else "name"
    found = operator.here(kind, "list")
    by_name = {it[key]: it for it in found}
    assert len(by_name) == len(found)
    return by_name


def test_people_come_as_they_stand_in_the_file(operator: Operator, admin: Api) -> None:
    done = operator.here("people", "import", "-", typed=PEOPLE)
    assert [(it["line"], it["name"]) for it in done["created"]] == [
        (2, "iva@example.com"),
        (3, "luka@example.com"),
    ]
    iva = named(operator, "people")["iva@example.com"]
    assert (iva["last_name"], iva["title"], iva["role"]) == ("Marić, Jr.", 'Says "hi"', Role.ADMIN)
    luka = named(operator, "people")["luka@example.com"]
    assert (luka["role"], luka["title"]) == (Role.MEMBER, None)
    assert admin.get(f"/people/{luka['id']}").attributes["first_name"] == "Luka"


def test_services_come_as_they_stand_in_the_file(operator: Operator, admin: Api) -> None:
    operator.here("services", "import", "-", typed=SERVICES)
    support = named(operator, "services")["Support"]
    assert (support["billable"], support["position"]) == (False, 3)
    assert named(operator, "services")["Research"]["billable"] is True
    assert admin.start(service_id=support["id"]).status == 201


@pytest.mark.parametrize(
    "written",
    [
        PEOPLE.encode("utf-8-sig"),
        PEOPLE.replace("\n", "\r\n").encode(),
        ("\n" + PEOPLE.replace("first_name", " First Name ") + "\n,,,,\n\n").encode(),
        b"first_name;last_name;email\nIva;Maric;iva@example.com\nLuka;Peric;luka@example.com\n",
        b"last_name\tfirst_name\temail\nM\tI\tiva@example.com\nP\tL\tluka@example.com",
    ],
    ids=["byte order mark", "windows lines", "blanks", "semicolons", "tabs"],
)
def test_spreadsheets_write_csv_in_many_ways(
    operator: Operator, tmp_path: Path, written: bytes
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(written)
    assert len(operator.here("people", "import", path)["created"]) == 2
    assert len(operator.here("people", "import", "-", typed=written)["created"]) == 0


BAD: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "everything at once": (
        b"first_name,last_name,email,role\n"
        b"Iva,Maric,iva,boss\n"
        b',Maric,"iva@\nexample.com",\n'
        b"Luka,Peric,luka@example.com,admin\n"
        b"Luka,Peric,LUKA@example.com,admin\n",
        (
            "line 2: email: must be an e-mail address",
            "line 2: role: must be one of admin, member",
            "line 3: first_name: must be given",
        ),
    ),
    "repeated": (
        b"first_name,last_name,email,id\nA,B,a@example.com,5\nA,B,A@example.com,5\n",
        (
            "line 3: email: a@example.com is on line 2 already",
            "line 3: id: 5 is on line 2 already",
        ),
    ),
    "columns": (
        b"first_name,email,phone,Email,\nA,a@example.com,1,b,\n",
        (
            "line 1: column phone is unknown; there are first_name,",
            "line 1: column (without a name) is unknown",
            "line 1: column email comes twice",
            "line 1: column last_name is missing",
        ),
    ),
    "cells": (
        b"first_name,last_name,email\nA,B\nA,B,a@example.com,more\n",
        ("line 2: has 2 cells, and line 1 has 3", "line 3: has 4 cells"),
    ),
    "ids": (b"first_name,last_name,email,id\nA,B,a@example.com,x\n", ("line 2: id: must be",)),
    "somebody else's address": (
        b"first_name,last_name,email,id\nA,B,8784@example.com,8779\nA,B,8796@example.com,5\n",
        ("line 2: email: is that of 8784, not of 8779", "line 3: email: is that of 8796, not of 5"),
    ),
    "empty": (b"", ("the file is empty",)),
    "another encoding": ("first_name,last_name,email\nJürgen".encode("latin-1"), ("not UTF-8",)),
    "no end of quotes": (b'first_name,last_name,email\nA,B,"a@example.com\n', ("is no CSV",)),
}


@pytest.mark.parametrize("name", BAD)
def test_anything_wrong_is_named_and_nothing_is_written(
    operator: Operator, connection: Connection, name: str
) -> None:
    written, told = BAD[name]
    before = snapshot(connection)
    said = operator.refused("people", "import", "-", *HERE, typed=written)
    assert [line for line in told if line not in said] == []
    assert "nothing was written" in said
    assert snapshot(connection) == before


def test_services_that_are_called_the_same_are_told_apart_by_their_ids(operator: Operator) -> None:
    operator.here("services", "create", "--name", "design")
    said = operator.refused("services", "import", "-", *HERE, typed="name\nDesign\n")
    assert "line 2: name: there are several; add their ids" in said
    done = operator.here("services", "import", "-", typed="name,id\nDesign,1294\n")
    assert done["unchanged"] == 1


@IMPORTS
def test_a_dry_run_says_what_would_be_and_writes_nothing(
    operator: Operator, connection: Connection, kind: str
) -> None:
    before = snapshot(connection)
    said = operator.done(kind, "import", "-", *HERE, "--dry-run", typed=KINDS[kind])
    assert f"dry run, nothing was written: 2 {kind} created, 0 there already" in said
    assert snapshot(connection) == before


@IMPORTS
def test_a_second_run_changes_nothing_and_says_so(
    operator: Operator, connection: Connection, kind: str
) -> None:
    operator.done(kind, "import", "-", *HERE, typed=KINDS[kind])
    before = snapshot(connection)
    said = operator.done(kind, "import", "-", *HERE, "--update", typed=KINDS[kind])
    assert f"0 {kind} created, 2 there already, 0 updated, 0 differ, 0 refused" in said
    assert snapshot(connection) == before


def test_what_differs_is_left_and_told_and_changed_only_when_asked(operator: Operator) -> None:
    file = (
        "first_name,last_name,email,role,nickname\n"
        f"First,Last {MEMBER},{MEMBER}@example.com,,Mimi\n"
        f"Ana,Last {ADMIN},{ADMIN}@EXAMPLE.com,admin,\n"
    )
    left = operator.run("people", "import", "-", *HERE, typed=file)
    assert left.exit_code == 0
    assert "line 2: 8784@example.com differs, and was left: nickname None -> 'Mimi'" in left.stdout
    assert named(operator, "people")[f"{MEMBER}@example.com"]["nickname"] is None
    trial = operator.here("people", "import", "-", "--update", "--dry-run", typed=file)
    assert [it["id"] for it in trial["updated"]] == [MEMBER, ADMIN]
    assert named(operator, "people")[f"{ADMIN}@example.com"]["first_name"] == "First"
    done = operator.here("people", "import", "-", "--update", typed=file)
    assert done["updated"][1]["changes"]["first_name"] == ["First", "Ana"]
    assert named(operator, "people")[f"{MEMBER}@example.com"]["nickname"] == "Mimi"
    # An empty cell says nothing.
    assert named(operator, "people")[f"{MEMBER}@example.com"]["role"] == "member"


def test_a_row_that_a_rule_refuses_is_told_and_the_others_are_done(operator: Operator) -> None:
    file = (
        "first_name,last_name,email,role\n"
        f"First,Last {ADMIN},{ADMIN}@example.com,member\n"
        "Iva,Maric,iva@example.com,\n"
    )
    result = operator.run("people", "import", "-", *HERE, "--update", typed=file)
    assert result.exit_code == 1
    assert "line 2: 8779@example.com was refused: role: is the last active admin" in result.stdout
    assert "iva@example.com" in named(operator, "people")


def test_ids_are_kept(operator: Operator) -> None:
    operator.here("services", "import", "-", typed="name,id\nSupport,77\n")
    assert named(operator, "services")["Support"]["id"] == 77
    file = "first_name,last_name,email,id\nIva,Maric,iva@example.com,78\n"
    operator.here("people", "import", "-", typed=file)
    assert named(operator, "people")["iva@example.com"]["id"] == 78
    renamed = file.replace("iva@", "iva.maric@")
    assert len(operator.here("people", "import", "-", "--update", typed=renamed)["updated"]) == 1
    assert named(operator, "people")["iva.maric@example.com"]["id"] == 78


def test_a_service_that_was_renamed_since_is_not_made_again(operator: Operator, admin: Api) -> None:
    operator.here("services", "import", "-", typed="name\nSupport\n")
    service_id = named(operator, "services")["Support"]["id"]
    changed = {"data": {"type": "services", "attributes": {"name": "Help"}}}
    assert admin.patch(f"/services/{service_id}", changed).status == 200
    done = operator.here("services", "import", "-", typed="name\nSupport\n")
    assert done["differing"][0]["changes"] == {"name": ["Help", "Support"]}


@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("position", [0, 1])
@IMPORTS
def test_a_crash_at_any_write_is_mended_by_running_it_again(
    operator: Operator, connection: Connection, kind: str, position: int, sent: bool
) -> None:
    before = len(named(operator, kind))
    injection = Injection(Fault(lambda _: Killed(), sent=sent, only=WRITE), position)
    with intercepted(connection, injection.wrap), pytest.raises(Killed):
        operator.run(kind, "import", "-", *HERE, typed=KINDS[kind])
    written = position + sent
    assert len(named(operator, kind)) == before + written
    done = operator.here(kind, "import", "-", typed=KINDS[kind])
    assert (len(done["created"]), done["unchanged"]) == (2 - written, written)
    assert len(named(operator, kind)) == before + 2
    assert operator.here(kind, "import", "-", typed=KINDS[kind])["unchanged"] == 2


@IMPORTS
def test_a_database_that_goes_away_stops_it_and_says_where(
    operator: Operator, connection: Connection, kind: str
) -> None:
    injection = Injection(Fault(throttled, only=WRITE), 1, lasting=True)
    with intercepted(connection, injection.wrap):
        result = operator.run(kind, "import", "-", *HERE, typed=KINDS[kind])
    assert result.exit_code == 1
    assert f"1 {kind} created" in result.stdout
    assert "stopped at line 3: the database does not answer" in result.stderr
    assert "Run it again" in result.stderr
    assert operator.here(kind, "import", "-", typed=KINDS[kind])["unchanged"] == 1


@IMPORTS
def test_an_interrupt_stops_it_and_says_where(
    operator: Operator, connection: Connection, kind: str
) -> None:
    injection = Injection(Fault(lambda _: KeyboardInterrupt(), only=WRITE), 1)
    with intercepted(connection, injection.wrap):
        said = operator.refused(kind, "import", "-", *HERE, typed=KINDS[kind])
    assert "stopped at line 3: interrupted" in said


@IMPORTS
def test_two_imports_of_one_file_make_nothing_twice(
    operator: Operator, connection: Connection, kind: str
) -> None:
    before = len(named(operator, kind))
    met = threading.Barrier(2)
    results: list[Any] = []
    waited = threading.local()

    def wrap(real: Any) -> Any:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            # Both have planned when the first of them writes.
            if operation == WRITE and not getattr(waited, "met", False):
                waited.met = True
                met.wait(timeout=20)
            return real(operation, arguments)

        return call

    def run() -> None:
        # Not through click's runner: it takes stdout for the whole process.
        results.append(_import(operator, kind))

    with intercepted(connection, wrap):
        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(created + unchanged for created, unchanged in results) == [2, 2]
    assert sum(created for created, _ in results) == 2
    assert len(named(operator, kind)) == before + 2


def _import(operator: Operator, kind: str) -> tuple[int, int]:
    """Import a kind's file; how many rows were created, and how many were there."""
    kinds = {"people": PeopleRows, "services": ServiceRows}
    rows = kinds[kind](operator.desk.tools, operator.desk.operator(ZAGREB.id))
    report = Report(dry_run=False)
    for step in plan(rows, StringIO(KINDS[kind])):
        carry_out(rows, step, report, update=False)
    assert report.failed == []
    return len(report.created), report.unchanged


def test_what_was_made_meanwhile_but_otherwise_is_refused(
    operator: Operator, connection: Connection
) -> None:
    def wrap(real: Any) -> Any:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == WRITE and not meanwhile:
                meanwhile.append(True)
                values = {"first_name": "X", "last_name": "Y", "email": "iva@example.com"}
                tools = operator.desk.tools
                People(tools).add(operator.desk.operator(ZAGREB.id), values, None)
            return real(operation, arguments)

        return call

    meanwhile: list[bool] = []
    with intercepted(connection, wrap):
        result = operator.run("people", "import", "-", *HERE, typed=PEOPLE)
    assert result.exit_code == 1
    assert "line 2: iva@example.com was refused: email: is taken" in result.stdout
    assert named(operator, "people")["iva@example.com"]["first_name"] == "X"


def test_long_work_tells_how_far_it_is(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_LINE_EVERY", 2)
    names = "".join(f"Service {number}\n" for number in range(5))
    result = operator.run("services", "import", "-", *HERE, typed=f"name\n{names}")
    lines = [line for line in result.stderr.splitlines() if line.startswith("importing")]
    assert lines == [f"importing services: {number} of 5" for number in (2, 4, 5)]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(output.progress([1, 2, 3], "importing people")) == [1, 2, 3]
    assert "importing people" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_a_file_that_is_not_there_is_a_wrong_use(operator: Operator, tmp_path: Path) -> None:
    assert operator.run("people", "import", tmp_path / "none.csv", *HERE).exit_code == 2


def test_an_import_reads_little_and_writes_each_row_once(
    operator: Operator, connection: Connection
) -> None:
    calls: list[str] = []

    def wrap(real: Any) -> Any:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            calls.append(operation)
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        operator.here("services", "import", "-", typed=SERVICES)
    assert calls.count(WRITE) == 2
    assert calls.count("Query") == 1
    assert len(calls) <= 2 * 2 + 4
    assert len(items(connection, "tokens")) == 5
    with failing(connection, WRITE, "ThrottlingException") as seen:
        operator.here("services", "import", "-", typed=SERVICES)
    assert seen == []
    assert named(operator, "services")["Development"]["id"] == DEVELOPMENT
