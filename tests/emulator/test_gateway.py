"""Check 4: the deployed API through API Gateway, with the functions' own IAM policies."""

import json
import re
from urllib.parse import urlsplit

import pytest

from chalicelib.http.routing import Route
from tests.contract import source
from tests.contract.source import assert_matches
from tests.emulator.ministack import ACCOUNT, REGION, Emulator
from tests.emulator.stage import GatewayClient, Stage, deployed
from tests.http.test_access import OF_THE_CALLER
from tests.support.api import JSON_API
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    OTHER_MEMBERS_ENTRY,
    Fixtures,
    create_fixtures,
)
from tests.support.openapi_checks import TABLE
from tests.support.samples import send_sample

pytestmark = pytest.mark.emulator

DOMAIN = "api.example.com"


def caller(stage: Stage, records: Fixtures, person: int = ADMIN) -> GatewayClient:
    """Send a person's requests with the headers of the source document."""
    return stage.client({**source.BROWSER_HEADERS, **records.headers(person)})


@pytest.fixture(scope="module")
def domain(emulator: Emulator) -> Stage:
    """A stage with a custom domain."""
    certificate = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1"
    settings = (f"DomainName={DOMAIN}", f"CertificateArn={certificate}")
    return deployed(Stage(emulator, "domain"), *settings)


@pytest.fixture(params=["prefix", "domain"])
def public(request: pytest.FixtureRequest) -> tuple[GatewayClient, str]:
    """A client without a token, and the base URL: with the prefix of the stage, or a domain."""
    if request.param == "prefix":
        stage: Stage = request.getfixturevalue("live")
        return stage.client(), stage.outputs()["BaseUrl"]
    stage = request.getfixturevalue("domain")
    return stage.client(host=DOMAIN), f"https://{DOMAIN}"


Public = tuple[GatewayClient, str]


def test_request_without_a_token_is_refused_by_the_deployed_function(public: Public) -> None:
    response = public[0].send("GET", "/timers")
    assert response.status == 401
    assert response.error["code"] == "invalid_auth_token"


@pytest.mark.parametrize("path", ["/api/v2", "/api/v2/timer", "/api/v2/timers/1/stop/now"])
def test_unknown_path_is_an_error_document(public: Public, path: str) -> None:
    response = public[0].send_raw("GET", path)
    assert (response.status, response.error["code"]) == (404, "route_not_found")
    assert response.headers["Content-Type"].startswith(JSON_API)
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_unsupported_method_is_an_error_document(public: Public, method: str) -> None:
    response = public[0].send_raw(method, "/api/v2/timers")
    assert (response.status, response.error["code"]) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_method_that_api_gateway_does_not_know_is_an_unknown_route(public: Public) -> None:
    response = public[0].send_raw("TRACE", "/api/v2/timers")
    assert (response.status, response.error["code"]) == (404, "route_not_found")


@pytest.mark.parametrize("content_type", [None, "application/json", JSON_API])
def test_preflight_allows_the_headers_of_the_api(public: Public, content_type: str | None) -> None:
    headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    headers |= {"Content-Type": content_type} if content_type else {}
    response = public[0].send_raw("OPTIONS", "/api/v2/timers", headers=headers)
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Auth-Token" in response.headers["Access-Control-Allow-Headers"]
    assert response.headers["Access-Control-Allow-Methods"] == "GET,HEAD,OPTIONS,POST"


def test_documentation_and_its_links_have_the_public_address(public: Public) -> None:
    client, base_url = public
    page = client.send_raw("GET", "/docs")
    assert page.status == 200
    prefix = urlsplit(base_url).path
    (script,) = re.findall(rf'src="{prefix}(/docs/start\.\w+\.js)"', page.body.decode())
    assert client.send_raw("GET", script).headers["Content-Type"].startswith("text/java")
    description = client.send_raw("GET", "/api/v2/openapi.json").document
    assert description["servers"] == [{"url": f"{base_url}/api/v2"}]


def test_root_shows_links_with_the_public_address(public: Public) -> None:
    client, base_url = public
    page = client.send_raw("GET", "/")
    assert page.status == 200
    prefix = urlsplit(base_url).path
    links = re.findall(r'href="([^"]*)"', page.body.decode())
    assert f"{prefix}/docs" in links
    for link in links:
        assert client.send_raw("GET", link.removeprefix(prefix)).status == 200
    document = client.send_raw("GET", "/", headers={"Accept": "application/vnd.api+json"}).document
    assert document["meta"]["base_url"] == f"{base_url}/api/v2"


@pytest.mark.parametrize("page", ["app", "admin"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_page_and_its_files_have_the_public_address(public: Public, page: str, slash: str) -> None:
    client, base_url = public
    shown = client.send_raw("GET", f"/{page}{slash}")
    assert (shown.status, shown.headers["Cache-Control"]) == (200, "public, no-cache")
    prefix = urlsplit(base_url).path
    (script,) = re.findall(rf'src="{prefix}(/{page}/\w+/{page}/main\.js)"', shown.body.decode())
    loaded = client.send_raw("GET", script)
    assert loaded.headers["Content-Type"].startswith("text/java")
    assert loaded.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    unchanged = client.send_raw("GET", script, headers={"If-None-Match": loaded.headers["ETag"]})
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert client.send_raw("HEAD", script).status == 200
    missing = client.send_raw("GET", script.replace("main.js", "nothing.js"))
    assert (missing.status, missing.error["code"]) == (404, "route_not_found")


def test_service_worker_has_the_address_of_its_scope(public: Public) -> None:
    worker = public[0].send_raw("GET", "/app/service-worker.js")
    assert worker.headers["Content-Type"].startswith("text/java")
    manifest = public[0].send_raw("GET", "/app/manifest.webmanifest")
    assert (manifest.status, manifest.document["scope"]) == (200, "./")


def test_links_and_location_have_the_custom_domain(domain: Stage) -> None:
    records = create_fixtures(domain.database())
    admin = domain.client(records.headers(ADMIN), host=DOMAIN)
    started = admin.start(time_entry_id=ADMINS_ENTRY)
    assert started.headers["Location"].startswith(f"https://{DOMAIN}/api/v2/timers/")
    link = admin.get("/timers").document["links"]["first"]
    assert link.startswith(f"https://{DOMAIN}/api/v2/timers?")


def test_unchanged_record_is_a_304_without_body(live: Stage, records: Fixtures) -> None:
    admin = live.client(records.headers(ADMIN))
    shown = admin.get(f"/time_entries/{ADMINS_ENTRY}")
    condition = {"If-None-Match": shown.headers["ETag"]}
    repeated = admin.send("GET", f"/time_entries/{ADMINS_ENTRY}", headers=condition)
    assert (repeated.status, repeated.body) == (304, b"")
    assert repeated.headers["ETag"] == shown.headers["ETag"]


each_route_and_method = pytest.mark.parametrize(
    ("route", "method"),
    [
        pytest.param(route, method, id=f"{method} {route.path}")
        for route in TABLE
        for method in route.methods
    ],
)


@each_route_and_method
def test_every_endpoint_has_the_permissions_that_it_needs(
    live: Stage, records: Fixtures, route: Route, method: str
) -> None:
    """The gateway knows the path and the method, and the function may do what the route does."""
    caller_id = OTHER_MEMBER if route.name in OF_THE_CALLER else ADMIN
    timer = live.client(records.headers(OTHER_MEMBER)).start(time_entry_id=OTHER_MEMBERS_ENTRY)
    response = send_sample(live.client(records.headers(caller_id)), route, method, timer.data["id"])
    assert response.status in (route.success, 404)
    assert response.status == route.success or route.name in OF_THE_CALLER, response.body


def test_call_that_a_policy_does_not_allow_is_refused(live: Stage, records: Fixtures) -> None:
    """The emulator applies the functions' policies: otherwise the test above could not fail."""
    function = live.emulator.client("lambda").get_function_configuration(
        FunctionName=live.resource("APIHandler")
    )
    iam = live.emulator.client("iam")
    admin = live.client(records.headers(ADMIN))
    statement = {"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = {"RoleName": function["Role"].rpartition("/")[2], "PolicyName": "deny"}
    iam.put_role_policy(**policy, PolicyDocument=document)
    try:
        assert admin.start(time_entry_id=ADMINS_ENTRY).status == 500
    finally:
        iam.delete_role_policy(**policy)
    assert admin.start(time_entry_id=ADMINS_ENTRY).status == 201


def test_list_of_the_source_document(live: Stage, records: Fixtures) -> None:
    admin = caller(live, records)
    admin.post("/timers", source.START_ON_TIME_ENTRY)
    member = caller(live, records, MEMBER).start(time_entry_id=MEMBERS_ENTRY)
    url = live.outputs()["BaseUrl"]
    expected = source.listing(url, source.timer(ADMIN), source.timer(MEMBER))
    assert_matches(admin.get("/timers"), 200, expected)
    assert_matches(admin.get(f"/timers/{member.data['id']}"), 200, source.single(MEMBER))


def test_starts_of_the_source_document(live: Stage, records: Fixtures) -> None:
    admin = caller(live, records)
    for document in (source.START_ON_TIME_ENTRY, source.START_ON_SERVICE, source.START_ON_BOTH):
        started = admin.post("/timers", document)
        assert_matches(started, 201, source.single(ADMIN))
        admin.stop(started.data["id"])
    assert_matches(admin.post("/timers", source.START_ON_BLANK), 422, source.INVALID)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_stop_of_the_source_document(live: Stage, records: Fixtures, method: str) -> None:
    other = caller(live, records, OTHER_MEMBER)
    started = other.start(time_entry_id=OTHER_MEMBERS_ENTRY)
    stopped = caller(live, records).send(method, f"/timers/{started.data['id']}/stop")
    expected = {"data": source.timer(OTHER_MEMBER, stopped_at="a timestamp"), "meta": {}}
    expected["data"]["attributes"]["stopped_at"] = stopped.attributes["stopped_at"]
    assert_matches(stopped, 200, expected)
