"""The command line itself: help, exit codes, and which tables it works on."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner
from pynamodb.connection import Connection

from chalicelib.settings import Settings
from chalicelib.store.connection import table_name
from chalicelib.store.models import TokenModel
from infra.admin import desk as desks
from infra.admin.cli import admin
from infra.admin.desk import Desk, open_desk
from infra.admin.rows import PeopleRows, Rows, ServiceRows
from infra.stack.template import ROOT
from tests.support.faults import failing
from tests.support.operator import Operator
from tests.support.world import World

STARTED_SECONDS = 60


def commands(
    group: click.Group = admin, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_commands_help_teaches_by_an_example(path: tuple[str, ...]) -> None:
    result = without_tables(*path, "--help")
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert "Example" in said
    assert f" {' '.join(path)}" in said.partition("Example")[2]
    assert all(it.help for it in COMMANDS[path].params if isinstance(it, click.Option))


def without_tables(*arguments: str) -> Any:
    return CliRunner().invoke(admin, arguments)


def test_the_help_names_the_exit_codes_and_the_first_steps() -> None:
    said = " ".join(without_tables("--help").stdout.split())
    assert "Exit codes: 0 done; 1 something was refused or failed" in said
    assert "organizations create" in said


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infra.admin", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=STARTED_SECONDS,
        check=False,
    )


def test_a_table_in_anothers_memory_cannot_be_reached_and_it_says_so() -> None:
    result = run("people", "list", "-o", "1")
    assert result.returncode == 2
    assert "in its own memory" in result.stderr
    assert result.stdout == ""


def test_a_database_that_is_away_is_told_in_one_line() -> None:
    result = run("people", "list", "-o", "1", DYNAMODB_ENDPOINT="http://127.0.0.1:9")
    assert result.returncode == 1
    assert "the database does not answer" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("people", "list"),
        ("people", "list", "-o", "none"),
        ("services", "archive", "0", "-o", "1"),
        ("organizations", "create", "Name", "--time-zone", "Europe/Zagreb"),
        ("organizations", "change", "-o", "1", "--auto-stop-after", "soon"),
        ("nothing",),
    ],
)
def test_a_wrong_use_exits_with_2(operator: Operator, arguments: tuple[str, ...]) -> None:
    assert operator.run(*arguments).exit_code == 2


@pytest.fixture
def opened(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that desks are opened with; the models stay bound to the tests' tables."""
    seen: list[Settings] = []

    def connect(settings: Settings) -> Connection:
        seen.append(settings)
        return connection

    monkeypatch.setattr(desks, "connect", connect)
    for name in ("STINT_TABLE_PREFIX", "AWS_REGION", "AWS_DEFAULT_REGION", "DYNAMODB_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return seen


def test_a_stage_is_its_tables_on_aws(
    opened: list[Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    desk = open_desk("prod", "eu-west-1", None)
    assert capsys.readouterr() == ("", "stint-prod-* at eu-west-1:\n")
    assert (opened[0].table_prefix, opened[0].region) == ("stint-prod", "eu-west-1")
    assert opened[0].dynamodb_endpoint is None
    assert desk.place == "stint-prod-* at eu-west-1"
    assert desk.on_aws


def test_an_endpoint_is_a_local_stage_and_one_of_awss_is_not(opened: list[Settings]) -> None:
    assert not open_desk(None, None, "http://127.0.0.1:9").on_aws
    assert opened[0].table_prefix == "stint-local"
    assert open_desk("test", None, "https://dynamodb.eu-west-1.amazonaws.com").on_aws


def test_the_environment_names_tables_too(
    opened: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STINT_TABLE_PREFIX", "stint-restored")
    with pytest.raises(click.UsageError, match="No AWS region"):
        open_desk(None, None, None)
    open_desk(None, "eu-west-1", None)
    assert opened[0].table_prefix == "stint-restored"


@pytest.mark.parametrize("stage", ["Prod", "", "a" * 31, "x_y"])
def test_a_stage_that_cannot_be_one_is_refused(stage: str) -> None:
    with pytest.raises(click.UsageError, match="--stage"):
        open_desk(stage, "eu-west-1", None)


def test_init_makes_the_missing_tables_and_never_on_aws(operator: Operator) -> None:
    # A table without a stream: DynamoDB Local goes on listing that of one that is gone.
    name = table_name(TokenModel)
    TokenModel.delete_table()
    assert operator.done("init").split() == [name]
    assert operator.done("init") == ""
    on_aws = Operator(
        Desk("stint-prod-*", operator.desk.connection, operator.desk.tools, on_aws=True)
    )
    TokenModel.delete_table()
    try:
        assert "make deploy" in on_aws.refused("init")
        assert not TokenModel.exists()
    finally:
        operator.done("init")


def test_missing_tables_and_missing_rights_are_told_in_one_line(
    operator: Operator, world: World, connection: Connection
) -> None:
    assert world.tokens
    for code, said in (
        ("ResourceNotFoundException", "the tables are not there"),
        ("AccessDeniedException", "DynamoDB:"),
        ("ThrottlingException", "the database does not answer"),
    ):
        with failing(connection, "BatchGetItem", code):
            assert said in operator.refused("services", "list", "-o", "2149")
    with failing(connection, "TransactWriteItems", "ResourceNotFoundException"):
        arguments = ("services", "create", "-o", "2149", "--name", "New")
        assert "the tables are not there" in operator.refused(*arguments)


def test_a_scan_that_is_throttled_goes_on(
    operator: Operator, world: World, connection: Connection
) -> None:
    assert world.tokens
    with failing(connection, "Scan", "ThrottlingException", times=2) as seen:
        assert len(operator.json("organizations", "list")) == 2
    assert len(seen) == 3
    with failing(connection, "Scan", "ThrottlingException"):
        assert "does not answer" in operator.refused("organizations", "list")


PAGE = (ROOT / "docs" / "administration.md").read_text()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_is_on_its_page(path: tuple[str, ...]) -> None:
    assert f"`{' '.join(path)}`" in PAGE


@pytest.mark.parametrize(("kind", "rows"), [("people", PeopleRows), ("services", ServiceRows)])
def test_every_column_is_on_the_page_and_in_the_help(kind: str, rows: type[Rows]) -> None:
    (line,) = [it for it in PAGE.splitlines() if it.startswith(f"| {kind} | `")]
    help_text = COMMANDS[kind, "import"].help or ""
    for name in [*(it.name for it in rows.inputs), "id"]:
        assert f"`{name}`" in line
        assert name in help_text
