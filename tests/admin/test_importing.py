"""CSV imports: validation of the whole file, conditional writes, repeated runs."""

import sys
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.people.model import Role
from chalicelib.people.operations import People
from tests.support.api import Api
from tests.support.failing_calls import failing
from tests.support.fault_injection import WRITE, Fault, Injection, Killed, intercepted, throttled
from tests.support.fixtures import ADMIN, DEVELOPMENT, MEMBER, ZAGREB, Fixtures
from tests.support.operator import Operator
from tests.support.table_snapshots import items, snapshot
from tools.admin import output
from tools.admin.import_rows import PeopleRows, ServiceRows
from tools.admin.importing import Report, carry_out, plan

IN_ZAGREB = ("-o", ZAGREB.id)
PEOPLE = (
    "first_name,last_name,email,role,title,time_zone,auto_stop_at_time\n"
    'Iva,"Marić, Jr.",iva@example.com,admin,"Says ""hi""",Europe/Lisbon,18:30\n'
    "Luka,Perić,luka@example.com,,,,\n"
)
SERVICES = "name,billable,position\nSupport,no,3\nResearch,yes,\n"
KINDS = {"people": PEOPLE, "services": SERVICES}
BOTH_KINDS = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def _fixtures(fixtures: Fixtures) -> None:
    assert fixtures.tokens


def records_by_name(operator: Operator, kind: str) -> dict[str, dict[str, Any]]:
    """Return the stored records, by e-mail address or by name."""
    key = "email" if kind == "people" else "name"
    records = operator.here(kind, "list")
    by_name = {record[key]: record for record in records}
    assert len(by_name) == len(records)
    return by_name


def test_people_import_creates_people_from_rows(operator: Operator, admin: Api) -> None:
    report = operator.here("people", "import", "-", typed=PEOPLE)
    assert [(row["line"], row["name"]) for row in report["created"]] == [
        (2, "iva@example.com"),
        (3, "luka@example.com"),
    ]
    iva = records_by_name(operator, "people")["iva@example.com"]
    assert (iva["last_name"], iva["title"], iva["role"]) == ("Marić, Jr.", 'Says "hi"', Role.ADMIN)
    assert (iva["time_zone"], iva["auto_stop_at_time"]) == ("Europe/Lisbon", "18:30")
    luka = records_by_name(operator, "people")["luka@example.com"]
    assert (luka["role"], luka["title"]) == (Role.MEMBER, None)
    assert admin.get(f"/people/{luka['id']}").attributes["first_name"] == "Luka"


def test_services_import_creates_services_from_rows(operator: Operator, admin: Api) -> None:
    operator.here("services", "import", "-", typed=SERVICES)
    support = records_by_name(operator, "services")["Support"]
    assert (support["billable"], support["position"]) == (False, 3)
    assert records_by_name(operator, "services")["Research"]["billable"] is True
    assert admin.start(service_id=support["id"]).status == 201


@pytest.mark.parametrize(
    "content",
    [
        PEOPLE.encode("utf-8-sig"),
        PEOPLE.replace("\n", "\r\n").encode(),
        ("\n" + PEOPLE.replace("first_name", " First Name ") + "\n,,,,\n\n").encode(),
        b"first_name;last_name;email\nIva;Maric;iva@example.com\nLuka;Peric;luka@example.com\n",
        b"last_name\tfirst_name\temail\nM\tI\tiva@example.com\nP\tL\tluka@example.com",
    ],
    ids=["byte order mark", "CRLF lines", "blank lines and spaces", "semicolons", "tabs"],
)
def test_import_accepts_csv_dialects_of_spreadsheets(
    operator: Operator, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    assert len(operator.here("people", "import", path)["created"]) == 2
    assert len(operator.here("people", "import", "-", typed=content)["created"]) == 0


INVALID_FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "several problems": (
        b"first_name,last_name,email,role\n"
        b"Iva,Maric,iva,boss\n"
        b',Maric,"iva@\nexample.com",\n'
        b"Luka,Peric,luka@example.com,admin\n"
        b"Luka,Peric,LUKA@example.com,admin\n",
        (
            "line 2: email: Use a valid e-mail address.",
            "line 2: role: Use one of these values: admin, member",
            "line 3: first_name: This attribute is required.",
        ),
    ),
    "duplicates": (
        b"first_name,last_name,email,id\nA,B,a@example.com,5\nA,B,A@example.com,5\n",
        (
            "line 3: email: a@example.com is already on line 2",
            "line 3: id: 5 is already on line 2",
        ),
    ),
    "columns": (
        b"first_name,email,phone,Email,\nA,a@example.com,1,b,\n",
        (
            "line 1: column phone is unknown; known: first_name,",
            "line 1: column (without a name) is unknown",
            "line 1: column email appears twice",
            "line 1: column last_name is missing",
        ),
    ),
    "cells": (
        b"first_name,last_name,email\nA,B\nA,B,a@example.com,more\n",
        ("line 2: has 2 cells, but line 1 has 3", "line 3: has 4 cells"),
    ),
    "ids": (
        b"first_name,last_name,email,id\nA,B,a@example.com,x\n",
        ("line 2: id: Use a whole number.",),
    ),
    "address of another person": (
        b"first_name,last_name,email,id\nA,B,8784@example.com,8779\nA,B,8796@example.com,5\n",
        (
            "line 2: email: This email belongs to 8784, not to 8779.",
            "line 3: email: This email belongs to 8796, not to 5.",
        ),
    ),
    "empty": (b"", ("the file is empty",)),
    "another encoding": ("first_name,last_name,email\nJürgen".encode("latin-1"), ("not UTF-8",)),
    "unclosed quote": (b'first_name,last_name,email\nA,B,"a@example.com\n', ("is not valid CSV",)),
}


@pytest.mark.parametrize("name", INVALID_FILES)
def test_invalid_file_reports_each_problem_and_writes_nothing(
    operator: Operator, connection: Connection, name: str
) -> None:
    content, problems = INVALID_FILES[name]
    before = snapshot(connection)
    output_text = operator.refused("people", "import", "-", *IN_ZAGREB, typed=content)
    assert [line for line in problems if line not in output_text] == []
    assert "nothing was written" in output_text
    assert snapshot(connection) == before


def test_services_with_same_name_are_matched_by_id(operator: Operator) -> None:
    operator.here("services", "create", "--name", "design")
    message = operator.refused("services", "import", "-", *IN_ZAGREB, typed="name\nDesign\n")
    assert "line 2: name: Several services have this name. Add an id column." in message
    report = operator.here("services", "import", "-", typed="name,id\nDesign,1294\n")
    assert report["unchanged"] == 1


@BOTH_KINDS
def test_dry_run_reports_changes_and_writes_nothing(
    operator: Operator, connection: Connection, kind: str
) -> None:
    before = snapshot(connection)
    summary = operator.done(kind, "import", "-", *IN_ZAGREB, "--dry-run", typed=KINDS[kind])
    assert f"dry run, nothing was written: 2 {kind} created, 0 unchanged" in summary
    assert snapshot(connection) == before


@BOTH_KINDS
def test_repeated_import_changes_nothing(
    operator: Operator, connection: Connection, kind: str
) -> None:
    operator.done(kind, "import", "-", *IN_ZAGREB, typed=KINDS[kind])
    before = snapshot(connection)
    summary = operator.done(kind, "import", "-", *IN_ZAGREB, "--update", typed=KINDS[kind])
    assert f"0 {kind} created, 2 unchanged, 0 updated, 0 different, 0 refused" in summary
    assert snapshot(connection) == before


def test_differing_record_changes_only_with_update_option(operator: Operator) -> None:
    file = (
        "first_name,last_name,email,role,nickname\n"
        f"First,Last {MEMBER},{MEMBER}@example.com,,Mimi\n"
        f"Ana,Last {ADMIN},{ADMIN}@EXAMPLE.com,admin,\n"
    )
    result = operator.run("people", "import", "-", *IN_ZAGREB, typed=file)
    assert result.exit_code == 0
    assert (
        "line 2: 8784@example.com differs and was not changed: nickname None -> 'Mimi'"
        in result.stdout
    )
    assert records_by_name(operator, "people")[f"{MEMBER}@example.com"]["nickname"] is None
    dry_run = operator.here("people", "import", "-", "--update", "--dry-run", typed=file)
    assert [row["id"] for row in dry_run["updated"]] == [MEMBER, ADMIN]
    assert records_by_name(operator, "people")[f"{ADMIN}@example.com"]["first_name"] == "First"
    report = operator.here("people", "import", "-", "--update", typed=file)
    assert report["updated"][1]["changes"]["first_name"] == ["First", "Ana"]
    assert records_by_name(operator, "people")[f"{MEMBER}@example.com"]["nickname"] == "Mimi"
    # An empty cell changes nothing.
    assert records_by_name(operator, "people")[f"{MEMBER}@example.com"]["role"] == "member"


def test_refused_row_is_reported_and_other_rows_are_imported(operator: Operator) -> None:
    file = (
        "first_name,last_name,email,role\n"
        f"First,Last {ADMIN},{ADMIN}@example.com,member\n"
        "Iva,Maric,iva@example.com,\n"
    )
    result = operator.run("people", "import", "-", *IN_ZAGREB, "--update", typed=file)
    assert result.exit_code == 1
    assert (
        "line 2: 8779@example.com was refused: role: This person is the last active admin."
        in result.stdout
    )
    assert "iva@example.com" in records_by_name(operator, "people")


def test_import_uses_ids_from_file(operator: Operator) -> None:
    operator.here("services", "import", "-", typed="name,id\nSupport,77\n")
    assert records_by_name(operator, "services")["Support"]["id"] == 77
    file = "first_name,last_name,email,id\nIva,Maric,iva@example.com,78\n"
    operator.here("people", "import", "-", typed=file)
    assert records_by_name(operator, "people")["iva@example.com"]["id"] == 78
    renamed = file.replace("iva@", "iva.maric@")
    assert len(operator.here("people", "import", "-", "--update", typed=renamed)["updated"]) == 1
    assert records_by_name(operator, "people")["iva.maric@example.com"]["id"] == 78


def test_renamed_service_is_not_created_again(operator: Operator, admin: Api) -> None:
    operator.here("services", "import", "-", typed="name\nSupport\n")
    service_id = records_by_name(operator, "services")["Support"]["id"]
    document = {"data": {"type": "services", "attributes": {"name": "Help"}}}
    assert admin.patch(f"/services/{service_id}", document).status == 200
    report = operator.here("services", "import", "-", typed="name\nSupport\n")
    assert report["differing"][0]["changes"] == {"name": ["Help", "Support"]}


@pytest.mark.every_engine
@pytest.mark.parametrize("sent", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("position", [0, 1])
@BOTH_KINDS
def test_import_can_be_repeated_after_crash_at_any_write(
    operator: Operator, connection: Connection, kind: str, position: int, sent: bool
) -> None:
    before = len(records_by_name(operator, kind))
    injection = Injection(Fault(lambda _: Killed(), sent=sent, only=WRITE), position)
    with intercepted(connection, injection.wrap), pytest.raises(Killed):
        operator.run(kind, "import", "-", *IN_ZAGREB, typed=KINDS[kind])
    written = position + sent
    assert len(records_by_name(operator, kind)) == before + written
    report = operator.here(kind, "import", "-", typed=KINDS[kind])
    assert (len(report["created"]), report["unchanged"]) == (2 - written, written)
    assert len(records_by_name(operator, kind)) == before + 2
    assert operator.here(kind, "import", "-", typed=KINDS[kind])["unchanged"] == 2


@BOTH_KINDS
def test_unavailable_database_stops_import_and_reports_line(
    operator: Operator, connection: Connection, kind: str
) -> None:
    injection = Injection(Fault(throttled, only=WRITE), 1, lasting=True)
    with intercepted(connection, injection.wrap):
        result = operator.run(kind, "import", "-", *IN_ZAGREB, typed=KINDS[kind])
    assert result.exit_code == 1
    assert f"1 {kind} created" in result.stdout
    assert "stopped at line 3: The database is not available" in result.stderr
    assert "Run it again" in result.stderr
    assert operator.here(kind, "import", "-", typed=KINDS[kind])["unchanged"] == 1


@BOTH_KINDS
def test_interrupt_stops_import_and_reports_line(
    operator: Operator, connection: Connection, kind: str
) -> None:
    injection = Injection(Fault(lambda _: KeyboardInterrupt(), only=WRITE), 1)
    with intercepted(connection, injection.wrap):
        message = operator.refused(kind, "import", "-", *IN_ZAGREB, typed=KINDS[kind])
    assert "stopped at line 3: interrupted" in message


@BOTH_KINDS
def test_concurrent_imports_of_one_file_create_no_duplicates(
    operator: Operator, connection: Connection, kind: str
) -> None:
    before = len(records_by_name(operator, kind))
    barrier = threading.Barrier(2)
    results: list[Any] = []
    waited = threading.local()

    def wrap(real: Any) -> Any:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            # Both imports have planned their steps when the first of them writes.
            if operation == WRITE and not getattr(waited, "met", False):
                waited.met = True
                barrier.wait(timeout=20)
            return real(operation, arguments)

        return call

    def run() -> None:
        # Not through click's runner, which redirects stdout for the whole process.
        results.append(_import(operator, kind))

    with intercepted(connection, wrap):
        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(created + unchanged for created, unchanged in results) == [2, 2]
    assert sum(created for created, _ in results) == 2
    assert len(records_by_name(operator, kind)) == before + 2


def _import(operator: Operator, kind: str) -> tuple[int, int]:
    """Import the file of a kind; return the numbers of created and unchanged rows."""
    kinds = {"people": PeopleRows, "services": ServiceRows}
    rows = kinds[kind](operator.context.dependencies, operator.context.operator(ZAGREB.id))
    report = Report(dry_run=False)
    for step in plan(rows, StringIO(KINDS[kind])):
        carry_out(rows, step, report, update=False)
    assert report.failed == []
    return len(report.created), report.unchanged


def test_record_created_meanwhile_with_other_values_is_refused(
    operator: Operator, connection: Connection
) -> None:
    def wrap(real: Any) -> Any:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == WRITE and not created:
                created.append(True)
                values = {"first_name": "X", "last_name": "Y", "email": "iva@example.com"}
                dependencies = operator.context.dependencies
                People(dependencies).create(operator.context.operator(ZAGREB.id), values)
            return real(operation, arguments)

        return call

    created: list[bool] = []
    with intercepted(connection, wrap):
        result = operator.run("people", "import", "-", *IN_ZAGREB, typed=PEOPLE)
    assert result.exit_code == 1
    assert (
        "line 2: iva@example.com was refused: email: Another person already has this value."
        in result.stdout
    )
    assert records_by_name(operator, "people")["iva@example.com"]["first_name"] == "X"


def test_long_import_prints_progress(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_LINE_EVERY", 2)
    names = "".join(f"Service {number}\n" for number in range(5))
    result = operator.run("services", "import", "-", *IN_ZAGREB, typed=f"name\n{names}")
    lines = [line for line in result.stderr.splitlines() if line.startswith("importing")]
    assert lines == [f"importing services: {number} of 5" for number in (2, 4, 5)]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_terminal_shows_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(output.progress([1, 2, 3], "importing people")) == [1, 2, 3]
    assert "importing people" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_missing_file_is_usage_error(operator: Operator, tmp_path: Path) -> None:
    assert operator.run("people", "import", tmp_path / "none.csv", *IN_ZAGREB).exit_code == 2


def test_import_makes_few_calls_and_writes_each_row_once(
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
    with failing(connection, WRITE, "ThrottlingException") as failed_calls:
        operator.here("services", "import", "-", typed=SERVICES)
    assert failed_calls == []
    assert records_by_name(operator, "services")["Development"]["id"] == DEVELOPMENT
