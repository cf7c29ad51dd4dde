"""What a command says: results on stdout, for people or as JSON; everything else on stderr."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from enum import Enum
from typing import Any, TypeVar

import click

from chalicelib.domain.directory import Caller
from chalicelib.domain.instants import format_instant

T = TypeVar("T")

_LINE_EVERY = 100
_HIDDEN = frozenset({"digest"})


def plain(record: Any, zone: tzinfo = UTC) -> dict[str, Any]:
    """A record as JSON can hold it: instants as the API shows them, and nothing of a token's
    digest."""
    return {
        it.name: _plain(it.name, getattr(record, it.name), zone)
        for it in dataclasses.fields(record)
        if it.name not in _HIDDEN
    }


def _plain(name: str, value: Any, zone: tzinfo) -> Any:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return plain(value, zone)
    if isinstance(value, tuple):
        return [_plain(name, it, zone) for it in value]
    if name.endswith("_at") and isinstance(value, int):
        return format_instant(value, zone)
    return value


def as_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, json_wanted: bool) -> None:
    """Rows on stdout: as a table of these columns, or as JSON with all that they hold."""
    if json_wanted:
        as_json(list(rows))
        return
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in (list(columns), *cells):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def record(
    shown: Mapping[str, Any], *, json_wanted: bool, once: Mapping[str, Any] | None = None
) -> None:
    """One record on stdout, and what is told this once."""
    everything = {**shown, **(once or {})}
    if json_wanted:
        as_json(everything)
        return
    width = max(map(len, everything))
    for name, value in everything.items():
        click.echo(f"{name.ljust(width)}  {_cell(value)}".rstrip())


def show(
    caller: Caller, found: Any, *, json_wanted: bool, once: Mapping[str, Any] | None = None
) -> None:
    """One record on stdout, its instants as its organization shows them; what is told this once."""
    record(plain(found, caller.organization.zone), json_wanted=json_wanted, once=once)


def show_all(
    caller: Caller, found: Iterable[Any], columns: Sequence[str], *, json_wanted: bool
) -> None:
    """Records on stdout, their instants as their organization shows them."""
    rows = [plain(it, caller.organization.zone) for it in found]
    table(rows, columns, json_wanted=json_wanted)


def say(text: str) -> None:
    """A line for whoever waits; stdout stays clean."""
    click.echo(text, err=True)


def progress(items: Sequence[T], label: str) -> Iterator[T]:
    """The items, with a bar on a terminal, or a line now and then where there is none."""
    if sys.stderr.isatty():
        with click.progressbar(items, label=label, file=sys.stderr) as bar:
            yield from bar
        return
    for number, item in enumerate(items, start=1):
        yield item
        if number % _LINE_EVERY == 0 or number == len(items):
            say(f"{label}: {number} of {len(items)}")


def counted(pages: Iterable[Sequence[T]], label: str) -> Iterator[T]:
    """The items of pages whose number nobody knows, with a line now and then."""
    found = 0
    for number, page in enumerate(pages, start=1):
        yield from page
        found += len(page)
        if number % _LINE_EVERY == 0:
            say(f"{label}: {number} MB looked through, {found} found")
    say(f"{label}: {found} found")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
