"""docs/operations.md matches the stack."""

import os
import re
import shlex
import subprocess

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.api_tokens.authentication import digest, new_token
from chalicelib.core.dependencies import Dependencies
from chalicelib.registry import TABLES
from infra.stack.functions import FUNCTIONS
from infra.stack.parameters import PARAMETERS
from infra.stack.tables import table_id
from infra.stack.template import ROOT
from tests.pairings.pairing import redeem
from tests.support.api import Api
from tests.support.operator import Operator
from tests.support.stack import Json, of_type
from tools.admin.context import AdminContext
from tools.ops.__main__ import COMMANDS, command_parser

PAGE = ROOT / "docs" / "operations.md"


def test_page_explains_every_alarm(template: Json) -> None:
    page = PAGE.read_text()
    kinds = ("Errors", "Throttles", "Latency")
    repeated = {
        *(f"{table_id(model)}Throttles" for model in TABLES),
        *(f"{function.logical_id}{kind}" for function in FUNCTIONS for kind in kinds),
    }
    other_alarms = set(of_type(template, "AWS::CloudWatch::Alarm")) - repeated
    assert {name for name in other_alarms if f"`{name}`" not in page} == set()
    for kind in (*kinds, "TableThrottles"):
        assert f"`…{kind}`" in page


def test_page_says_of_every_section_where_it_was_rehearsed() -> None:
    described, _, rehearsed = PAGE.read_text().partition("## What was rehearsed\n")
    rows = set(re.findall(r"^\| ([A-Z][^|:]*)(?:: [a-z]+)? \|", rehearsed, re.MULTILINE))
    sections = set(re.findall(r"^## (.+)$", described, re.MULTILINE))
    subsections = set(re.findall(r"^### (.+)$", described, re.MULTILINE))
    assert sections <= rows <= sections | subsections


def test_page_names_every_parameter() -> None:
    page = PAGE.read_text()
    assert {name for name in PARAMETERS if f"`{name}`" not in page} == set()


def test_first_steps_create_a_working_account(
    connection: Connection,
    dependencies: Dependencies,
    app: Chalice,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = PAGE.read_text().partition("### First steps")[2].partition("\n## ")[0]
    lines = re.findall(r"stint-admin --stage prod (.*)", steps.replace("\\\n", " "))
    operator = Operator(AdminContext("stint-prod-*", connection, dependencies, on_aws=True))
    headers = _headers(operator.done(*shlex.split(lines[0])))
    monkeypatch.setenv("STINT_ORGANIZATION", headers["X-Organization-Id"])
    for line in lines[1:3]:
        operator.done(*shlex.split(line))
    monkeypatch.setenv("STINT_APP", "https://app.example.com/")
    output = operator.done(*shlex.split(lines[3]))
    (code,) = re.findall(r"^code +(\S+)$", output, re.MULTILINE)
    assert f"https://app.example.com/#pair={code}" in output
    headers["X-Auth-Token"] = redeem(app, code).meta["token"]
    api = Api(app, headers)
    assert api.get("/users").data[0]["attributes"]["email"] == "ivan@example.com"
    assert api.start(service_id=api.get("/services").ids[0]).status == 201


def _headers(text: str) -> dict[str, str]:
    return dict(line.split(": ") for line in text.splitlines())


def test_commands_of_the_page_can_be_parsed() -> None:
    """With a stage each: without one, they use what the shell happens to select."""
    page = PAGE.read_text().replace("\\\n", " ")
    lines = re.findall(r"^    .*bin/stint-ops (.*?)(?: +#.*)?$", page, re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        assert command_parser().parse_args(shlex.split(line)).stage == "prod"


def test_make_commands_of_the_page_name_a_stage() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([\w-]+):.*\n\t.*tools\.ops [\w-]+ \$\(ON\)", makefile, re.MULTILINE)
    assert set(targets) == set(COMMANDS) - {"replay"}
    text = " ".join(PAGE.read_text().split())
    assert re.findall(rf"make (?:{'|'.join(targets)})\b(?! STAGE=\w)[^`]{{0,30}}", text) == []


def test_make_passes_the_stage_to_the_command() -> None:
    selected = ["STAGE=prod", "REGION=eu-west-3", "PROFILE=work"]
    for command in sorted(set(COMMANDS) - {"replay"}):
        arguments = ["make", "--dry-run", "--silent", "--assume-old=.venv/.installed"]
        result = subprocess.run(
            [*arguments, command, *selected], cwd=ROOT, capture_output=True, text=True, check=True
        )
        words = shlex.split(result.stdout.splitlines()[-1])
        options = command_parser().parse_args(words[words.index("tools.ops") + 1 :])
        assert (options.stage, options.region, options.profile) == ("prod", "eu-west-3", "work")


def test_page_restores_every_table(template: Json) -> None:
    # `make deploy` then sets what a restore does not: tests/infra/test_tables.py.
    page = PAGE.read_text()
    tables = of_type(template, "AWS::DynamoDB::Table").values()
    names = [table["Properties"]["TableName"]["Fn::Sub"].split("-", 1)[1] for table in tables]
    (loop,) = re.findall(r"for table in ([\w ]+); do", page)
    assert sorted(loop.split()) == sorted(names)


def test_token_hash_matches_the_shell_command_of_the_page() -> None:
    shell = re.search(r'\$\((printf %s "\$TOKEN" \| [^)]+)\)', PAGE.read_text())
    assert shell is not None
    token = new_token()
    result = subprocess.run(  # noqa: S602
        shell[1], shell=True, env={**os.environ, "TOKEN": token}, capture_output=True, check=True
    )
    assert result.stdout.decode().strip() == digest(token)
