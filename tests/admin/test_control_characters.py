"""Commands escape control characters: old data can contain what the API refuses today."""

import ast
import csv
import io
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from chalicelib.core.validation import find_control_character
from chalicelib.people.model import Person
from chalicelib.services.model import Service
from tests.support.fixtures import DESIGN, OTHER_MEMBER, ZAGREB, Fixtures, put_all
from tests.support.operator import Operator

ROOT = Path(__file__).parents[2]

# Clears the line and writes another question; turns the text's direction; adds a line.
EVIL = "\x1b[2K\rKeep everything? \u202eevil\u2066\x9b1m\nOK"
ESCAPED = r"\u001b[2K\u000dKeep everything? \u202eevil\u2066\u009b1m"


@pytest.fixture
def person(fixtures: Fixtures) -> Person:
    stored = fixtures.database.get(Person, ZAGREB.id, OTHER_MEMBER)
    assert stored is not None
    hostile = replace(stored, first_name=EVIL, last_name=EVIL, title=EVIL)
    put_all(hostile, Service(DESIGN, ZAGREB.id, EVIL), replace(ZAGREB, name=EVIL))
    return hostile


def controls_in(output: str) -> str | None:
    """The first control character in a command's output, other than line breaks."""
    return find_control_character(output.replace("\n", ""))


READS = [
    ("people", "list", "-o", ZAGREB.id),
    ("people", "export", OTHER_MEMBER, "-o", ZAGREB.id),
    ("people", "deactivate", OTHER_MEMBER, "-o", ZAGREB.id),
    ("people", "change", OTHER_MEMBER, "-o", ZAGREB.id, "--nickname", "new"),
    ("services", "list", "-o", ZAGREB.id),
    ("services", "archive", DESIGN, "-o", ZAGREB.id),
    ("organizations", "list"),
    ("tokens", "list", OTHER_MEMBER, "-o", ZAGREB.id),
]


@pytest.mark.parametrize("arguments", READS)
@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.usefixtures("person")
def test_printed_records_have_no_control_characters(
    operator: Operator, arguments: tuple[object, ...], options: tuple[str, ...]
) -> None:
    if "export" in arguments and options:
        return
    output = operator.done(*arguments, *options)
    assert controls_in(output) is None
    if "--json" in options or "export" in arguments:
        assert json.loads(output) is not None
    if "tokens" not in arguments:
        assert r"\u202eevil\u2066" in output


@pytest.mark.usefixtures("person")
def test_question_before_an_erasure_cannot_be_rewritten(operator: Operator) -> None:
    result = operator.run(
        "people", "erase", OTHER_MEMBER, "-o", ZAGREB.id, "--deactivate", typed="n\n"
    )
    (question,) = [line for line in result.stderr.splitlines() if "erase" in line]
    assert question.startswith(f"Permanently erase {ESCAPED}")
    assert controls_in(result.output) is None


@pytest.mark.usefixtures("person")
def test_error_that_names_a_person_is_escaped(operator: Operator) -> None:
    error = operator.refused("people", "erase", OTHER_MEMBER, "-o", ZAGREB.id)
    assert ESCAPED in error
    assert controls_in(error) is None
    assert error.count("\n") == 1


@pytest.mark.usefixtures("fixtures")
def test_unknown_person_is_escaped(operator: Operator) -> None:
    error = operator.refused("people", "deactivate", "x@\x1b[2Ky", "-o", ZAGREB.id)
    assert r"x@\u001b[2Ky" in error


@pytest.mark.usefixtures("person")
def test_reports_of_imports_are_escaped(operator: Operator) -> None:
    file = io.StringIO()
    csv.writer(file).writerows(
        [["id", "first_name", "last_name", "email"], [OTHER_MEMBER, "Ana", "Horvat", "a@b.example"]]
    )
    result = operator.run("people", "import", "-", "-o", ZAGREB.id, typed=file.getvalue())
    assert "differs and was not changed" in result.stdout
    assert r"\u202eevil" in result.stdout or "\\u202eevil" in result.stdout
    assert controls_in(result.output) is None


@pytest.mark.parametrize(
    "rows",
    [
        [["first_name", "last_name", "email"], [EVIL, "Horvat", "a@b.example"]],
        [["first_name", "last_name", EVIL], ["Ana", "Horvat", "a@b.example"]],
        [["first_name", "last_name", "email"], ["Ana", "Horvat", "a@\x1bb.example"]],
    ],
)
@pytest.mark.usefixtures("fixtures")
def test_control_characters_in_a_file_are_refused(
    operator: Operator, rows: list[list[str]]
) -> None:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    error = operator.refused("people", "import", "-", "-o", ZAGREB.id, typed=file.getvalue())
    assert error.startswith("line ")
    assert "nothing was written" in error
    assert controls_in(error) is None


@pytest.mark.usefixtures("fixtures")
def test_control_characters_in_an_option_are_refused(operator: Operator) -> None:
    error = operator.refused(
        "services", "create", "-o", ZAGREB.id, "--name", "Design \u202egnp.exe"
    )
    assert "name: Use one line of text, without control characters: remove U+202E." in error


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tools" / "admin").rglob("*.py")), ids=lambda p: p.name
)
def test_admin_commands_print_only_through_output(path: Path) -> None:
    if path.name == "output.py":
        return
    calls = [
        node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    ]
    names = {ast.unparse(call) for call in calls}
    assert not names & {"print", "click.echo", "click.secho", "click.confirm", "click.prompt"}
