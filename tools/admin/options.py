"""Options that commands share.

Options for a resource's values come from its declaration, so that the command line accepts the same
names and values as the API.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

import click

from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.ids import MAX_ID, parse_id
from chalicelib.jsonapi.inputs import Input, read_changes, read_values
from chalicelib.jsonapi.requests import Document
from chalicelib.jsonapi.resource import Kind
from tools.admin.context import AdminContext

Command = Callable[..., Any]

_DURATION = re.compile(r"([0-9]{1,7})([smhd]?)", re.ASCII)
NONE = "none"
"""The word that removes an optional value."""

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Id(click.ParamType[int]):
    """An id: a whole number below 2^53."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number. Fails with a usage error for any other value."""
        record_id = parse_id(value)
        if record_id is None:
            self.fail(f"{value!r} is not an id: use a whole number from 1 to {MAX_ID}", param, ctx)
        return record_id


class Duration(click.ParamType[int]):
    """A duration in seconds, or with a unit: ``90m``, ``12h``, ``2d``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the seconds. Fails with a usage error for any other value."""
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is not a duration: use seconds, or 90m, 12h, 2d", param, ctx)
        return int(match[1]) * _SECONDS[match[2]]


class Minutes(Duration):
    """A duration in minutes, or with a unit: ``90m``, ``12h``, ``2d``. Returns minutes."""

    name = "minutes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the minutes. Fails with a usage error for any other value."""
        text = str(value)
        minutes, seconds = divmod(
            super().convert(f"{text}m" if text.isdecimal() else text, param, ctx), 60
        )
        if seconds:
            self.fail(f"{value!r} is not a number of minutes: use minutes, or 8h", param, ctx)
        return minutes


class OrNone(click.ParamType[Any]):
    """Another type, or the word ``none``, which removes a value."""

    def __init__(self, other: click.ParamType[Any]) -> None:
        self._other = other
        self.name = f"{other.name}|{NONE}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return ``none``, or the value of the other type."""
        return NONE if value == NONE else self._other.convert(value, param, ctx)


def with_context(command: Command) -> Command:
    """Pass the :class:`AdminContext` to a command; it is opened only when the command runs."""

    @click.pass_context
    @wraps(command)
    def run(context: click.Context, /, **options: Any) -> Any:
        return command(context.obj(), **options)

    return run


def in_organization(command: Command) -> Command:
    """Pass the :class:`AdminContext` and the operator, an admin of the organization."""

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
    @with_context
    @wraps(command)
    def run(context: AdminContext, organization_id: int, **options: Any) -> Any:
        return command(context, context.operator(organization_id), **options)

    return run


json_option = click.option(
    "--json", "json_wanted", is_flag=True, help="Print one JSON document, for programs."
)


def values_of(inputs: Iterable[Input], *, skip: Iterable[str] = ()) -> Callable[[Command], Command]:
    """Add an option for each declared value, such as ``--first-name``."""
    declarations = [declared for declared in inputs if declared.name not in set(skip)]

    def decorate(command: Command) -> Command:
        for declared in reversed(declarations):
            command = _option(declared)(command)
        return command

    return decorate


def checked(inputs: Iterable[Input], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, checked by the API's rules. Raises ``InvalidAttribute``."""
    return read_values(inputs, Document(attributes=values))


def checked_changes(inputs: Iterable[Input], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that options change; ``none`` removes one. Raises ``InvalidAttribute``."""
    given = {name: value for name, value in values.items() if value is not None}
    attributes = {name: None if value == NONE else value for name, value in given.items()}
    return read_changes(inputs, Document(attributes=attributes))


def required(values: Mapping[str, Any], *names: str) -> None:
    """Check that these values are present. Raises ``InvalidAttribute``."""
    for name in names:
        if name not in values:
            raise InvalidAttribute(name, "This attribute is required.")


def _option(declared: Input) -> Callable[[Command], Command]:
    dashed = declared.name.replace("_", "-")
    if declared.kind is Kind.BOOLEAN:
        return click.option(f"--{dashed}/--no-{dashed}", default=None, help=declared.description)
    kind: Any = int if declared.kind is Kind.INTEGER else str
    if declared.choices is not None:
        kind = click.Choice(words_of(declared))
    return click.option(
        f"--{dashed}", type=kind, required=declared.required, help=declared.description
    )


def words_of(declared: Input) -> list[str]:
    """Return the choices that are words; the numeric ones are for Productive's clients."""
    return [
        choice
        for choice in declared.choices or ()
        if isinstance(choice, str) and not choice.isdecimal()
    ]
