"""Read time: the log, sums, services."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import click

from stint_client import Listing
from stint_client.cli.output import duration, print_json, print_table
from stint_client.cli.state import State, json_option, pass_state
from stint_client.cli.times import last_day, to_date, to_month
from stint_client.models import TimeEntry
from stint_client.reports import GROUPS, MAX_GROUPS, PERIODS, Group, ReportRow

_MINUTE = 60
_DAYS = 7
_FIELDS = ("date", "time", "note", "timer_started_at", "total_seconds", "service")


@dataclass(frozen=True, slots=True)
class _Line:
    id: str
    day: date
    seconds: int
    service_id: str | None
    service: str
    note: str | None
    running_since: datetime | None


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 366), help="The last days, today included. Default: 7."
)
@click.option("--from", "first", metavar="DATE", callback=to_date, help="The first date.")
@click.option("--to", "last", metavar="DATE", callback=to_date, help="The last date.")
@json_option
@pass_state
def log(state: State, days: int | None, first: date | None, last: date | None) -> None:
    """List your time entries by day. A running timer is not in the sums."""
    if days is not None and first is not None:
        raise click.UsageError("Use --days or --from, not both.")
    # Without --to, the dates are open: in the person's time zone, tomorrow may have begun.
    first = first or (last or _today()) - timedelta(days=(days or _DAYS) - 1)
    _check_period(first, last or first)
    with state.client() as client:
        listing = client.time_entries.list(
            person_id=state.account.person_id,
            after=first,
            before=last,
            sort="date",
            fields=_FIELDS,
        )
        lines = [_line(listing, entry) for entry in listing]
    if state.as_json:
        print_json(_log_document(first, last, lines))
    elif not lines:
        click.echo(f"No time from {first} to {last or 'today'}.")
    else:
        _print_log(lines)


@click.command()
@click.option(
    "--month", metavar="MONTH", callback=to_month, help="Such as 2026-10. Default: this month."
)
@click.option("--from", "first", metavar="DATE", callback=to_date, help="The first date, instead.")
@click.option(
    "--to", "last", metavar="DATE", callback=to_date, help="The last date. Default: today."
)
@click.option(
    "--by", default="service", show_default=True, help=f"One or two of {', '.join(GROUPS)}."
)
@click.option("--mine", is_flag=True, help="Only your own time.")
@json_option
@pass_state
def report(
    state: State,
    month: date | None,
    first: date | None,
    last: date | None,
    by: str,
    mine: bool,
) -> None:
    """Add up the time of a month. Admins see the organization, members themselves.

    A running timer is not in the sums.
    """
    groups = _read_groups(by)
    first, last = _period(month, first, last)
    with state.client() as client:
        rows = client.reports.time_entries(
            after=first,
            before=last,
            group=groups,
            person_id=state.account.person_id if mine else None,
        )
    if state.as_json:
        print_json(_report_document(first, last, rows))
    elif not rows:
        click.echo(f"No time from {first} to {last}.")
    else:
        _print_report(first, last, groups, rows)


@click.command()
@json_option
@pass_state
def services(state: State) -> None:
    """List the services that take time."""
    with state.client() as client:
        found = [*client.services.list(time_tracking_enabled=True)]
    if state.as_json:
        print_json(
            {
                "services": [
                    {
                        "id": service.id,
                        "name": service.attributes.name,
                        "billable": service.attributes.billable,
                    }
                    for service in found
                ]
            }
        )
    elif not found:
        click.echo("There are no services that take time.")
    else:
        print_table(
            [
                (
                    str(service.attributes.name),
                    service.id,
                    "" if service.attributes.billable else "not billable",
                )
                for service in found
            ]
        )


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _check_period(first: date, last: date) -> None:
    if first > last:
        raise click.UsageError(f"The period ends before it begins: {first} to {last}.")


def _period(month: date | None, first: date | None, last: date | None) -> tuple[date, date]:
    if month is not None and (first or last):
        raise click.UsageError("Use --month or --from and --to, not both.")
    if first is None and last is None:
        month = month or _today().replace(day=1)
        return month, last_day(month)
    last = last or _today()
    first = first or last.replace(day=1)
    _check_period(first, last)
    return first, last


def _read_groups(text: str) -> tuple[Group, ...]:
    names = [name.strip() for name in text.split(",")]
    groups = tuple(group for name in names for group in GROUPS if group == name)
    periods = [group for group in groups if group in PERIODS]
    if len(groups) != len(names) or len(set(groups)) != len(groups) or len(groups) > MAX_GROUPS:
        raise click.UsageError(f"--by: use one or two of {', '.join(GROUPS)}.")
    if len(periods) > 1:
        raise click.UsageError(f"--by: use only one of {', '.join(PERIODS)}.")
    return groups


def _line(listing: Listing[TimeEntry], entry: TimeEntry) -> _Line:
    attributes = entry.attributes
    service = listing.related(entry, "service")
    return _Line(
        id=entry.id,
        day=attributes.date if isinstance(attributes.date, date) else date.min,
        seconds=(attributes.time or 0) * _MINUTE,
        service_id=service.id if service else None,
        service=str(service.attributes.name) if service else "?",
        note=attributes.note or None,
        running_since=attributes.timer_started_at or None,
    )


def _log_document(first: date, last: date | None, lines: Sequence[_Line]) -> dict[str, Any]:
    return {
        "from": str(first),
        "to": str(last) if last else None,
        "seconds": sum(line.seconds for line in lines),
        "entries": [
            {
                "id": line.id,
                "date": str(line.day),
                "service": {"id": line.service_id, "name": line.service},
                "note": line.note,
                "seconds": line.seconds,
                "running_since": line.running_since.isoformat() if line.running_since else None,
            }
            for line in lines
        ],
    }


def _print_log(lines: Sequence[_Line]) -> None:
    rows = []
    for day, entries in groupby(lines, key=lambda line: line.day):
        of_day = list(entries)
        rows.append((f"{day:%a} {day}", duration(sum(line.seconds for line in of_day)), "", ""))
        for line in of_day:
            note = " ".join((line.note or "").split())
            running = "(running)" if line.running_since else ""
            rows.append(
                ("", duration(line.seconds), line.service, " ".join(filter(None, (running, note))))
            )
    rows.append(("Total", duration(sum(line.seconds for line in lines)), "", ""))
    print_table(rows, right=[1])


def _report_document(first: date, last: date, rows: Sequence[ReportRow]) -> dict[str, Any]:
    return {
        "from": str(first),
        "to": str(last),
        "seconds": sum(row.seconds for row in rows),
        "rows": [
            {
                "group": {
                    name: {"id": member.id, "name": member.name}
                    for name, member in row.group.items()
                },
                "seconds": row.seconds,
                "minutes": row.minutes,
                "billable_seconds": row.billable_seconds,
                "billable_minutes": row.billable_minutes,
                "entries": row.count,
            }
            for row in rows
        ],
    }


def _print_report(
    first: date, last: date, groups: Sequence[Group], rows: Sequence[ReportRow]
) -> None:
    click.echo(f"{first} to {last}")
    blank = [""] * (len(groups) - 1)
    total = sum(row.seconds for row in rows)
    billable = sum(row.billable_seconds for row in rows)
    count = sum(row.count for row in rows)
    print_table(
        [
            (*(group.capitalize() for group in groups), "Time", "Billable", "Entries"),
            *(
                (
                    *(member.name for member in row.group.values()),
                    duration(row.seconds),
                    duration(row.billable_seconds),
                    str(row.count),
                )
                for row in rows
            ),
            ("Total", *blank, duration(total), duration(billable), str(count)),
        ],
        right=[len(groups), len(groups) + 1, len(groups) + 2],
    )
