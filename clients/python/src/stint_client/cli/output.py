"""Print: JSON for programs, aligned text for people."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

_MINUTE = 60
_HOUR = 60 * _MINUTE


def print_json(document: Any) -> None:
    """Print a JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print rows with aligned columns.

    :param right: the columns that are aligned to the right.
    """
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def duration(seconds: int) -> str:
    """Return hours and minutes, such as ``1:05``, rounded half up as the API does."""
    minutes = (seconds + _MINUTE // 2) // _MINUTE
    return f"{minutes // 60}:{minutes % 60:02}"


def clock_time(time: datetime, now: datetime | None = None) -> str:
    """Return a time on this computer's clock, with its date unless it is today."""
    local = time.astimezone()
    today = (now or datetime.now(UTC)).astimezone().date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def read_time(text: str) -> datetime:
    """Return a time of the API."""
    return datetime.fromisoformat(text)
