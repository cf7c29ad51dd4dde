"""Collections that Productive has and stint lacks: contract section 10."""

import pytest
from pynamodb.connection import Connection

from chalicelib.http.absent_collections import COLLECTIONS
from chalicelib.registry import RESOURCES
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.openapi_checks import description

each_collection = pytest.mark.parametrize("type_", COLLECTIONS)


def test_the_collections_of_the_contract_are_absent() -> None:
    assert COLLECTIONS.keys() == {
        "activities",
        "companies",
        "deals",
        "events",
        "pipelines",
        "projects",
        "sections",
        "service_types",
        "tasks",
        "teams",
    }
    assert COLLECTIONS.keys().isdisjoint(RESOURCES)


@each_collection
def test_list_is_empty_with_links_and_meta(admin: Api, type_: str) -> None:
    query = "filter[company_id]=1&sort=-name&page[size]=7"
    shown = admin.get(f"/{type_}?{query}&include=company")
    url = f"http://stint.test/api/v2/{type_}?filter%5Bcompany_id%5D=1&include=company"
    first = f"{url}&page%5Bnumber%5D=1&page%5Bsize%5D=7&sort=-name"
    assert shown.document == {
        "data": [],
        "included": [],
        "links": {"first": first, "last": first},
        "meta": {
            "current_page": 1,
            "total_pages": 0,
            "total_count": 0,
            "page_size": 7,
            "max_page_size": 200,
        },
    }
    assert "included" not in admin.get(f"/{type_}").document
    assert admin.send("HEAD", f"/{type_}").status == 200


@each_collection
def test_list_has_a_cursor_mode(member: Api, type_: str) -> None:
    shown = member.get(f"/{type_}?page[after]=")
    assert (shown.data, list(shown.document["links"])) == ([], ["first"])
    assert member.get(f"/{type_}?page[after]=abc").error["code"] == "keyset_invalid_cursor"
    assert member.get(f"/{type_}?page[number]=0").error["code"] == "invalid_parameter"


@each_collection
def test_record_does_not_exist_and_writes_are_forbidden(
    admin: Api, connection: Connection, type_: str
) -> None:
    admin.get("/tasks")
    document = {"data": {"type": type_, "attributes": {"name": "x"}}}
    with counted(connection) as calls:
        for path in (f"/{type_}/1", f"/{type_}/undefined"):
            assert admin.get(path).error["code"] == "record_not_found"
            for method in ("PATCH", "PUT", "DELETE"):
                assert admin.write(method, path, document).error["code"] == "access_denied"
        created = admin.post(f"/{type_}", document)
    assert calls == []
    assert (created.status, created.error["code"]) == (403, "access_denied")
    assert "always empty" in created.error["detail"]


@each_collection
def test_token_is_required(admin: Api, type_: str) -> None:
    assert Api(admin._app, {}).get(f"/{type_}").status == 401
    assert Api(admin._app, {}).send("POST", f"/{type_}").status == 401
    without = {name: admin.headers[name] for name in ("X-Auth-Token",)}
    assert Api(admin._app, without).get(f"/{type_}").error["code"] == "no_organization_id"


def test_the_lists_are_described_under_one_tag_after_the_others() -> None:
    tags = [tag["name"] for tag in description()["tags"]]
    assert tags[-1] == "not_in_stint"
    paths = list(description()["paths"])
    assert paths[-len(COLLECTIONS) :] == [f"/{type_}" for type_ in COLLECTIONS]
    for type_ in COLLECTIONS:
        (operation,) = description()["paths"][f"/{type_}"].values()
        assert operation["tags"] == ["not_in_stint"]
