"""Command output: results on stdout, as text or JSON; everything else on stderr."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from enum import Enum
from typing import Any, TypeVar

import click
from msgspec import Struct
from msgspec.structs import fields

from chalicelib.core.permissions import Caller
from chalicelib.core.timestamps import format_timestamp
from chalicelib.core.validation import escape_control_characters

T = TypeVar("T")

_LINE_EVERY = 100
_HIDDEN = frozenset({"digest", "maker_digest", "closed_service_ids", "is_indexed"})


def plain(record: Any, zone: tzinfo = UTC) -> dict[str, Any]:
    """Return a record as JSON values: timestamps as in the API, and without what nobody sees."""
    return {
        field.name: _plain(field.name, getattr(record, field.name), zone)
        for field in fields(record)
        if field.name not in _HIDDEN
    }


def _plain(name: str, value: Any, zone: tzinfo) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Struct):
        return plain(value, zone)
    if isinstance(value, Mapping):
        return {key: _plain(key, element, zone) for key, element in value.items()}
    if isinstance(value, tuple):
        return [_plain(name, element, zone) for element in value]
    if name.endswith("_at") and isinstance(value, int):
        return format_timestamp(value, zone)
    return value


def line(text: str, *, err: bool = False) -> None:
    """Print one line. Old data can contain control characters: they are escaped."""
    click.echo(escape_control_characters(text), err=err)


def json_text(text: str, *, nl: bool = True) -> None:
    """Print JSON, or a piece of it. JSON's own escapes do not cover all control characters."""
    click.echo(escape_control_characters(text, keep="\n"), nl=nl)


def raw(text: str) -> None:
    """Print text for programs, such as CSV, as it is: in UTF-8, with its own ends of lines."""
    click.echo(text.encode(), nl=False)


def as_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    json_text(json.dumps(value, ensure_ascii=False, indent=2))


def confirm(question: str) -> None:
    """Ask on the terminal. Aborts the command unless the answer is yes."""
    click.confirm(escape_control_characters(question), abort=True, err=True)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, json_wanted: bool) -> None:
    """Print rows on stdout: as a table of these columns, or as JSON with all values."""
    if json_wanted:
        as_json(list(rows))
        return
    cells = [[cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row_cells in (list(columns), *cells):
        padded = (text.ljust(width) for text, width in zip(row_cells, widths, strict=True))
        line("  ".join(padded).rstrip())


def record(
    members: Mapping[str, Any],
    *,
    json_wanted: bool,
    one_time_meta: Mapping[str, Any] | None = None,
) -> None:
    """Print one record on stdout; ``one_time_meta`` holds values that are shown only once."""
    values = {**members, **(one_time_meta or {})}
    if json_wanted:
        as_json(values)
        return
    width = max(map(len, values))
    for name, value in values.items():
        line(f"{name.ljust(width)}  {cell(value)}".rstrip())


def show(
    caller: Caller,
    entity: Any,
    *,
    json_wanted: bool,
    one_time_meta: Mapping[str, Any] | None = None,
) -> None:
    """Print one record on stdout, with timestamps in the organization's time zone."""
    values = plain(entity, caller.organization.zone)
    record(values, json_wanted=json_wanted, one_time_meta=one_time_meta)


def show_all(
    caller: Caller, entities: Iterable[Any], columns: Sequence[str], *, json_wanted: bool
) -> None:
    """Print records on stdout, with timestamps in the organization's time zone."""
    rows = [plain(entity, caller.organization.zone) for entity in entities]
    table(rows, columns, json_wanted=json_wanted)


def say(text: str) -> None:
    """Print a line for the operator on stderr."""
    line(text, err=True)


def progress(items: Sequence[T], label: str) -> Iterator[T]:
    """Yield the items, with a progress bar on a terminal, otherwise with a line now and then."""
    if sys.stderr.isatty():
        with click.progressbar(items, label=label, file=sys.stderr) as bar:
            yield from bar
        return
    for number, item in enumerate(items, start=1):
        yield item
        if number % _LINE_EVERY == 0 or number == len(items):
            say(f"{label}: {number} of {len(items)}")


def counted(pages: Iterable[Sequence[T]], label: str) -> Iterator[T]:
    """Yield the items of pages, with a progress line now and then; the total is unknown."""
    count = 0
    for number, page in enumerate(pages, start=1):
        yield from page
        count += len(page)
        if number % _LINE_EVERY == 0:
            say(f"{label}: {number} MB read, {count} found")
    say(f"{label}: {count} found")


def cell(value: Any) -> str:
    """Return a value as a cell of a table, without control characters."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape_control_characters(str(value))
