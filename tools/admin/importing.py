"""Imports: the whole file is checked and compared before anything is written.

Each row is then one transaction, on condition that the record does not exist: running an
interrupted import again finishes it, and two concurrent imports create no duplicates.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, TextIO

import click

from chalicelib.core.errors import InvalidAttribute
from tools.admin import output
from tools.admin.csvfile import BadFile, Row, read_rows
from tools.admin.import_rows import Rows
from tools.error_messages import REPORTED_ERRORS, describe_error


@dataclass(frozen=True, slots=True)
class Step:
    """A row, the existing record if there is one, and their differences.

    ``differences`` holds pairs of the record's and the file's value, by name.
    """

    row: Row
    label: str
    record: Any
    differences: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """The results, row by row."""

    dry_run: bool
    created: list[dict[str, Any]] = field(default_factory=list)
    updated: list[dict[str, Any]] = field(default_factory=list)
    differing: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0


def import_rows(
    rows: Rows,
    parse: Callable[[], Sequence[Row]],
    *,
    dry_run: bool,
    update: bool,
    json_wanted: bool,
) -> None:
    """Import rows and print the report. Raises ``ClickException`` if a row was not imported."""
    with reported_problems():
        steps = plan_rows(rows, parse())
    report = Report(dry_run)
    try:
        for step in output.progress(steps, f"importing {rows.plural}"):
            carry_out(rows, step, report, update=update)
    except (*REPORTED_ERRORS, KeyboardInterrupt) as error:
        _print_report(report, rows.plural, json_wanted=json_wanted)
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else describe_error(error)
        raise click.ClickException(
            f"stopped at line {step.row.line}: {why}\nRun it again: existing records are skipped."
        ) from error
    _print_report(report, rows.plural, json_wanted=json_wanted)
    if report.failed:
        raise click.ClickException(f"{len(report.failed)} rows were refused")


@contextmanager
def reported_problems() -> Iterator[None]:
    """Print the problems of a file, and turn them into a ``ClickException``."""
    try:
        yield
    except BadFile as error:
        for problem in error.problems:
            output.say(problem)
        raise click.ClickException(f"{error} in the file; nothing was written") from error


def plan(rows: Rows, file: TextIO) -> list[Step]:
    """Return the step of each row of a file. Raises :class:`BadFile` if a row has a problem."""
    return plan_rows(rows, read_rows(file, rows.inputs))


def plan_rows(rows: Rows, parsed: Sequence[Row]) -> list[Step]:
    """Return the step of each row. Raises :class:`BadFile` if a row has a problem."""
    problems = _duplicates(rows, parsed)
    rows.look_up(parsed)
    steps = []
    for row in parsed:
        try:
            steps.append(_step(rows, row, rows.match(row)))
        except InvalidAttribute as error:
            problems.append(f"line {row.line}: {describe_error(error)}")
    if problems:
        raise BadFile(problems)
    return steps


def _duplicates(rows: Rows, parsed: Sequence[Row]) -> list[str]:
    problems = []
    seen: dict[tuple[str, Any], int] = {}
    for row in parsed:
        for name, value in ((rows.column, rows.key(row)), ("id", row.id)):
            first = seen.setdefault((name, value), row.line)
            if value is not None and first != row.line:
                problems.append(f"line {row.line}: {name}: {value} is already on line {first}")
    return problems


def _step(rows: Rows, row: Row, record: Any) -> Step:
    label = str(row.values[rows.column])
    if record is None:
        return Step(row, label, None)
    differences = {
        name: (getattr(record, name), value)
        for name, value in row.values.items()
        if getattr(record, name) != value
    }
    return Step(row, label, record, differences)


def carry_out(rows: Rows, step: Step, report: Report, *, update: bool) -> None:
    """Carry out a step and add its result to the report. Raises the database's errors."""
    try:
        if step.record is None:
            _create(rows, step, report)
        elif not step.differences:
            report.unchanged += 1
        elif not update:
            report.differing.append(_change_of(step))
        else:
            if not report.dry_run:
                rows.change(
                    step.record, {name: value for name, (_, value) in step.differences.items()}
                )
            report.updated.append(_change_of(step))
    except InvalidAttribute as error:
        report.failed.append({**_identity(step), "reason": describe_error(error)})


def _create(rows: Rows, step: Step, report: Report) -> None:
    if report.dry_run:
        report.created.append(_identity(step))
        return
    try:
        created = rows.create(step.row)
    except InvalidAttribute:
        # Another process created the record: perhaps a concurrent import of this file, or this one,
        # if the response to its first write was lost.
        current = _step(rows, step.row, rows.read_again(step.row))
        if current.record is None or current.differences:
            raise
        report.unchanged += 1
    else:
        report.created.append({**_identity(step), "id": created.id})


def _identity(step: Step) -> dict[str, Any]:
    return {"line": step.row.line, "name": step.label}


def _change_of(step: Step) -> dict[str, Any]:
    changes = {
        name: [value.value if isinstance(value, Enum) else value for value in values]
        for name, values in step.differences.items()
    }
    return {**_identity(step), "id": step.record.id, "changes": changes}


def _print_report(report: Report, plural: str, *, json_wanted: bool) -> None:
    if json_wanted:
        output.as_json(asdict(report))
        return
    for row in report.differing:
        output.line(
            f"line {row['line']}: {row['name']} differs and was not changed: {_changes(row)}"
        )
    for row in report.updated:
        output.line(f"line {row['line']}: {row['name']} was updated: {_changes(row)}")
    for row in report.failed:
        output.line(f"line {row['line']}: {row['name']} was refused: {row['reason']}")
    prefix = "dry run, nothing was written: " if report.dry_run else ""
    output.line(
        f"{prefix}{len(report.created)} {plural} created, {report.unchanged} unchanged, "
        f"{len(report.updated)} updated, {len(report.differing)} different, "
        f"{len(report.failed)} refused"
    )
    if report.differing:
        output.say("Use --update to change the different records to the values in the file.")


def _changes(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {old!r} -> {new!r}" for name, (old, new) in row["changes"].items())
