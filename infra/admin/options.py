"""Options that commands share. Those of a resource's values come from its declaration, so that
the command line takes what the API takes, by the same names and rules."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

import click

from chalicelib.domain.errors import InvalidAttribute
from chalicelib.domain.ids import MAX_ID, parse_id
from chalicelib.jsonapi.inputs import Input, read_values
from chalicelib.jsonapi.requests import Document
from chalicelib.jsonapi.resource import Kind
from infra.admin.desk import Desk

Command = Callable[..., Any]

_DURATION = re.compile(r"([0-9]{1,7})([smhd]?)", re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Id(click.ParamType[int]):
    """An id: a whole number below 2^53."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Fails, as a use that is wrong, for anything else."""
        record_id = parse_id(value)
        if record_id is None:
            self.fail(f"{value!r} is no id: a whole number from 1 to {MAX_ID}", param, ctx)
        return record_id


class Duration(click.ParamType[int]):
    """A time in seconds, or with a unit: ``90m``, ``12h``, ``2d``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds. Fails, as a use that is wrong, for anything else."""
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no time; say seconds, or 90m, 12h, 2d", param, ctx)
        return int(match[1]) * _SECONDS[match[2]]


def with_desk(command: Command) -> Command:
    """Gives a command the :class:`Desk`, which is opened only now: help needs none."""

    @click.pass_context
    @wraps(command)
    def run(context: click.Context, /, **options: Any) -> Any:
        return command(context.obj(), **options)

    return run


def in_organization(command: Command) -> Command:
    """Gives a command the :class:`Desk` and the operator as an admin of the organization."""

    @click.option(
        "-o",
        "--organization",
        "organization_id",
        type=Id(),
        required=True,
        envvar="STINT_ORGANIZATION",
        show_envvar=True,
        help="The organization's id.",
    )
    @with_desk
    @wraps(command)
    def run(desk: Desk, organization_id: int, **options: Any) -> Any:
        return command(desk, desk.operator(organization_id), **options)

    return run


json_option = click.option(
    "--json", "json_wanted", is_flag=True, help="Answer one JSON document, for programs."
)


def values_of(inputs: Iterable[Input], *, skip: Iterable[str] = ()) -> Callable[[Command], Command]:
    """An option for each declared value, such as ``--first-name``."""
    declared = [it for it in inputs if it.name not in set(skip)]

    def decorate(command: Command) -> Command:
        for it in reversed(declared):
            command = _option(it)(command)
        return command

    return decorate


def checked(inputs: Iterable[Input], given: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the rules of the API. Raises ``InvalidAttribute``."""
    return read_values(inputs, Document(attributes=given))


def required(values: Mapping[str, Any], *names: str) -> None:
    """Demands that these were given. Raises ``InvalidAttribute``."""
    for name in names:
        if name not in values:
            raise InvalidAttribute(name, "must be given")


def _option(declared: Input) -> Callable[[Command], Command]:
    dashed = declared.name.replace("_", "-")
    if declared.kind is Kind.BOOLEAN:
        return click.option(f"--{dashed}/--no-{dashed}", default=None, help=declared.meaning)
    kind: Any = int if declared.kind is Kind.INTEGER else str
    if declared.choices is not None:
        kind = click.Choice(words_of(declared))
    return click.option(f"--{dashed}", type=kind, required=declared.required, help=declared.meaning)


def words_of(declared: Input) -> list[str]:
    """The choices that are words; those that are numbers are for Productive's clients."""
    return [it for it in declared.choices or () if isinstance(it, str) and not it.isdecimal()]
