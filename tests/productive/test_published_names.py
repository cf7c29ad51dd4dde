"""Every name that Productive publishes is accepted. Contract sections 2, 6 and 10."""

from urllib.parse import quote

import pytest
from pynamodb.connection import Connection

from chalicelib.productive.declarations import FILTER_RULES, REFUSED_FILTERS
from chalicelib.productive.model import Matches
from chalicelib.productive.names import published
from chalicelib.registry import RESOURCES
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, DESIGN, MEMBER, ZAGREB

# A valid value for each type of a filter in the names' file.
VALUES = {
    "integer": "1",
    "number": "1",
    "": "1",
    "boolean": "false",
    "string": "text",
    "string/date": "2026-03-02",
    "string/date-time": "2026-03-02",
    "object": "text",
}
PATHS = {type_: type_.removeprefix("reports/") for type_ in published()}
"""The types of the collections, by their paths."""

COLLECTIONS = [path for path, type_ in PATHS.items() if type_ in RESOURCES]


def valid_value(type_: str, name: str) -> str:
    rule = FILTER_RULES.get(PATHS[type_], {}).get(name)
    if rule is not None and not isinstance(rule, Matches):
        return str(rule).lower()
    names = published()[type_]
    if name == "person_type":
        return "1"
    return VALUES[names.filters.get(name, "integer")]


@pytest.mark.parametrize("type_", COLLECTIONS)
def test_every_published_filter_and_sort_is_accepted(admin: Api, type_: str) -> None:
    names = published()[type_]
    refused = []
    rules = FILTER_RULES.get(PATHS[type_], ())
    for name in (*names.filters, *names.extra_client_filters, *rules):
        query = f"filter[{name}]={valid_value(type_, name)}"
        is_refused = name in REFUSED_FILTERS.get(PATHS[type_], ())
        if admin.get(f"/{type_}?{query}").status != (400 if is_refused else 200):
            refused.append(query)
    for sort in names.sorts:
        refused += [
            query
            # Only reports take a group.
            for query in (f"sort={sort}&group=person", f"sort=-{sort}&group=person")
            if admin.get(f"/{type_}?{query}").status != 200
        ]
    assert refused == []


@pytest.mark.parametrize("type_", COLLECTIONS)
def test_every_published_relationship_can_be_included(admin: Api, type_: str) -> None:
    declared = {relationship.name for relationship in RESOURCES[PATHS[type_]].relationships}
    for name in published()[type_].relationships:
        shown = admin.get(f"/{type_}?include={name}&page[size]=1")
        assert shown.status == 200, name
        if name not in declared:
            assert shown.document["included"] == []
            assert all(record["relationships"][name] == {"data": None} for record in shown.data), (
                name
            )


@pytest.mark.parametrize(
    ("path", "relationships"),
    [
        ("/time_entries?include=service.section", {"section"}),
        ("/time_entries?include=service.deal.company", {"deal"}),
        ("/time_entries?include=service,service.deal,person.company", {"deal", "company"}),
        ("/services?include=deal,service_type,person", {"deal", "service_type", "person"}),
        ("/services?include=section.deal,deal.company,deal.project", {"section", "deal"}),
        ("/people?include=company", {"company"}),
        ("/time_entries?include=approver.company,task.project", {"approver", "task"}),
        ("/organization_memberships?include=person,organization.company", {"company"}),
        ("/organizations?include=company,owner", {"company", "owner"}),
    ],
)
def test_lacking_relationships_are_null_and_add_nothing(
    admin: Api, path: str, relationships: set[str]
) -> None:
    document = admin.get(path).document
    shown = [*document["data"], *document["included"]]
    for name in relationships:
        linkages = [
            record["relationships"][name] for record in shown if name in record["relationships"]
        ]
        assert linkages
        assert linkages == [{"data": None}] * len(linkages)
    lacking = {"companies", "deals", "projects", "sections", "service_types", "tasks"}
    assert lacking.isdisjoint(record["type"] for record in document["included"])


def test_include_works_on_every_answer_with_a_record(admin: Api) -> None:
    started = admin.post(
        "/timers?include=time_entry.service.deal",
        {"data": {"type": "timers", "attributes": {"service_id": DESIGN}}},
    )
    assert started.status == 201
    (service,) = (each for each in started.document["included"] if each["type"] == "services")
    assert service["relationships"]["deal"] == {"data": None}
    timer = f"/timers/{started.data['id']}"
    for response in (
        admin.get(f"{timer}?include=time_entry.approver"),
        admin.patch(f"{timer}/stop?include=time_entry.approver"),
    ):
        (entry,) = response.document["included"]
        assert entry["relationships"]["approver"] == {"data": None}


def test_user_of_a_membership_can_be_included_with_the_person(admin: Api) -> None:
    document = admin.get("/organization_memberships?include=user,person").document
    (membership,) = document["data"]
    assert membership["relationships"]["user"] == {"data": {"type": "users", "id": str(ADMIN)}}
    assert [(each["type"], each["id"]) for each in document["included"]] == [
        ("people", str(ADMIN)),
        ("users", str(ADMIN)),
    ]


def test_fields_apply_to_lacking_relationships(admin: Api) -> None:
    (person,) = admin.get(
        f"/people?filter[id]={ADMIN}&include=company,manager&fields[people]=company"
    ).data
    assert person["relationships"] == {"company": {"data": None}}
    assert person["attributes"] == {}


@pytest.mark.parametrize("path", ["/timers", f"/time_entries/{ADMINS_ENTRY}", "/people"])
def test_answer_has_included_if_the_request_has_include(admin: Api, path: str) -> None:
    assert admin.get(f"{path}?include=").document["included"] == []
    assert "included" not in admin.get(path).document


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        ("/time_entries?include=timers", "approver, creator, organization, person"),
        ("/time_entries?include=service.timers", "deal, organization"),
        ("/time_entries?include=task.timers", "assignee, creator"),
        ("/people?include=company.timers", "organization, parent_company"),
        ("/users?include=company", "Use organization."),
        ("/webhooks?include=deal", "Use organization."),
        ("/people?include=manager.manager.manager.manager.manager.manager", "at most 5"),
        ("/people?include=person..company", "Use approval_policy_assignment"),
    ],
)
def test_unknown_include_lists_what_can_be_included(admin: Api, path: str, accepted: str) -> None:
    response = admin.get(path)
    assert (response.status, response.error["code"]) == (400, "unsupported_include")
    assert accepted in response.error["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "/time_entries?filter[task_id]=1",
        "/time_entries?filter[invoiced]=true",
        "/services?filter[deal_id]=1",
        "/people?filter[project_id]=1&filter[status]=1",
    ],
)
def test_filter_that_matches_nothing_reads_no_record(
    admin: Api, connection: Connection, query: str
) -> None:
    admin.get("/time_entries?page[size]=1")
    with counted(connection) as calls:
        page = admin.get(f"{query}&page[size]=7&page[number]=2")
        first = admin.get(f"{query}&page[after]=")
    assert calls == []
    assert page.data == []
    assert page.meta == {
        "current_page": 2,
        "total_pages": 0,
        "total_count": 0,
        "page_size": 7,
        "max_page_size": 200,
    }
    assert page.document["links"]["first"].endswith("&page%5Bsize%5D=7")
    assert quote("page[number]=1", safe="=") in page.document["links"]["last"]
    assert (first.data, list(first.document["links"])) == ([], ["first"])
    wrong = admin.get(f"{query}&page[after]=abc")
    assert wrong.error["code"] == "keyset_invalid_cursor"


def test_constant_filter_does_not_change_the_plan(admin: Api, connection: Connection) -> None:
    path = f"/time_entries?filter[person_id]={MEMBER}&page[size]=1&page[number]=1"
    admin.get(path)
    with counted(connection) as usual:
        plain = admin.get(path)
    with counted(connection) as filtered:
        same = admin.get(f"{path}&filter[invoiced]=false&filter[task_id][not_eq]=1&sort=-deal_name")
    assert filtered == usual
    assert same.data == plain.data
    assert same.meta == plain.meta


def test_entries_are_sorted_by_the_names_of_people_and_services(admin: Api) -> None:
    def names(path: str, relationship: str, attributes: tuple[str, ...]) -> list[str]:
        found: list[str] = []
        while path:
            document = admin.get(path).document
            by_id = {
                each["id"]: " ".join(each["attributes"][name] for name in attributes)
                for each in document["included"]
            }
            found.extend(
                by_id[entry["relationships"][relationship]["data"]["id"]]
                for entry in document["data"]
            )
            path = document["links"].get("next", "").removeprefix("http://stint.test/api/v2")
        return found

    for sort, relationship, attributes in (
        ("person_name", "person", ("first_name", "last_name")),
        ("service_name", "service", ("name",)),
    ):
        for page in ("page[number]=1", "page[size]=2&page[after]="):
            path = f"/time_entries?include={relationship}&{page}"
            ascending = names(f"{path}&sort={sort}", relationship, attributes)
            assert len(set(ascending)) > 1
            assert ascending == sorted(ascending, key=str.casefold)
            descending = names(f"{path}&sort=-{sort}", relationship, attributes)
            assert descending == ascending[::-1]


def test_membership_is_found_by_its_organization(admin: Api) -> None:
    path = "/organization_memberships?filter[organization_id]"
    assert admin.get(f"{path}={ZAGREB.id}").ids == [str(ADMIN)]
    assert admin.get(f"{path}=1").ids == []
