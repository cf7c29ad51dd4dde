"""Options that say how to read an export file."""

import codecs
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, BinaryIO

import click
from msgspec import Struct

from chalicelib.core.permissions import Caller
from chalicelib.core.time_zones import ZoneInfo, zone_names
from tools.admin.history.cells import DateOrder
from tools.admin.history.formats import ANY_CSV, FORMATS, SERVICE_FIELDS, Field, Format
from tools.admin.history.rows import Reading
from tools.admin.history.table import Table, read_table

Command = Callable[..., Any]


class Source(Struct, frozen=True):
    """What the options say about a file."""

    form: Format | None
    mapped: tuple[tuple[str, Field], ...]
    encoding: str | None
    date_order: DateOrder | None
    zone: str | None
    service_from: tuple[Field, ...]
    default_service: str
    again: str = ""

    @property
    def is_given(self) -> bool:
        """Whether the options say what the columns of the file are."""
        return self.form is not None or bool(self.mapped)

    def table(self, file: BinaryIO) -> Table:
        """Read a file. Raises :class:`BadFile`, and ``UsageError`` if its columns are unknown."""
        if not self.is_given:
            raise click.UsageError("say what the columns are: use --from, or --map COLUMN=FIELD")
        return read_table(file.read(), self._format, self.encoding)

    def reading(self, caller: Caller, now: int) -> Reading:
        """Return how to read the rows of the table."""
        zone = caller.organization.zone if self.zone is None else ZoneInfo(self.zone)
        return Reading(
            self._format, zone, now, self.names, self.date_order, self.default_service, self.again
        )

    @property
    def names(self) -> tuple[Field, ...]:
        """The fields that form the name of a service."""
        return self.service_from or self._format.service_from

    @property
    def _format(self) -> Format:
        return (self.form or ANY_CSV).with_columns(self.mapped)


class _Mapping(click.ParamType[tuple[str, Field]]):
    name = "COLUMN=FIELD"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Field]:
        column, separator, field = str(value).rpartition("=")
        if not separator or field not in list(Field):
            known = ", ".join(Field)
            self.fail(f"{value!r} is not COLUMN=FIELD; the fields are: {known}", param, ctx)
        return column, Field(field)


class _Fields(click.ParamType[tuple[Field, ...]]):
    name = "FIELDS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Field, ...]:
        names = [name.strip() for name in str(value).split(",")]
        if not set(names) <= set(SERVICE_FIELDS):
            known = ", ".join(SERVICE_FIELDS)
            self.fail(f"{value!r} are not fields of a service; use {known}", param, ctx)
        return tuple(Field(name) for name in names)


class _Zone(click.ParamType[str]):
    name = "ZONE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in zone_names():
            self.fail(f"{value!r} is not an IANA time zone, such as Europe/Zagreb", param, ctx)
        return str(value)


class _Encoding(click.ParamType[str]):
    name = "ENCODING"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return codecs.lookup(str(value)).name
        except LookupError:
            self.fail(f"{value!r} is not an encoding, such as cp1250", param, ctx)


_OPTIONS: Sequence[Callable[[Command], Command]] = (
    click.option(
        "--from",
        "form",
        type=click.Choice(list(FORMATS)),
        help="The product whose export file this is.",
    ),
    click.option(
        "--map",
        "mapped",
        type=_Mapping(),
        multiple=True,
        help="The field of a column, such as Employee=person. Can be repeated.",
    ),
    click.option(
        "--encoding",
        type=_Encoding(),
        help="Default: from the byte order mark, else UTF-8, else cp1252.",
    ),
    click.option(
        "--service-from",
        type=_Fields(),
        help="The fields that name the service, such as project or client,task. Default: "
        "client,project; of productive project,service; of stint service.",
    ),
)
_TIME_OPTIONS: Sequence[Callable[[Command], Command]] = (
    click.option(
        "--date-order",
        type=click.Choice(list(DateOrder), case_sensitive=False),
        help="The order of day, month and year. Default: as the dates show.",
    ),
    click.option(
        "--time-zone",
        "zone",
        type=_Zone(),
        help="The time zone of the file's times. Default: the organization's.",
    ),
    click.option("--default-service", default="", help="The service of rows that name no service."),
    click.option(
        "--again",
        metavar="WORD",
        default="",
        help="Import rows once more whose time entries you deleted: a new word for each time.",
    ),
)


def source_options(*, with_times: bool = False) -> Callable[[Command], Command]:
    """Pass a :class:`Source` to a command, made from options; ``with_times``: also of times."""
    options = (*_OPTIONS, *(_TIME_OPTIONS if with_times else ()))

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(*arguments: Any, **values: Any) -> Any:
            form, order = values.pop("form"), values.pop("date_order", None)
            source = Source(
                form=None if form is None else FORMATS[form],
                mapped=tuple(values.pop("mapped")),
                encoding=values.pop("encoding"),
                date_order=None if order is None else DateOrder(order),
                zone=values.pop("zone", None),
                service_from=values.pop("service_from") or (),
                default_service=values.pop("default_service", ""),
                again=values.pop("again", ""),
            )
            return command(*arguments, source=source, **values)

        decorated: Command = run
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
