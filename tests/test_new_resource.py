"""A new resource is one package and one line in the registry: CONTRIBUTING.md.

The package is ``tests/support/example_resource``. Nothing else knows it.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
from chalice.app import Chalice
from chalice.test import Client
from openapi_spec_validator import validate
from pynamodb.connection import Connection

import chalicelib
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.items import from_item, to_item
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.http.application import create_app
from chalicelib.http.routing import Route, RouteKind
from chalicelib.people.model import Role
from chalicelib.registry import REGISTRY, TABLES, build_routes
from tests.support import example_resource
from tests.support.api import JSON_API, Api, Response
from tests.support.example_resource.api import CAMPAIGNS, CAMPAIGNS_REGISTRATION
from tests.support.example_resource.repository import CampaignModel
from tests.support.example_resource.samples import CAMPAIGN
from tests.support.fixtures import ADMIN, KOLKATA, MEMBER, STRANGER, ZAGREB, Fixtures, put_all
from tests.support.openapi_checks import ALL_ROUTES, Description
from tests.support.samples import records, samples, send_sample
from tests.support.table_snapshots import snapshot

WITH_CAMPAIGNS = (*REGISTRY, CAMPAIGNS_REGISTRATION)

each_route = pytest.mark.parametrize(
    "name",
    ["list_campaigns", "show_campaign", "create_campaign", "update_campaign", "delete_campaign"],
)


@pytest.fixture
def app(settings: Settings, dependencies: Dependencies) -> Chalice:
    """The application with the line in the registry."""
    return create_app(settings, dependencies, WITH_CAMPAIGNS)


@pytest.fixture
def routes(dependencies: Dependencies) -> dict[str, Route]:
    return {route.name: route for route in build_routes(dependencies, WITH_CAMPAIGNS)}


@pytest.fixture
def campaign_id(fixtures: Fixtures) -> int:
    assert fixtures.tokens
    put_all(CAMPAIGN)
    return CAMPAIGN.id


@pytest.fixture
def document(app: Chalice) -> Description:
    """The OpenAPI document of the application."""
    with Client(app) as client:
        described: Description = json.loads(client.http.get("/api/v2/openapi.json").body)
    return described


def send(api: Api, route: Route) -> Response:
    return send_sample(api, route, route.methods[0], "", [CAMPAIGNS_REGISTRATION])


def test_new_resource_is_created_shown_updated_and_deleted(admin: Api) -> None:
    created = admin.post(
        "/campaigns",
        {"data": {"type": "campaigns", "attributes": {"name": "Website", "budget_hours": 120}}},
    )
    assert created.status == 201
    path = created.headers["Location"].removeprefix("http://stint.test/api/v2")
    assert path == f"/campaigns/{created.data['id']}"
    shown = admin.get(f"{path}?include=organization")
    assert shown.data == {
        "id": created.data["id"],
        "type": "campaigns",
        "attributes": {"name": "Website", "budget_hours": 120},
        "relationships": {
            "organization": {"data": {"type": "organizations", "id": str(ZAGREB.id)}}
        },
    }
    assert [record["attributes"]["name"] for record in shown.document["included"]] == [ZAGREB.name]
    updated = admin.patch(
        path,
        {"data": {"type": "campaigns", "id": created.data["id"], "attributes": {"name": "Shop"}}},
    )
    assert updated.attributes == {"name": "Shop", "budget_hours": 120}
    assert admin.send("DELETE", path).status == 204
    assert (admin.get(path).status, admin.get("/campaigns").ids) == (404, [])


def test_new_resource_is_listed_filtered_sorted_and_paged(admin: Api, campaign_id: int) -> None:
    others = [
        admin.post("/campaigns", {"data": {"type": "campaigns", "attributes": {"name": name}}})
        for name in ("Website", "App")
    ]
    website, app = (other.data["id"] for other in others)
    assert admin.get("/campaigns").ids == [app, str(campaign_id), website]
    assert admin.get("/campaigns?sort=-name").ids == [website, str(campaign_id), app]
    assert admin.get("/campaigns?filter[name]=website").ids == [website]
    page = admin.get("/campaigns?page[number]=2&page[size]=2")
    assert (page.ids, page.meta["total_count"]) == ([website], 3)
    first = admin.get("/campaigns?page[after]=&page[size]=2")
    following = admin.get(first.document["links"]["next"].removeprefix("http://stint.test/api/v2"))
    assert (first.ids, following.ids) == ([app, str(campaign_id)], [website])


def test_new_resource_validates_its_inputs(admin: Api, connection: Connection) -> None:
    before = snapshot(connection)
    for attributes in ({}, {"name": ""}, {"name": "Shop", "budget_hours": -1}):
        response = admin.post(
            "/campaigns", {"data": {"type": "campaigns", "attributes": attributes}}
        )
        assert (response.status, response.error["code"]) == (422, "invalid_attribute")
    response = admin.get("/campaigns?filter[colour]=red")
    assert (response.status, response.error["code"]) == (400, "unsupported_filter")
    assert snapshot(connection) == before


def test_new_resource_replays_a_repeated_create(admin: Api) -> None:
    body = json.dumps({"data": {"type": "campaigns", "attributes": {"name": "Shop"}}}).encode()
    headers = {"Content-Type": JSON_API, "Idempotency-Key": "tap-1"}
    first, second = (admin.send("POST", "/campaigns", body, headers) for _ in range(2))
    assert (first.status, second.status) == (201, 201)
    assert second.data == first.data
    assert second.headers["Idempotency-Replayed"] == "true"
    assert admin.get("/campaigns").ids == [first.data["id"]]


def test_new_resource_takes_the_headers_of_writes(admin: Api, campaign_id: int) -> None:
    path = f"/campaigns/{campaign_id}"
    tag = admin.get(path).headers["ETag"]
    body = json.dumps({"data": {"type": "campaigns", "attributes": {"name": "Shop"}}}).encode()
    headers = {"Content-Type": JSON_API, "If-Match": tag}
    updates = [admin.send("PATCH", path, body, headers) for _ in range(2)]
    assert [response.status for response in updates] == [200, 412]
    assert admin.send("DELETE", path, headers={"If-Match": tag}).status == 412
    key = {"Idempotency-Key": "tap-1", "If-Match": admin.get(path).headers["ETag"]}
    deletions = [admin.send("DELETE", path, headers=key) for _ in range(2)]
    assert [response.status for response in deletions] == [204, 204]
    assert deletions[1].headers["Idempotency-Replayed"] == "true"


def test_new_resource_is_in_the_openapi_document(
    document: Description, routes: dict[str, Route]
) -> None:
    validate(document)
    assert {"name": "campaigns", "description": CAMPAIGNS.description} in document["tags"]
    assert document["components"]["schemas"].keys() >= {"Campaign", "CampaignDocument"}
    for name in samples([CAMPAIGNS_REGISTRATION]):
        route = routes[name]
        operation = document["paths"][route.path][route.methods[0].lower()]
        assert operation["operationId"] == name
        assert operation["tags"] == ["campaigns"]
        assert str(route.success) in operation["responses"]


def test_examples_of_the_new_resource_match_its_schemas(
    document: Description, routes: dict[str, Route]
) -> None:
    example = {
        "id": "31",
        "type": "campaigns",
        "attributes": {"name": "Website", "budget_hours": 120},
    }
    for name in samples([CAMPAIGNS_REGISTRATION]):
        route = routes[name]
        operation = document["paths"][route.path][route.methods[0].lower()]
        if route.kind is not RouteKind.DELETE:
            content = _content(operation["responses"][str(route.success)])
            data = content["example"]["data"]
            record = data[0] if route.kind is RouteKind.LIST else data
            assert {member: record[member] for member in example} == example
            _validate(document, content["schema"], content["example"])
        if route.takes_document:
            content = _content(operation["requestBody"])
            assert content["example"]["data"]["attributes"] == example["attributes"]
            _validate(document, content["schema"], content["example"])


@each_route
def test_response_of_the_new_resource_matches_the_openapi_document(
    admin: Api, document: Description, routes: dict[str, Route], campaign_id: int, name: str
) -> None:
    assert campaign_id
    route = routes[name]
    response = send(admin, route)
    assert response.status == route.success
    described = document["paths"][route.path][route.methods[0].lower()]["responses"]
    if response.body:
        schema = _content(described[str(response.status)])["schema"]
        _validate(document, schema, response.document)


@each_route
def test_request_for_the_new_resource_without_token_is_unauthenticated(
    app: Chalice, connection: Connection, routes: dict[str, Route], campaign_id: int, name: str
) -> None:
    assert campaign_id
    before = snapshot(connection)
    response = send(Api(app, {"X-Organization-Id": str(ZAGREB.id)}), routes[name])
    assert (response.status, response.error["code"]) == (401, "invalid_auth_token")
    assert snapshot(connection) == before


@each_route
def test_new_resource_needs_the_organization_header(
    app: Chalice, fixtures: Fixtures, routes: dict[str, Route], campaign_id: int, name: str
) -> None:
    assert campaign_id
    response = send(Api(app, {"X-Auth-Token": fixtures.tokens[ADMIN]}), routes[name])
    assert (response.status, response.error["code"]) == (403, "no_organization_id")


@each_route
def test_admin_of_another_organization_cannot_access_the_new_resource(
    app: Chalice,
    fixtures: Fixtures,
    admin: Api,
    routes: dict[str, Route],
    campaign_id: int,
    name: str,
) -> None:
    route = routes[name]
    before = admin.get("/campaigns").data
    response = send(Api(app, fixtures.headers(STRANGER, KOLKATA)), route)
    if route.names_record:
        assert (response.status, response.error["code"]) == (404, "record_not_found")
    elif route.kind is RouteKind.LIST:
        assert (response.status, response.data) == (200, [])
    else:
        organization = response.data["relationships"]["organization"]["data"]
        assert organization["id"] == str(KOLKATA.id)
    assert admin.get("/campaigns").data == before
    assert admin.get("/campaigns").ids == [str(campaign_id)]


@each_route
def test_member_is_held_to_the_permissions_of_the_new_resource(
    app: Chalice,
    fixtures: Fixtures,
    connection: Connection,
    routes: dict[str, Route],
    campaign_id: int,
    name: str,
) -> None:
    route = routes[name]
    before = snapshot(connection)
    response = send(Api(app, fixtures.headers(MEMBER)), route)
    assert (route.permission.role is Role.MEMBER) is (
        route.kind in (RouteKind.LIST, RouteKind.SHOW)
    )
    if route.permission.role is Role.ADMIN:
        assert (response.status, response.error["code"]) == (403, "access_denied")
    else:
        data = response.data[0] if route.kind is RouteKind.LIST else response.data
        assert (response.status, data["id"]) == (200, str(campaign_id))
    assert snapshot(connection) == before


def test_new_resource_is_one_package_and_one_line_in_the_registry(
    dependencies: Dependencies,
) -> None:
    # The line: the only difference between the two registries.
    assert [entry for entry in WITH_CAMPAIGNS if entry not in REGISTRY] == [CAMPAIGNS_REGISTRATION]
    with_campaigns = {route.name for route in build_routes(dependencies, WITH_CAMPAIGNS)}
    assert (
        with_campaigns - {route.name for route in ALL_ROUTES}
        == samples([CAMPAIGNS_REGISTRATION]).keys()
    )
    assert with_campaigns >= {route.name for route in ALL_ROUTES}
    # The package: it uses modules of chalicelib that do not know it, and no other resource.
    imports = _imports(Path(example_resource.__path__[0]))
    modules = {name for name in imports if name.startswith("chalicelib.")}
    assert {name.split(".")[1] for name in modules} == {"core", "dynamodb", "http", "jsonapi"}
    assert "chalicelib.registry" not in modules
    for path in Path(chalicelib.__path__[0]).rglob("*.py"):
        assert "example_resource" not in path.read_text(), path
        if _module_name(path) in modules:
            assert not re.search(r"\bCampaigns?\b|\bCAMPAIGNS\b|\"campaigns\"", path.read_text()), (
                path
            )


@pytest.mark.parametrize("record", records([CAMPAIGNS_REGISTRATION]))
def test_new_record_equals_itself_after_conversion_to_an_item_and_back(record: object) -> None:
    assert from_item(type(record), to_item(record).serialize()) == record


def test_new_resource_needs_no_new_table(connection: Connection) -> None:
    # The fixture also checks that the IAM policy grants every call of these tests.
    assert connection is not None
    assert CampaignModel not in TABLES
    assert table_name(CampaignModel) == table_name(DirectoryModel)


def _content(described: Description) -> Description:
    (content,) = described["content"].values()
    return dict(content)


def _validate(document: Description, schema: Description, value: object) -> None:
    validator = jsonschema_rs.Draft202012Validator(
        {**schema, "components": document["components"]}, validate_formats=True
    )
    validator.validate(value)


def _imports(package: Path) -> Iterator[str]:
    """The modules that the files of a package import."""
    for path in package.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
                yield node.module
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)


def _module_name(path: Path) -> str:
    relative = path.relative_to(Path(chalicelib.__path__[0]).parent).with_suffix("")
    return ".".join(relative.parts)
