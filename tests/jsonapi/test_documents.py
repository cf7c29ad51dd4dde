"""Documents out: contract section 2. Timers stand for every resource."""

import json
from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.directory import Organization, Service
from chalicelib.domain.timers import StopReason, TimeEntry, Timer
from chalicelib.jsonapi.documents import (
    Included,
    View,
    encode,
    is_included,
    join_path,
    list_document,
    render,
    single_document,
)
from chalicelib.jsonapi.resource import Attribute, Kind, Relationship, Resource
from chalicelib.resources.organizations import ORGANIZATIONS
from chalicelib.resources.services import SERVICES
from chalicelib.resources.time_entries import TIME_ENTRIES
from chalicelib.resources.timers import TIMERS

STARTED = 1_754_090_487
TIMER = Timer(16, 2156, 8796, 364, STARTED, STARTED + 43_200, STARTED + 3600)
RUNNING = replace(TIMER, stopped_at=None)
ENTRY = TimeEntry(364, 2156, 8796, 1294, "2025-08-02", STARTED, STARTED, 8796)

ZAGREB = View(zone=ZoneInfo("Europe/Zagreb"))
NOT_INCLUDED = {"meta": {"included": False}}


def _view(*include: str, **fields: str) -> View:
    wanted = {type_: frozenset(names.split(",")) for type_, names in fields.items()}
    return View(frozenset(include), wanted, UTC)


def test_a_timer_is_shown_as_in_the_source_document_member_for_member() -> None:
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


def test_a_running_timer_shows_nulls_and_no_time() -> None:
    attributes = render(TIMERS, RUNNING, ZAGREB)["attributes"]
    assert (attributes["stopped_at"], attributes["total_time"]) == (None, 0)


@pytest.mark.parametrize("reason", list(StopReason))
def test_a_timer_that_nobody_stopped_by_hand_says_why_it_stopped(reason: StopReason) -> None:
    shown = render(TIMERS, replace(TIMER, stop_reason=reason), ZAGREB)
    assert list(shown) == ["id", "type", "attributes", "relationships", "meta"]
    assert shown["meta"] == {"stop_reason": reason.value}


def test_a_timer_stopped_by_hand_carries_no_meta() -> None:
    assert "meta" not in render(TIMERS, TIMER, ZAGREB)


def test_only_instants_depend_on_the_zone() -> None:
    there = View(zone=ZoneInfo("Asia/Kathmandu"))
    here, far = (render(TIME_ENTRIES, ENTRY, view)["attributes"] for view in (ZAGREB, there))
    changed = {name for name in here if here[name] != far[name]}
    assert changed == {"created_at", "updated_at"}


# Relationships and include


def test_an_included_relationship_carries_its_linkage() -> None:
    shown = render(TIMERS, TIMER, _view("time_entry"))
    assert shown["relationships"]["time_entry"] == {"data": {"type": "time_entries", "id": "364"}}


def test_an_included_relationship_to_nothing_is_null() -> None:
    shown = render(TIME_ENTRIES, ENTRY, _view("task", "project"))
    assert shown["relationships"]["task"] == {"data": None}
    assert shown["relationships"]["project"] == {"data": None}


def test_a_relationship_to_nothing_that_is_not_included_says_so() -> None:
    assert render(TIME_ENTRIES, ENTRY, _view())["relationships"]["task"] == NOT_INCLUDED


def test_the_organization_always_carries_data() -> None:
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
def test_linkage_depends_on_the_paths_by_which_a_record_was_reached(
    paths: list[str], linked: bool
) -> None:
    view = _view("time_entry", "time_entry.service")
    shown = render(TIME_ENTRIES, ENTRY, view, paths)["relationships"]
    assert ("data" in shown["service"]) is linked
    assert shown["person"] == NOT_INCLUDED


@pytest.mark.parametrize(
    ("path", "joined"), [("", "service"), ("time_entry", "time_entry.service")]
)
def test_paths_are_joined_by_dots(path: str, joined: str) -> None:
    assert join_path(path, "service") == joined


@pytest.mark.parametrize(
    ("path", "included"), [("", False), ("time_entry", True), ("a.time_entry", False)]
)
def test_a_relationship_is_included_where_its_whole_path_is(path: str, included: bool) -> None:
    service = next(it for it in TIME_ENTRIES.relationships if it.name == "service")
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
def test_fields_govern_attributes_and_relationships_and_keep_their_order(
    names: str, attributes: list[str], relationships: list[str]
) -> None:
    shown = render(TIMERS, TIMER, _view(timers=names))
    assert (list(shown["attributes"]), list(shown["relationships"])) == (attributes, relationships)


def test_fields_leave_id_type_and_meta() -> None:
    shown = render(TIMERS, replace(TIMER, stop_reason=StopReason.AUTO), _view(timers=""))
    assert (shown["id"], shown["type"], shown["meta"]) == ("16", "timers", {"stop_reason": "auto"})


def test_fields_of_another_type_change_nothing() -> None:
    assert render(TIMERS, TIMER, _view(boats="sail")) == render(TIMERS, TIMER, _view())


# Whole documents

SERVICE = Service(1294, 2156, "Design")
INCLUDED = [
    Included(TIME_ENTRIES, ENTRY, frozenset({"time_entry"})),
    Included(SERVICES, SERVICE, frozenset({"time_entry.service"})),
]


def test_included_records_are_shown_with_their_own_linkage_and_fields() -> None:
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
def test_a_single_document_has_meta_even_when_there_is_nothing_to_say(
    meta: dict[str, Any] | None,
) -> None:
    assert single_document(TIMERS, TIMER, ZAGREB, meta=meta)["meta"] == {}


def test_a_single_document_carries_the_meta_it_is_given() -> None:
    document = single_document(TIMERS, TIMER, ZAGREB, meta={"already_stopped": True})
    assert document["meta"] == {"already_stopped": True}


def test_a_list_has_its_members_in_the_order_of_the_source() -> None:
    links, meta = {"first": "http://stint.test"}, {"total_count": 2}
    document = list_document(TIMERS, [TIMER, RUNNING], ZAGREB, [], links, meta)
    assert list(document) == ["data", "links", "meta"]
    assert document == {
        "data": [render(TIMERS, TIMER, ZAGREB), render(TIMERS, RUNNING, ZAGREB)],
        "links": links,
        "meta": meta,
    }


def test_a_list_shows_what_is_included_after_its_data() -> None:
    document = list_document(TIMERS, [TIMER], _view("time_entry"), INCLUDED, {}, {})
    assert list(document) == ["data", "included", "links", "meta"]
    assert [it["id"] for it in document["included"]] == ["364", "1294"]


def test_an_empty_list_is_an_empty_list() -> None:
    assert list_document(TIMERS, [], ZAGREB, [], {}, {}) == {"data": [], "links": {}, "meta": {}}


def test_a_resource_without_relationships_shows_none() -> None:
    organization = Organization(2156, "Studio", "Europe/Zagreb")
    assert render(ORGANIZATIONS, organization, ZAGREB) == {
        "id": "2156",
        "type": "organizations",
        "attributes": {"name": "Studio", "time_zone": "Europe/Zagreb", "auto_stop_after": 43_200},
        "relationships": {},
    }


def test_rendering_follows_the_declaration_alone() -> None:
    boats: Resource[dict[str, Any]] = Resource(
        type="boats",
        singular="boat",
        meaning="Something that floats.",
        id=lambda boat: boat["number"],
        attributes=(
            Attribute("launched", Kind.INSTANT, lambda it: it["launched"], "When."),
            Attribute("sails", Kind.INTEGER, lambda it: it["sails"], "How many."),
        ),
        relationships=(
            Relationship("harbour", "harbours", lambda it: it["harbour"], "Where.", always=True),
        ),
        meta=(
            Attribute("leaks", Kind.BOOLEAN, lambda it: it["leaks"], "Whether it leaks."),
            Attribute("sank", Kind.TEXT, lambda it: it.get("sank"), "Why it sank, if it did."),
        ),
    )
    boat = {"number": 7, "launched": 0, "sails": 0, "harbour": None, "leaks": True}
    assert render(boats, boat, View()) == {
        "id": "7",
        "type": "boats",
        "attributes": {"launched": "1970-01-01T00:00:00.000+00:00", "sails": 0},
        "relationships": {"harbour": {"data": None}},
        "meta": {"leaks": True},
    }


def test_a_document_is_encoded_as_json_in_its_own_order() -> None:
    document = {"b": [1, None, True], "a": {"note": "\u010daj \u2615", "stop_reason": "auto"}}
    assert json.loads(encode(document)) == document
    assert encode(document).startswith('{"b":')
