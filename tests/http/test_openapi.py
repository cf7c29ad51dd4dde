"""The OpenAPI description covers everything that is served: contract sections 1 to 10.

``tests/support/api.py`` checks every response in every test against the description.
"""

from collections import Counter
from typing import Any

import pytest
from openapi_spec_validator import validate

from chalicelib.core import errors
from chalicelib.http.absent_collections import COLLECTIONS
from chalicelib.http.openapi.examples import ERRORS
from chalicelib.http.routing import Route, RouteKind
from chalicelib.jsonapi.errors import ERROR_STATUS
from chalicelib.jsonapi.filters import operators_of
from chalicelib.jsonapi.inputs import InAttribute, InParameter, InRelationship
from chalicelib.jsonapi.requests import JSON_API
from chalicelib.jsonapi.resource import FilterKind
from chalicelib.productive.names import relationships as published_relationships
from chalicelib.registry import RESOURCES
from tests.support.openapi_checks import (
    ALL_ROUTES,
    description,
    is_valid,
    openapi_violation,
    resolved,
    schema,
)

each_route = pytest.mark.parametrize("route", ALL_ROUTES, ids=lambda route: route.name)
each_list = pytest.mark.parametrize(
    "route",
    [route for route in ALL_ROUTES if route.kind is RouteKind.LIST],
    ids=lambda route: route.name,
)
each_resource = pytest.mark.parametrize("type_", RESOURCES)


# The routes whose documents have times of the client's clock: contract section 4b.
_ROUTES_WITH_CLIENT_TIME = {"start_timer", "stop_timer", "stop_time_entry", "update_timer"} | {
    "start_time_entry",
    "stop_running_timer",
}


def operation_of(route: Route, method: str | None = None) -> dict[str, Any]:
    method = method or route.methods[0]
    operation: dict[str, Any] = description()["paths"][route.path][method.lower()]
    return operation


def parameters_of(route: Route) -> dict[str, Any]:
    parameters = [resolved(parameter) for parameter in operation_of(route)["parameters"]]
    assert set(Counter(parameter["name"] for parameter in parameters).values()) <= {1}
    return {parameter["name"]: parameter for parameter in parameters}


def members_of(part: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the properties of a schema, or of a member of it."""
    for name in names:
        part = resolved(part)["properties"][name]
    properties: dict[str, Any] = resolved(part)["properties"]
    return properties


def test_description_is_valid_openapi() -> None:
    validate(description())


def test_description_has_exactly_the_routes_of_the_table() -> None:
    paths = description()["paths"]
    assert {(path, method) for path, operations in paths.items() for method in operations} == {
        *((route.path, method.lower()) for route in ALL_ROUTES for method in route.methods),
        *((f"/{type_}", "get") for type_ in COLLECTIONS),
    }
    operation_ids = [
        operation["operationId"]
        for operations in paths.values()
        for operation in operations.values()
    ]
    assert len(operation_ids) == len(set(operation_ids))


@each_list
def test_every_filter_is_described_with_its_operators(route: Route) -> None:
    parameters = parameters_of(route)
    for declared in route.resource.filters:
        name = f"filter[{declared.name}]"
        assert declared.description in parameters[name]["description"]
        if declared.kind not in (FilterKind.ALWAYS_EMPTY, FilterKind.IGNORED):
            operators = operators_of(declared.kind)
            assert {f"{name}[{operator}]" for operator in operators} <= parameters.keys()
    filter_names = {name.partition("]")[0] for name in parameters if name.startswith("filter")}
    assert len(filter_names) == len(route.resource.filters) + 1
    assert "filter[$op]" in parameters


@each_list
def test_every_sort_and_page_parameter_is_described(route: Route) -> None:
    parameters = parameters_of(route)
    sorts = parameters["sort"]["schema"]["enum"]
    assert set(sorts) == {f"{sign}{sort}" for sort in route.resource.sorts for sign in ("", "-")}
    sign = "-" if route.resource.descending else ""
    assert sorts[0] == parameters["sort"]["schema"]["default"] == sign + route.resource.sorts[0]
    assert {"page[size]", "page[after]", "per_page"} <= parameters.keys()
    assert (
        ("page[number]" in parameters) is ("page" in parameters) is not (route.resource.cursor_only)
    )


@each_route
def test_every_include_is_described(route: Route) -> None:
    parameters = parameters_of(route)
    if route.kind is RouteKind.DELETE:
        assert not {"include", f"fields[{route.resource.type}]"} & parameters.keys()
    else:
        assert f"fields[{route.resource.type}]" in parameters
        paths = (
            resolved(parameters["include"]["schema"]["items"])["enum"]
            if "include" in parameters
            else ()
        )
        assert tuple(paths) == route.resource.includes


@each_route
def test_every_input_is_described_in_each_allowed_place(route: Route) -> None:
    parameters = parameters_of(route)
    if not route.takes_document:
        assert "requestBody" not in operation_of(route)
        return
    (content,) = operation_of(route)["requestBody"]["content"].values()
    data = members_of(content["schema"], "data")
    for declared in route.inputs:
        for source in declared.sources:
            match source:
                case InAttribute(name):
                    attribute = members_of(data["attributes"])[name]
                    assert declared.description in attribute["description"]
                case InRelationship(name, to):
                    linkage = members_of(data["relationships"], name)["data"]
                    assert _linked_type(linkage) == to
                case InParameter(name):
                    assert declared.description in parameters[name]["description"]


def _linked_type(linkage: dict[str, Any]) -> object:
    identifier = linkage if "$ref" in linkage else linkage["anyOf"][0]
    return members_of(identifier)["type"]["enum"][0]


@each_route
def test_every_error_of_a_route_is_described(route: Route) -> None:
    responses = operation_of(route)["responses"]
    for error in route.errors:
        status = ERROR_STATUS[error.code][0].value
        (content,) = responses[str(status)]["content"].values()
        assert error.code in content["examples"]
        assert f"`{error.code}`" in responses[str(status)]["description"]


@each_route
def test_authentication_headers_are_described(route: Route) -> None:
    if route.is_public:
        assert operation_of(route)["security"] == []
        return
    full, *alternatives = operation_of(route)["security"]
    assert full == {"token": [], "organization": []}
    assert alternatives == ([] if route.permission.organization_required else [{"token": []}])


@each_route
def test_request_and_response_headers_are_described(route: Route) -> None:
    parameters = parameters_of(route)
    success = operation_of(route)["responses"][str(route.success)]
    is_read = route.kind in (RouteKind.LIST, RouteKind.SHOW)
    takes_key = not is_read and not route.is_public
    assert ("Idempotency-Key" in parameters) is takes_key
    assert ("If-Match" in parameters) is (not is_read and route.names_record)
    assert ("412" in operation_of(route)["responses"]) is (not is_read and route.names_record)
    assert ("Client-Time" in parameters) is (route.name in _ROUTES_WITH_CLIENT_TIME)
    assert ("If-None-Match" in parameters) is is_read
    assert ("304" in operation_of(route)["responses"]) is is_read
    assert success.get("headers", {}).keys() == {
        *(("ETag",) if is_read else ()),
        *(("Location",) if route.kind is RouteKind.CREATE and route.has_location else ()),
        *(("Idempotency-Replayed",) if takes_key else ()),
        *(("Content-Disposition",) if route.has_csv else ()),
        "RateLimit",
        "RateLimit-Policy",
    }


def test_every_error_code_has_an_explanation_and_an_example() -> None:
    components = description()["components"]
    assert set(schema("ErrorCode")["enum"]) == ERROR_STATUS.keys()
    assert components["examples"].keys() == ERROR_STATUS.keys()
    for code, (status, title) in ERROR_STATUS.items():
        assert f"| {status.value} | `{code}` | {title} |" in description()["info"]["description"]


def test_every_error_class_has_an_example() -> None:
    assert {type(error) for error in ERRORS} >= {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and "code" in vars(value)
    }


def test_error_examples_match_the_schema() -> None:
    for example in description()["components"]["examples"].values():
        assert is_valid(schema("Errors"), example["value"])


@each_route
def test_response_examples_match_the_description(route: Route) -> None:
    success = operation_of(route)["responses"][str(route.success)]
    if route.kind is RouteKind.DELETE:
        assert "content" not in success
        return
    assert success["content"].keys() == {JSON_API, *(("text/csv",) if route.has_csv else ())}
    assert ("format" in parameters_of(route)) is route.has_csv
    content = success["content"][JSON_API]
    path = route.path.replace("{id}", "1")
    mismatch = openapi_violation(route.methods[0], path, route.success, content["example"])
    assert mismatch is None, mismatch
    assert content["example"]["meta"].keys() >= {field.name for field in route.meta}


@each_route
def test_request_examples_match_the_schema(route: Route) -> None:
    if not route.takes_document:
        return
    body = operation_of(route)["requestBody"]
    (content,) = body["content"].values()
    assert is_valid(content["schema"], content["example"])
    required = [input_ for input_ in route.inputs if input_.required]
    assert body["required"] is bool(required)
    needs_data = bool(required) or route.kind in (RouteKind.CREATE, RouteKind.UPDATE)
    assert is_valid(content["schema"], {}) is not needs_data
    attributes = members_of(content["schema"], "data", "attributes")
    in_one_place = [input_.name for input_ in required if len(input_.sources) == 1]
    assert is_valid(content["schema"], {"data": {"attributes": {}}}) is not bool(in_one_place)
    for input_ in required:
        if input_.name not in in_one_place:
            # Generators cannot express "an attribute or a relationship": words say it.
            assert "Required: here or in" in attributes[f"{input_.name}_id"]["description"]


@each_resource
def test_every_member_of_a_resource_is_described(type_: str) -> None:
    resource = RESOURCES[type_]
    name = "".join(part.capitalize() for part in resource.singular.split("_"))
    members = members_of(schema(name))
    assert isinstance(resource.example(), resource.entity)
    for kind, declared in (
        ("attributes", resource.attributes),
        ("relationships", resource.relationships),
        ("meta", resource.meta),
    ):
        described_members = members_of(members[kind]) if kind in members else {}
        names = {member.name for member in declared}
        if kind == "relationships":
            names |= published_relationships(type_).keys()
        assert described_members.keys() == names
        assert all(
            member.description in described_members[member.name]["description"]
            for member in declared
        )


def test_started_timer_response_links_to_the_stop_operation() -> None:
    created = description()["paths"]["/timers"]["post"]["responses"]["201"]
    assert created["links"].keys() == {"show_timer", "stop_timer", "update_timer", "delete_timer"}
    assert {link["operationId"] for link in created["links"].values()} == created["links"].keys()
