"""The JSON:API resources and the routes of reports. Contract section 10a."""

from collections.abc import Callable

from msgspec import Struct

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import OWN, ViewPolicy, Visibility
from chalicelib.core.timestamps import rounded_minutes
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.request import AuthenticatedRequest
from chalicelib.http.responses import HttpResponse
from chalicelib.http.routing import MetaField, QueryParameter, Route, RouteKind
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.reports.model import Sum
from chalicelib.reports.rules import (
    GROUP_PARAMETER,
    MAX_DAYS,
    MAX_GROUPS,
    PERIODS,
    Group,
    ReportRow,
)

Seconds = Callable[[ReportRow], int]

VIEW_ROW: ViewPolicy[ReportRow] = ViewPolicy(Visibility.OWNER, lambda row: row.person_id)
"""Nobody looks a row up. What a member's rows are of is limited in ``operations.py``."""

_SECONDS: tuple[tuple[str, Seconds], ...] = (
    ("total_seconds", lambda row: row.sum.seconds),
    ("total_billable_seconds", lambda row: row.sum.billable_seconds),
)

ON_REQUEST = frozenset(name for name, _ in _SECONDS)
"""The attributes that only ``fields`` returns."""


class Report(Struct, frozen=True):
    """A report.

    :param totals: the seconds that each sum of minutes is rounded from, by its name.
    :param default_groups: without the parameter ``group``; empty: a row is an entry.
    :param by_billable: whether it sums billable entries and the others separately.
    :param of_entries: the attributes that only rows have that are entries.
    """

    resource: Resource[ReportRow]
    totals: tuple[tuple[str, Seconds], ...]
    default_groups: tuple[Group, ...] = ()
    by_billable: bool = False
    of_entries: frozenset[str] = frozenset()


def _minutes(name: str, seconds: Seconds, description: str) -> Attribute[ReportRow]:
    return Attribute(
        name,
        Kind.INTEGER,
        lambda row: rounded_minutes(seconds(row)),
        f"{description}, in minutes: seconds are added, and rounded once, half up.",
    )


def _of_entry(name: str, kind: Kind, description: str) -> Attribute[ReportRow]:
    return Attribute(
        name,
        kind,
        lambda row: None if row.entry is None else getattr(row.entry, name),
        f"{description} Only without `group`.",
        nullable=True,
    )


_COUNT: Attribute[ReportRow] = Attribute(
    "count", Kind.INTEGER, lambda row: row.sum.count, "Number of time entries."
)

_OF_GROUP: tuple[Attribute[ReportRow], ...] = (
    Attribute(
        "date_period",
        Kind.DATE,
        lambda row: row.period,
        "First date of the period, if the group is a period. A week begins on Monday (ISO 8601).",
        nullable=True,
    ),
    Attribute(
        "billable",
        Kind.BOOLEAN,
        lambda row: row.billable,
        "Whether the entries are billable. Only with `group=billable` and without `group`.",
        nullable=True,
    ),
)

_ON_REQUEST: tuple[Attribute[ReportRow], ...] = tuple(
    Attribute(
        name,
        Kind.INTEGER,
        seconds,
        f"`{name.replace('seconds', 'time')}` in seconds, exactly. Only if `fields` names it.",
    )
    for name, seconds in _SECONDS
)

_RELATIONSHIPS: tuple[Relationship[ReportRow], ...] = (
    Relationship(
        "organization",
        "organizations",
        lambda row: row.organization_id,
        "Organization of the entries.",
        always=True,
    ),
    Relationship(
        "person",
        "people",
        lambda row: row.person_id,
        "Person of the entries, if they are grouped by person.",
        always=True,
    ),
    Relationship(
        "service",
        "services",
        lambda row: row.service_id,
        "Service of the entries, if they are grouped by service.",
        always=True,
    ),
)

_FILTERS: tuple[Filter[ReportRow], ...] = (
    Filter("person_id", FilterKind.ID, "Id of the person."),
    Filter("service_id", FilterKind.ID, "Id of the service."),
    Filter("date", FilterKind.DATE, "Date of the work."),
    Filter("after", FilterKind.AFTER, "Earliest date of the work."),
    Filter("before", FilterKind.BEFORE, "Latest date of the work."),
    Filter("billable", FilterKind.BOOLEAN, "Whether the time is billable."),
)

_SORTS = (
    "date",
    *(group.value for group in PERIODS if group is not Group.DATE),
    "person",
    "service",
    "count",
)


def _example() -> ReportRow:
    return ReportRow(
        organization_id=example.ORGANIZATION,
        group=(Group.PERSON, Group.MONTH),
        period="2026-03-01",
        person_id=example.PERSON,
        service_id=None,
        sum=Sum(count=21, billable_count=21, seconds=518_430, billable_seconds=518_430),
        client_seconds=518_430,
    )


_TIME_ENTRY_TOTALS: tuple[tuple[str, Seconds], ...] = (
    ("total_time", lambda row: row.sum.seconds),
    ("total_billable_time", lambda row: row.sum.billable_seconds),
)

_OF_ENTRIES = (
    _of_entry("date", Kind.DATE, "Date of the work."),
    _of_entry("time", Kind.INTEGER, "Total time in minutes."),
    _of_entry("billable_time", Kind.INTEGER, "Billable time in minutes."),
    _of_entry("note", Kind.TEXT, "Note."),
)


def _report_resource(
    type_: str,
    singular: str,
    description: str,
    attributes: tuple[Attribute[ReportRow], ...],
    totals: tuple[tuple[str, Seconds], ...],
) -> Resource[ReportRow]:
    """Return the resource of a report: rows of the same groups, with other sums."""
    return Resource(
        type=type_,
        singular=singular,
        description=description,
        entity=ReportRow,
        view=VIEW_ROW,
        needs_live_token=False,
        example=_example,
        id=lambda row: row.id,
        id_kind=Kind.TEXT,
        attributes=attributes,
        relationships=_RELATIONSHIPS,
        includes=("organization", "person", "service"),
        filters=_FILTERS,
        sorts=(*_SORTS, *(name for name, _ in totals)),
    )


TIME_ENTRY_REPORTS = _report_resource(
    "time_entry_reports",
    "time_entry_report",
    "Sums of time entries: by person, service, period; or the entries themselves.",
    (
        _minutes("total_time", _TIME_ENTRY_TOTALS[0][1], "Total time"),
        _minutes("total_billable_time", _TIME_ENTRY_TOTALS[1][1], "Billable time"),
        _COUNT,
        *_OF_GROUP,
        *_OF_ENTRIES,
        *_ON_REQUEST,
    ),
    _TIME_ENTRY_TOTALS,
)

_TIME_TOTALS: tuple[tuple[str, Seconds], ...] = (
    ("worked_time", lambda row: row.sum.seconds),
    ("billable_time", lambda row: row.sum.billable_seconds),
    ("client_time", lambda row: row.client_seconds),
    ("internal_time", lambda row: row.sum.seconds - row.client_seconds),
)

_ZEROS: tuple[Attribute[ReportRow], ...] = tuple(
    Attribute(name, Kind.INTEGER, lambda _: 0, f"{description} Always 0.")
    for name, description in (
        ("available_time", "Minutes of the working hours that are not scheduled."),
        ("capacity", "Minutes of the working hours."),
        ("event_time", "Minutes of absences."),
        ("holiday_time", "Minutes of holidays."),
        ("paid_event_time", "Minutes of paid absences."),
        ("recognized_time", "Minutes of recognized revenue."),
        ("scheduled_event_time", "Minutes of planned absences."),
        ("scheduled_time", "Minutes of bookings."),
        ("unapproved_time", "Minutes without approval."),
        ("unpaid_event_time", "Minutes of unpaid absences."),
        ("user_capacity", "Minutes of the working hours of users."),
        ("workload", "Part of the capacity that is scheduled."),
    )
)

TIME_REPORTS = _report_resource(
    "time_reports",
    "time_report",
    "Sums of worked time, split into time for clients and internal time.",
    (
        _minutes("worked_time", _TIME_TOTALS[0][1], "Total time"),
        _minutes("billable_time", _TIME_TOTALS[1][1], "Billable time"),
        _minutes("client_time", _TIME_TOTALS[2][1], "Time of billable entries"),
        _minutes("internal_time", _TIME_TOTALS[3][1], "Time of the other entries"),
        _COUNT,
        *_OF_GROUP,
        *_ZEROS,
        *_ON_REQUEST,
    ),
    _TIME_TOTALS,
)

TIME_ENTRY_REPORT = Report(
    TIME_ENTRY_REPORTS,
    _TIME_ENTRY_TOTALS,
    of_entries=frozenset(attribute.name for attribute in _OF_ENTRIES),
)
TIME_REPORT = Report(TIME_REPORTS, _TIME_TOTALS, default_groups=(Group.PERSON,), by_billable=True)

_RANGE = (
    MetaField("after", Kind.DATE, "First date of the report. Absent: its range is empty."),
    MetaField("before", Kind.DATE, "Last date of the report. Absent: its range is empty."),
)


def _routes(
    report: Report, dependencies: Dependencies, included: IncludedResources
) -> tuple[Route, ...]:
    resource = report.resource

    def view(request: AuthenticatedRequest) -> HttpResponse:
        # Only here: most processes never need it.
        from chalicelib.reports.views import respond  # noqa: PLC0415

        return respond(report, dependencies, included, request)

    default = ", ".join(group.value for group in report.default_groups)
    group = QueryParameter(
        GROUP_PARAMETER,
        "What the entries of a row have in common: one group, or two. At most one is a period. "
        + (f"Default: `{default}`." if default else "Default: a row is a time entry."),
        tuple(group.value for group in Group),
        is_list=True,
        max_items=MAX_GROUPS,
    )
    totals = tuple(
        MetaField(name, Kind.INTEGER, f"`{name}` of all rows, rounded once. Only with `group`.")
        for name, _ in report.totals
    )
    return (
        Route(
            name=f"list_{resource.type}",
            methods=("GET",),
            path=f"/reports/{resource.type}",
            view=view,
            permission=OWN,
            kind=RouteKind.LIST,
            resource=resource,
            subject=resource,
            description=f"Report of at most {MAX_DAYS} days; without dates, of this month.",
            parameters=(group,),
            meta=(*_RANGE, *totals),
            has_csv=True,
        ),
    )


def time_entry_report_routes(
    dependencies: Dependencies, included: IncludedResources
) -> tuple[Route, ...]:
    """The route of reports of time entries."""
    return _routes(TIME_ENTRY_REPORT, dependencies, included)


def time_report_routes(
    dependencies: Dependencies, included: IncludedResources
) -> tuple[Route, ...]:
    """The route of reports of time."""
    return _routes(TIME_REPORT, dependencies, included)


# Not personal: no row is stored. Export and erasure handle the entries that rows are made of.
TIME_ENTRY_REPORTS_REGISTRATION = Registration(
    TIME_ENTRY_REPORTS, time_entry_report_routes, is_personal=False
)
TIME_REPORTS_REGISTRATION = Registration(TIME_REPORTS, time_report_routes, is_personal=False)
