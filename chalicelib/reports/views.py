"""Responses of reports: parse the request, read the rows, render a page or CSV.

Import this module only for a report: most processes never need it. Contract section 10a.
"""

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.timestamps import local_date
from chalicelib.http.formats import wants_csv
from chalicelib.http.includes import IncludedResources, load_included
from chalicelib.http.list_pages import read_page, require_response_size
from chalicelib.http.request import AuthenticatedRequest
from chalicelib.http.responses import HttpResponse, document_response
from chalicelib.jsonapi.documents import list_document
from chalicelib.jsonapi.parameters import ListQuery, read_list_query, read_view_options
from chalicelib.jsonapi.resource import Resource
from chalicelib.reports.api import ON_REQUEST, Report
from chalicelib.reports.reader import ReportReader
from chalicelib.reports.rules import (
    GROUP_PARAMETER,
    PERIODS,
    Group,
    ReportRow,
    read_groups,
    report_dates,
)

_OF_GROUPS = {"person": Group.PERSON, "service": Group.SERVICE, "billable": Group.BILLABLE}
"""The members that rows have if they are grouped by them. Rows that are entries have them too."""


def respond(
    report: Report,
    dependencies: Dependencies,
    included: IncludedResources,
    request: AuthenticatedRequest,
) -> HttpResponse:
    """Return the response to a request for a report."""
    caller, parameters = request.caller, request.request.parameters
    as_csv = wants_csv(request.request)
    texts = [value for name, value in parameters if name == GROUP_PARAMETER]
    groups = read_groups(",".join(texts)) or report.default_groups
    options = read_view_options(report.resource, parameters, caller.zone, included.resources)
    requested = options.fields.get(report.resource.type)
    if as_csv:
        # Only here: most processes never need it.
        from chalicelib.http.csv_responses import without_pages  # noqa: PLC0415

        parameters = without_pages(parameters)
    query = read_list_query(report.resource, parameters, caller.zone)
    today = local_date(dependencies.now(), caller.zone)
    dates = report_dates(*query.conditions.dates("date", "after", "before"), today)
    reader = ReportReader(report, dependencies, groups, dates)
    reader.check_sort(query)
    shown = shown_members(report, groups, requested)
    if as_csv:
        return _csv(reader, request, query, shown, requested)
    rows, links, meta = read_page(reader, request, query)
    records = load_included(included, caller, shown, rows, options)
    meta = {**meta, **reader.meta()}
    response = document_response(200, list_document(shown, rows, options, records, links, meta))
    require_response_size(response.body)
    return response


def _csv(
    reader: ReportReader,
    request: AuthenticatedRequest,
    query: ListQuery,
    shown: Resource[ReportRow],
    requested: frozenset[str] | None,
) -> HttpResponse:
    # Only here: most processes never need it.
    from chalicelib.http.csv_responses import csv_response  # noqa: PLC0415
    from chalicelib.http.csv_table import RelatedRecords  # noqa: PLC0415
    from chalicelib.reports.csv_columns import report_table  # noqa: PLC0415

    table = report_table(shown, is_entries=not reader.groups).of_members(requested)
    caller = request.caller
    related = RelatedRecords(reader.dependencies.database, caller.organization.id)
    file_name = "-".join([shown.type, *(reader.dates or ())])
    pages = reader.pages(caller, query)
    return csv_response(table, pages, related, caller.zone, f"{file_name}.csv", "filter[after]")


def shown_members(
    report: Report, groups: tuple[Group, ...], requested: frozenset[str] | None
) -> Resource[ReportRow]:
    """Return the resource with the attributes and relationships that rows of these groups have.

    :param requested: the members that ``fields`` names; None: it names none.
    """

    def is_shown(name: str) -> bool:
        if name in ON_REQUEST:
            return bool(groups) and requested is not None and name in requested
        if name == "date_period":
            return any(group in PERIODS for group in groups)
        if name in _OF_GROUPS:
            return not groups or _OF_GROUPS[name] in groups
        if name == "organization":
            return True
        return (name in report.of_entries) is not bool(groups)

    resource = report.resource
    return replace(
        resource,
        attributes=tuple(each for each in resource.attributes if is_shown(each.name)),
        relationships=tuple(each for each in resource.relationships if is_shown(each.name)),
    )
