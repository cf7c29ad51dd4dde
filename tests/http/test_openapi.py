"""The description says all that is served: contract sections 1 to 10, for machines.

That every answer of every test is described is held by ``tests/support/api.py``.
"""

import json
from collections import Counter
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from chalicelib.domain import errors
from chalicelib.http.openapi.examples import ERRORS, RECORDS
from chalicelib.http.routes import Act, Route
from chalicelib.jsonapi.errors import CATALOGUE
from chalicelib.jsonapi.filters import operators_of
from chalicelib.jsonapi.inputs import InAttribute, InParameter, InRelationship
from chalicelib.jsonapi.resource import FilterKind
from chalicelib.resources.registry import RESOURCES
from tests.support.described import TABLE, complaint, description

each_route = pytest.mark.parametrize("route", TABLE, ids=lambda it: it.name)
each_list = pytest.mark.parametrize(
    "route", [it for it in TABLE if it.act is Act.LIST], ids=lambda it: it.name
)
each_resource = pytest.mark.parametrize("type_", RESOURCES)


def described(route: Route, method: str | None = None) -> dict[str, Any]:
    method = method or route.methods[0]
    found: dict[str, Any] = description()["paths"][route.path][method.lower()]
    return found


def parameters(route: Route) -> dict[str, Any]:
    shared = description()["components"]["parameters"]
    found = [
        shared[it["$ref"].rpartition("/")[2]] if "$ref" in it else it
        for it in described(route)["parameters"]
    ]
    assert set(Counter(it["name"] for it in found).values()) <= {1}
    return {it["name"]: it for it in found}


def test_it_is_valid() -> None:
    validate(description())


def test_there_is_nothing_else_in_it() -> None:
    paths = description()["paths"]
    assert {(path, method) for path, found in paths.items() for method in found} == {
        (route.path, method.lower()) for route in TABLE for method in route.methods
    }
    names = [it["operationId"] for found in paths.values() for it in found.values()]
    assert len(names) == len(set(names))


@each_list
def test_every_filter_is_there_with_its_operators(route: Route) -> None:
    there = parameters(route)
    for declared in route.resource.filters:
        name = f"filter[{declared.name}]"
        assert declared.meaning in there[name]["description"]
        if declared.kind not in (FilterKind.LACKING, FilterKind.IGNORED):
            operators = operators_of(declared.kind)
            assert {f"{name}[{it}]" for it in operators} <= there.keys()
    filtered = {name.partition("]")[0] for name in there if name.startswith("filter")}
    assert len(filtered) == len(route.resource.filters) + 1
    assert "filter[$op]" in there


@each_list
def test_every_sort_and_page_is_there(route: Route) -> None:
    there = parameters(route)
    sorts = there["sort"]["schema"]["enum"]
    assert set(sorts) == {f"{sign}{it}" for it in route.resource.sorts for sign in ("", "-")}
    assert sorts[0] == route.resource.sorts[0]
    assert {"page[number]", "page[size]", "page[after]", "page", "per_page"} <= there.keys()


@each_route
def test_every_include_is_there(route: Route) -> None:
    there = parameters(route)
    if route.act is Act.DELETE:
        assert not {"include", f"fields[{route.resource.type}]"} & there.keys()
    else:
        assert f"fields[{route.resource.type}]" in there
        paths = there["include"]["schema"]["items"]["enum"] if "include" in there else []
        assert tuple(paths) == route.resource.includes


@each_route
def test_every_input_is_there_wherever_it_may_stand(route: Route) -> None:
    there = parameters(route)
    if not route.takes_document:
        assert "requestBody" not in described(route)
        return
    (content,) = described(route)["requestBody"]["content"].values()
    data = content["schema"]["properties"]["data"]["properties"]
    for declared in route.inputs:
        for source in declared.sources:
            match source:
                case InAttribute(name):
                    assert declared.meaning in data["attributes"]["properties"][name]["description"]
                case InRelationship(name, to):
                    assert to in json.dumps(data["relationships"]["properties"][name])
                case InParameter(name):
                    assert declared.meaning in there[name]["description"]


@each_route
def test_every_error_is_there(route: Route) -> None:
    responses = described(route)["responses"]
    for error in route.errors:
        status = CATALOGUE[error.code][0].value
        (content,) = responses[str(status)]["content"].values()
        assert error.code in content["examples"]
        assert f"`{error.code}`" in responses[str(status)]["description"]


@each_route
def test_who_may_call_is_there(route: Route) -> None:
    both, *others = described(route)["security"]
    assert both == {"token": [], "organization": []}
    assert others == ([] if route.access.organization_needed else [{"token": []}])


@each_route
def test_headers_are_there(route: Route) -> None:
    there = parameters(route)
    success = described(route)["responses"][str(route.success)]
    reads = route.act in (Act.LIST, Act.SHOW)
    assert ("Idempotency-Key" in there) is route.keyed
    assert ("If-None-Match" in there) is reads
    assert ("304" in described(route)["responses"]) is reads
    assert success.get("headers", {}).keys() == {
        *(("ETag",) if reads else ()),
        *(("Location",) if route.act is Act.CREATE else ()),
        *(("Idempotency-Replayed",) if route.keyed else ()),
    }


def test_every_code_is_explained_and_shown() -> None:
    components = description()["components"]
    items = components["schemas"]["Errors"]["properties"]["errors"]["items"]
    assert set(items["properties"]["code"]["enum"]) == CATALOGUE.keys()
    assert components["examples"].keys() == CATALOGUE.keys()
    for code, (status, title) in CATALOGUE.items():
        assert f"| {status.value} | `{code}` | {title} |" in description()["info"]["description"]


def test_every_error_has_an_example() -> None:
    assert {type(it) for it in ERRORS} >= {
        it for it in vars(errors).values() if isinstance(it, type) and "code" in vars(it)
    } - {errors.InvalidHeader}


def test_examples_of_errors_are_as_described() -> None:
    schemas = description()["components"]["schemas"]
    for example in description()["components"]["examples"].values():
        assert jsonschema_rs.is_valid(schemas["Errors"], example["value"])


@each_route
def test_examples_of_answers_are_as_described(route: Route) -> None:
    success = described(route)["responses"][str(route.success)]
    if route.act is Act.DELETE:
        assert "content" not in success
        return
    (content,) = success["content"].values()
    path = route.path.replace("{id}", "1")
    wrong = complaint(route.methods[0], path, route.success, content["example"])
    assert wrong is None, wrong
    assert content["example"]["meta"].keys() >= {it.name for it in route.tells}


@each_route
def test_examples_of_requests_are_as_described(route: Route) -> None:
    if not route.takes_document:
        return
    body = described(route)["requestBody"]
    (content,) = body["content"].values()
    jsonschema_rs.validate(content["schema"], content["example"])
    required = [it for it in route.inputs if it.required]
    assert body["required"] is bool(required)
    if required:
        assert not jsonschema_rs.is_valid(content["schema"], {"data": {"attributes": {}}})


@each_resource
def test_every_member_of_a_resource_is_there(type_: str) -> None:
    resource = RESOURCES[type_]
    name = "".join(part.capitalize() for part in resource.singular.split("_"))
    schema = description()["components"]["schemas"][name]["properties"]
    assert type_ in RECORDS
    for members, declared in (
        ("attributes", resource.attributes),
        ("relationships", resource.relationships),
        ("meta", resource.meta),
    ):
        shown = schema.get(members, {}).get("properties", {})
        assert shown.keys() == {it.name for it in declared}
        assert all(it.meaning in shown[it.name]["description"] for it in declared)


def test_what_was_started_leads_to_stopping_it() -> None:
    created = description()["paths"]["/timers"]["post"]["responses"]["201"]
    assert created["links"].keys() == {"show_timer", "stop_timer"}
    assert {it["operationId"] for it in created["links"].values()} == created["links"].keys()
