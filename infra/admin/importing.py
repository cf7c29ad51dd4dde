"""Imports: the whole file is checked and compared before anything is written.

Each row is then written by itself, on condition that it is not there: an import that was cut off is
finished by running it again, and two at once make nothing twice.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, TextIO

import click

from chalicelib.domain.errors import InvalidAttribute
from infra.admin import output
from infra.admin.csvfile import BadFile, Row, read_rows
from infra.admin.faults import FAULTS, explained
from infra.admin.rows import Rows


@dataclass(frozen=True, slots=True)
class Step:
    """A row, what is there of it, and in what it differs: by name, what is there and what is in
    the file."""

    row: Row
    label: str
    record: Any
    differences: dict[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """What became of the rows."""

    dry_run: bool
    created: list[dict[str, Any]] = field(default_factory=list)
    updated: list[dict[str, Any]] = field(default_factory=list)
    differing: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0


def import_file(
    rows: Rows, file: TextIO, *, dry_run: bool, update: bool, json_wanted: bool
) -> None:
    """Import a file, and say what was done. Raises ``ClickException`` where not all of it was."""
    try:
        steps = plan(rows, file)
    except BadFile as error:
        for problem in error.problems:
            output.say(problem)
        raise click.ClickException(f"{error} in the file; nothing was written") from error
    report = Report(dry_run)
    try:
        for step in output.progress(steps, f"importing {rows.plural}"):
            carry_out(rows, step, report, update=update)
    except (*FAULTS, KeyboardInterrupt) as error:
        _tell(report, rows.plural, json_wanted=json_wanted)
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else explained(error)
        raise click.ClickException(
            f"stopped at line {step.row.line}: {why}\nRun it again: what is there is skipped."
        ) from error
    _tell(report, rows.plural, json_wanted=json_wanted)
    if report.failed:
        raise click.ClickException(f"{len(report.failed)} rows were refused")


def plan(rows: Rows, file: TextIO) -> list[Step]:
    """What each row means, all of them good. Raises :class:`BadFile`."""
    parsed = read_rows(file, rows.inputs)
    problems = _repetitions(rows, parsed)
    rows.look_up(parsed)
    steps = []
    for row in parsed:
        try:
            steps.append(_step(rows, row, rows.match(row)))
        except InvalidAttribute as error:
            problems.append(f"line {row.line}: {explained(error)}")
    if problems:
        raise BadFile(problems)
    return steps


def _repetitions(rows: Rows, parsed: Sequence[Row]) -> list[str]:
    problems = []
    seen: dict[tuple[str, Any], int] = {}
    for row in parsed:
        for name, value in ((rows.column, rows.key(row)), ("id", row.id)):
            first = seen.setdefault((name, value), row.line)
            if value is not None and first != row.line:
                problems.append(f"line {row.line}: {name}: {value} is on line {first} already")
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
    """Do what a step says, and note what became of it. Raises what the database raises."""
    try:
        if step.record is None:
            _create(rows, step, report)
        elif not step.differences:
            report.unchanged += 1
        elif not update:
            report.differing.append(_difference(step))
        else:
            if not report.dry_run:
                rows.change(step.record, {name: it for name, (_, it) in step.differences.items()})
            report.updated.append(_difference(step))
    except InvalidAttribute as error:
        report.failed.append({**_name(step), "reason": explained(error)})


def _create(rows: Rows, step: Step, report: Report) -> None:
    if report.dry_run:
        report.created.append(_name(step))
        return
    try:
        made = rows.create(step.row)
    except InvalidAttribute:
        # Somebody was faster: perhaps another import of this very file, or a write of ours whose
        # answer was lost.
        now = _step(rows, step.row, rows.again(step.row))
        if now.record is None or now.differences:
            raise
        report.unchanged += 1
    else:
        report.created.append({**_name(step), "id": made.id})


def _name(step: Step) -> dict[str, Any]:
    return {"line": step.row.line, "name": step.label}


def _difference(step: Step) -> dict[str, Any]:
    changes = {
        name: [it.value if isinstance(it, Enum) else it for it in values]
        for name, values in step.differences.items()
    }
    return {**_name(step), "id": step.record.id, "changes": changes}


def _tell(report: Report, plural: str, *, json_wanted: bool) -> None:
    if json_wanted:
        output.as_json(asdict(report))
        return
    for it in report.differing:
        click.echo(f"line {it['line']}: {it['name']} differs, and was left: {_changes(it)}")
    for it in report.updated:
        click.echo(f"line {it['line']}: {it['name']} was updated: {_changes(it)}")
    for it in report.failed:
        click.echo(f"line {it['line']}: {it['name']} was refused: {it['reason']}")
    would = "dry run, nothing was written: " if report.dry_run else ""
    click.echo(
        f"{would}{len(report.created)} {plural} created, {report.unchanged} there already, "
        f"{len(report.updated)} updated, {len(report.differing)} differ, "
        f"{len(report.failed)} refused"
    )
    if report.differing:
        output.say("--update changes what differs to what the file says.")


def _changes(it: dict[str, Any]) -> str:
    return ", ".join(f"{name} {old!r} -> {new!r}" for name, (old, new) in it["changes"].items())
