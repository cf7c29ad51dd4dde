"""The command line: help, exit codes, selection of tables."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.api_tokens.repository import CredentialModel
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import table_name
from infra.stack.template import ROOT
from tests.support.failing_calls import failing
from tests.support.fixtures import Fixtures
from tests.support.operator import Operator
from tools.admin import context as admin_context
from tools.admin.cli import admin
from tools.admin.context import AdminContext, open_context
from tools.admin.import_rows import PeopleRows, Rows, ServiceRows
from tools.stage import Selection

TIMEOUT_SECONDS = 60
PLACEHOLDER_KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


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
def test_help_of_each_command_has_an_example(path: tuple[str, ...]) -> None:
    result = invoke(*path, "--help")
    assert result.exit_code == 0
    help_text = " ".join(result.stdout.split())
    assert "Example" in help_text
    assert f" {' '.join(path)}" in help_text.partition("Example")[2]
    assert all(option.help for option in COMMANDS[path].params if isinstance(option, click.Option))


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(admin, arguments)


def test_help_lists_exit_codes_and_first_steps() -> None:
    help_text = " ".join(invoke("--help").stdout.split())
    assert "Exit codes: 0 success; 1 refused, failed or not confirmed; 2 wrong usage" in help_text
    assert "organizations create" in help_text


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tools.admin", *arguments],
        env={"STINT_DATA": "none", **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def test_command_without_tables_prints_usage_error() -> None:
    result = run("people", "list", "-o", "1")
    assert result.returncode == 2
    assert "make run" in result.stderr
    assert result.stdout == ""


def test_unavailable_database_prints_one_line() -> None:
    result = run("people", "list", "-o", "1", DYNAMODB_ENDPOINT="http://127.0.0.1:9")
    assert result.returncode == 1
    assert "The database is not available" in result.stderr
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
def test_wrong_usage_exits_with_code_2(operator: Operator, arguments: tuple[str, ...]) -> None:
    assert operator.run(*arguments).exit_code == 2


@pytest.fixture
def opened_settings(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each connection; the models stay bound to the tests' tables."""
    connections: list[Settings] = []

    def connect(settings: Settings, models: Iterable[type[Model]]) -> Connection:
        del models
        connections.append(settings)
        return connection

    monkeypatch.setattr(admin_context, "connect", connect)
    names = {"STINT_TABLE_PREFIX", "AWS_REGION", "AWS_DEFAULT_REGION", "DYNAMODB_ENDPOINT"}
    kept = {name: value for name, value in os.environ.items() if name not in names}
    # A copy: the selection of a region is for the whole process.
    monkeypatch.setattr(os, "environ", {**PLACEHOLDER_KEYS, **kept})
    return connections


def test_stage_option_selects_tables_on_aws(
    opened_settings: list[Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    context = open_context(Selection("prod", "eu-west-1"))
    place = "stint-prod-* at eu-west-1 (account 123456789012)"
    assert capsys.readouterr() == ("", f"{place}:\n")
    assert (opened_settings[0].table_prefix, opened_settings[0].region) == (
        "stint-prod",
        "eu-west-1",
    )
    assert opened_settings[0].dynamodb_endpoint is None
    assert context.place == place
    assert context.on_aws


def test_endpoint_option_selects_local_tables_unless_it_is_aws(
    opened_settings: list[Settings],
) -> None:
    assert not open_context(Selection(endpoint="http://127.0.0.1:9")).on_aws
    assert opened_settings[0].table_prefix == "stint-local"
    at_aws = Selection("test", "eu-west-1", endpoint="https://dynamodb.eu-west-1.api.aws")
    assert open_context(at_aws).on_aws


def test_environment_variable_selects_tables(
    opened_settings: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STINT_TABLE_PREFIX", "stint-restored")
    with pytest.raises(click.UsageError, match="No AWS region"):
        open_context(Selection())
    open_context(Selection(region="eu-west-1"))
    assert opened_settings[0].table_prefix == "stint-restored"


@pytest.mark.parametrize("stage", ["Prod", "", "a" * 31, "x_y"])
def test_invalid_stage_is_refused(stage: str) -> None:
    with pytest.raises(click.UsageError, match="--stage"):
        open_context(Selection(stage, "eu-west-1"))


def test_init_creates_missing_tables_but_not_on_aws(operator: Operator) -> None:
    # A table without a stream: DynamoDB Local still lists the stream of a deleted table.
    name = table_name(CredentialModel)
    CredentialModel.delete_table()
    assert operator.done("init").split() == [name]
    assert operator.done("init") == ""
    on_aws = Operator(
        AdminContext(
            "stint-prod-*", operator.context.connection, operator.context.dependencies, on_aws=True
        )
    )
    CredentialModel.delete_table()
    try:
        assert "make deploy" in on_aws.refused("init")
        assert not CredentialModel.exists()
    finally:
        operator.done("init")


def test_database_errors_print_one_line(
    operator: Operator, fixtures: Fixtures, connection: Connection
) -> None:
    assert fixtures.tokens
    for code, message in (
        ("ResourceNotFoundException", "the tables do not exist"),
        ("AccessDeniedException", "DynamoDB:"),
        ("ThrottlingException", "The database is not available"),
    ):
        with failing(connection, "BatchGetItem", code):
            assert message in operator.refused("services", "list", "-o", "2149")
    with failing(connection, "TransactWriteItems", "ResourceNotFoundException"):
        arguments = ("services", "create", "-o", "2149", "--name", "New")
        assert "the tables do not exist" in operator.refused(*arguments)


def test_throttled_scan_is_retried(
    operator: Operator, fixtures: Fixtures, connection: Connection
) -> None:
    assert fixtures.tokens
    with failing(connection, "Scan", "ThrottlingException", times=2) as calls:
        assert len(operator.json("organizations", "list")) == 2
    assert len(calls) == 3
    with failing(connection, "Scan", "ThrottlingException"):
        assert "The database is not available" in operator.refused("organizations", "list")


ADMINISTRATION_PAGE = (ROOT / "docs" / "administration.md").read_text()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_each_command_is_documented(path: tuple[str, ...]) -> None:
    assert f"`{' '.join(path)}`" in ADMINISTRATION_PAGE


@pytest.mark.parametrize(("kind", "rows"), [("people", PeopleRows), ("services", ServiceRows)])
def test_each_import_column_is_documented(kind: str, rows: type[Rows]) -> None:
    rows_of_table = [
        text for text in ADMINISTRATION_PAGE.splitlines() if text.startswith(f"| {kind} | `")
    ]
    help_text = COMMANDS[kind, "import"].help or ""
    for name in [*(declared.name for declared in rows.inputs), "id"]:
        assert f"`{name}`" in " ".join(rows_of_table)
        assert name in help_text
