"""Response documents: contract section 2. Timers represent every resource."""

import json
from datetime import UTC
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.permissions import ViewPolicy, Visibility
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.jsonapi.documents import (
    Included,
    ViewOptions,
    encode,
    is_included,
    join_path,
    list_document,
    render,
    single_document,
)
from chalicelib.jsonapi.resource import Attribute, Kind, Relationship, Resource
from chalicelib.organizations.api import ORGANIZATIONS
from chalicelib.organizations.model import Organization
from chalicelib.services.api import SERVICES
from chalicelib.services.model import Service
from chalicelib.time_entries.api import TIME_ENTRIES
from chalicelib.time_entries.model import TimeEntry
from chalicelib.timers.api import TIMERS
from chalicelib.timers.model import StopReason, Timer

STARTED = 1_754_090_487
TIMER = Timer(16, 2156, 8796, 364, STARTED, STARTED + 43_200, STARTED + 3600)
RUNNING = replace(TIMER, stopped_at=None)
ENTRY = TimeEntry(364, 2156, 8796, 1294, "2025-08-02", STARTED, STARTED, 8796)

ZAGREB = ViewOptions(zone=ZoneInfo("Europe/Zagreb"))
NOT_INCLUDED = {"meta": {"included": False}}


def _view(*include: str, **fields: str) -> ViewOptions:
    fields_by_type = {type_: frozenset(names.split(",")) for type_, names in fields.items()}
    return ViewOptions(frozenset(include), fields_by_type, UTC)


def test_timer_document_equals_the_source_document() -> None:
    shown = json.dumps(single_document(TIMERS, TIMER, ZAGREB), indent=2)
    assert (
        shown
        == """\
{
  "data": {
    "id": "16",
    "type": "timers",
    "attributes": {
      "person_id": 8796,
      "started_at": "2025-08-02T01:21:27.000+02:00",
      "stopped_at": "2025-08-02T02:21:27.000+02:00",
      "total_time": 60
    },
    "relationships": {
      "organization": {
        "data": {
          "type": "organizations",
          "id": "2156"
        }
      },
      "time_entry": {
        "meta": {
          "included": false
        }
      }
    }
  },
  "meta": {}
}"""
    )


def test_running_timer_has_null_stop_and_zero_total_time() -> None:
    attributes = render(TIMERS, RUNNING, ZAGREB)["attributes"]
    assert (attributes["stopped_at"], attributes["total_time"]) == (None, 0)


@pytest.mark.parametrize("reason", list(StopReason))
def test_automatically_stopped_timer_has_stop_reason_in_meta(reason: StopReason) -> None:
    shown = render(TIMERS, replace(TIMER, stop_reason=reason), ZAGREB)
    assert list(shown) == ["id", "type", "attributes", "relationships", "meta"]
    assert shown["meta"] == {"stop_reason": reason.value}


def test_manually_stopped_timer_has_no_meta() -> None:
    assert "meta" not in render(TIMERS, TIMER, ZAGREB)


def test_time_zone_affects_only_timestamps() -> None:
    other_view = ViewOptions(zone=ZoneInfo("Asia/Kathmandu"))
    attributes, other_attributes = (
        render(TIME_ENTRIES, ENTRY, view)["attributes"] for view in (ZAGREB, other_view)
    )
    changed = {name for name in attributes if attributes[name] != other_attributes[name]}
    assert changed == {"created_at", "updated_at"}


# Relationships and include


def test_included_relationship_has_linkage() -> None:
    shown = render(TIMERS, TIMER, _view("time_entry"))
    assert shown["relationships"]["time_entry"] == {"data": {"type": "time_entries", "id": "364"}}


def test_included_empty_relationship_is_null() -> None:
    shown = render(TIME_ENTRIES, ENTRY, _view("task", "project"))
    assert shown["relationships"]["task"] == {"data": None}
    assert shown["relationships"]["project"] == {"data": None}


def test_empty_relationship_is_marked_not_included_by_default() -> None:
    assert render(TIME_ENTRIES, ENTRY, _view())["relationships"]["task"] == NOT_INCLUDED


def test_organization_relationship_always_has_data() -> None:
    for view in (_view(), _view("organization")):
        shown = render(TIMERS, TIMER, view)["relationships"]["organization"]
        assert shown == {"data": {"type": "organizations", "id": "2156"}}


@pytest.mark.parametrize(
    ("paths", "linked"),
    [
        ([""], False),
        (["time_entry"], True),
        (["elsewhere"], False),
        (["elsewhere", "time_entry"], True),
        ([], False),
    ],
)
def test_linkage_depends_on_the_include_path_of_the_record(paths: list[str], linked: bool) -> None:
    view = _view("time_entry", "time_entry.service")
    shown = render(TIME_ENTRIES, ENTRY, view, paths)["relationships"]
    assert ("data" in shown["service"]) is linked
    assert shown["person"] == NOT_INCLUDED


@pytest.mark.parametrize(
    ("path", "joined"), [("", "service"), ("time_entry", "time_entry.service")]
)
def test_include_path_segments_are_joined_with_dots(path: str, joined: str) -> None:
    assert join_path(path, "service") == joined


@pytest.mark.parametrize(
    ("path", "included"), [("", False), ("time_entry", True), ("a.time_entry", False)]
)
def test_relationship_is_included_only_when_its_full_path_is(path: str, included: bool) -> None:
    service = next(
        relationship
        for relationship in TIME_ENTRIES.relationships
        if relationship.name == "service"
    )
    assert is_included(service, [path], _view("time_entry.service")) is included


# Fields


@pytest.mark.parametrize(
    ("names", "attributes", "relationships"),
    [
        ("started_at", ["started_at"], []),
        ("total_time,started_at", ["started_at", "total_time"], []),
        ("time_entry", [], ["time_entry"]),
        ("organization,person_id", ["person_id"], ["organization"]),
        ("nonsense", [], []),
        ("", [], []),
    ],
)
def test_fields_select_attributes_and_relationships_in_declared_order(
    names: str, attributes: list[str], relationships: list[str]
) -> None:
    shown = render(TIMERS, TIMER, _view(timers=names))
    assert (list(shown["attributes"]), list(shown["relationships"])) == (attributes, relationships)


def test_fields_do_not_remove_id_type_and_meta() -> None:
    shown = render(TIMERS, replace(TIMER, stop_reason=StopReason.AUTO), _view(timers=""))
    assert (shown["id"], shown["type"], shown["meta"]) == ("16", "timers", {"stop_reason": "auto"})


def test_fields_of_another_type_are_ignored() -> None:
    assert render(TIMERS, TIMER, _view(boats="sail")) == render(TIMERS, TIMER, _view())


# Whole documents

SERVICE = Service(1294, 2156, "Design")
INCLUDED = [
    Included(TIME_ENTRIES, ENTRY, frozenset({"time_entry"})),
    Included(SERVICES, SERVICE, frozenset({"time_entry.service"})),
]


def test_included_records_have_their_own_linkage_and_fields() -> None:
    view = _view("time_entry", "time_entry.service", time_entries="date,service", services="name")
    document = single_document(TIMERS, TIMER, view, INCLUDED)
    assert list(document) == ["data", "included", "meta"]
    assert document["included"] == [
        {
            "id": "364",
            "type": "time_entries",
            "attributes": {"date": "2025-08-02"},
            "relationships": {"service": {"data": {"type": "services", "id": "1294"}}},
        },
        {"id": "1294", "type": "services", "attributes": {"name": "Design"}, "relationships": {}},
    ]


@pytest.mark.parametrize("meta", [None, {}])
def test_single_document_has_empty_meta_by_default(
    meta: dict[str, Any] | None,
) -> None:
    assert single_document(TIMERS, TIMER, ZAGREB, meta=meta)["meta"] == {}


def test_single_document_contains_the_passed_meta() -> None:
    document = single_document(TIMERS, TIMER, ZAGREB, meta={"already_stopped": True})
    assert document["meta"] == {"already_stopped": True}


def test_list_document_members_have_the_source_order() -> None:
    links, meta = {"first": "http://stint.test"}, {"total_count": 2}
    document = list_document(TIMERS, [TIMER, RUNNING], ZAGREB, [], links, meta)
    assert list(document) == ["data", "links", "meta"]
    assert document == {
        "data": [render(TIMERS, TIMER, ZAGREB), render(TIMERS, RUNNING, ZAGREB)],
        "links": links,
        "meta": meta,
    }


def test_list_document_places_included_after_data() -> None:
    document = list_document(TIMERS, [TIMER], _view("time_entry"), INCLUDED, {}, {})
    assert list(document) == ["data", "included", "links", "meta"]
    assert [resource["id"] for resource in document["included"]] == ["364", "1294"]


def test_empty_list_document_has_empty_data() -> None:
    assert list_document(TIMERS, [], ZAGREB, [], {}, {}) == {"data": [], "links": {}, "meta": {}}


def test_resource_without_relationships_has_empty_relationships() -> None:
    organization = Organization(2156, "Studio", "Europe/Zagreb")
    assert render(ORGANIZATIONS, organization, ZAGREB) == {
        "id": "2156",
        "type": "organizations",
        "attributes": {
            "name": "Studio",
            "time_zone": "Europe/Zagreb",
            "auto_stop_after": 43_200,
            "auto_stop_at_time": None,
            "remind_after": None,
            "closed_until": None,
            "closed_effective_at": None,
        },
        "relationships": {},
    }


def test_rendering_uses_only_the_declaration() -> None:
    boat: dict[str, Any] = {"number": 7, "launched": 0, "sails": 0, "harbour": None, "leaks": True}
    boat["repair"] = {"began_at": 60, "ended_at": None, "hours": 3}
    boats: Resource[dict[str, Any]] = Resource(
        type="boats",
        singular="boat",
        description="A boat.",
        entity=dict,
        view=ViewPolicy(Visibility.EVERYONE, lambda _: None),
        example=lambda: boat,
        id=lambda boat: boat["number"],
        attributes=(
            Attribute("launched", Kind.TIMESTAMP, lambda boat: boat["launched"], "Launch time."),
            Attribute("sails", Kind.INTEGER, lambda boat: boat["sails"], "Number of sails."),
            Attribute("repair", Kind.OBJECT, lambda boat: boat["repair"], "The last repair."),
        ),
        relationships=(
            Relationship(
                "harbour", "harbours", lambda boat: boat["harbour"], "Harbour.", always=True
            ),
        ),
        meta=(
            Attribute("leaks", Kind.BOOLEAN, lambda boat: boat["leaks"], "True if the boat leaks."),
            Attribute("sank", Kind.TEXT, lambda boat: boat.get("sank"), "Reason for sinking."),
        ),
    )
    assert render(boats, boat, ViewOptions()) == {
        "id": "7",
        "type": "boats",
        "attributes": {
            "launched": "1970-01-01T00:00:00.000+00:00",
            "sails": 0,
            "repair": {"began_at": "1970-01-01T00:01:00.000+00:00", "ended_at": None, "hours": 3},
        },
        "relationships": {"harbour": {"data": None}},
        "meta": {"leaks": True},
    }


def test_encoded_json_has_the_member_order_of_the_document() -> None:
    document = {"b": [1, None, True], "a": {"note": "\u010daj \u2615", "stop_reason": "auto"}}
    assert json.loads(encode(document)) == document
    assert encode(document).startswith('{"b":')
