"""The pages in docs/api match the route table and the resource declarations."""

import re
from pathlib import Path

import pytest

from chalicelib.http.routing import Route, RouteKind
from chalicelib.registry import RESOURCES
from tests.support.openapi_checks import ALL_ROUTES

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {
    "time_entry_reports": "reports",
    "time_reports": "reports",
    "timer_revisions": "revisions",
    "time_entry_revisions": "revisions",
    "organization_memberships": "organizations",
    "users": "organizations",
    "api_tokens": "api-tokens",
    "webhook_deliveries": "webhooks",
    "live_tickets": "live-updates",
}
"""The page of each resource whose page has another name than its type."""


def page_of(route: Route) -> str:
    if route.is_public:
        # Its record is of another resource.
        return (DOCS / "api" / f"{page_name(route.subject.type)}.md").read_text()
    return (DOCS / "api" / f"{page_name(route.resource.type)}.md").read_text()


def page_name(resource_type: str) -> str:
    return PAGES.get(resource_type, resource_type)


@pytest.mark.parametrize("route", ALL_ROUTES, ids=lambda route: route.name)
def test_every_route_is_on_its_page(route: Route) -> None:
    page = page_of(route)
    last = route.path.rpartition("/")[2]
    assert f"/{route.subject.type}" in page
    if last == "{id}":
        assert "/{id}" in page
    elif last != route.subject.type:
        assert f"/{last}`" in page
    methods = re.findall(r"`?(GET|POST|PATCH|PUT|DELETE)\b", page)
    assert set(methods) >= set(route.methods)


@pytest.mark.parametrize("route", ALL_ROUTES, ids=lambda route: route.name)
def test_parameters_filters_and_attributes_are_on_the_page(route: Route) -> None:
    page = page_of(route)
    names = [member.name for member in route.inputs]
    names += [parameter.name for parameter in route.parameters]
    if route.kind is RouteKind.LIST:
        names += [list_filter.name for list_filter in route.resource.filters]
        names += list(route.resource.sorts)
    if route.resource.type != "timers":
        names += [attribute.name for attribute in route.resource.attributes]
    assert [name for name in names if not re.search(rf"\b{name}(_id)?\b", page)] == []


def test_index_page_links_to_every_page() -> None:
    index = (DOCS / "api.md").read_text()
    pages = {page_name(resource_type) for resource_type in RESOURCES}
    assert all(f"(api/{page}.md)" in index for page in pages)
    assert {path.stem for path in (DOCS / "api").iterdir()} == pages
