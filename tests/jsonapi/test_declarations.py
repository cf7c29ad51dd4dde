"""Every resource's declaration agrees with itself, with the others and with the records."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from chalicelib.domain.deliveries import Attempt, Fate
from chalicelib.domain.directory import (
    ApiToken,
    Membership,
    Organization,
    Person,
    Role,
    Service,
)
from chalicelib.domain.events import EventType
from chalicelib.domain.time_entries import Act, Revision
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.domain.webhooks import Webhook
from chalicelib.jsonapi.documents import View, render
from chalicelib.jsonapi.inputs import InAttribute, InParameter, Input, InRelationship
from chalicelib.jsonapi.resource import AnyResource, FilterKind, Kind, Relationship
from chalicelib.resources import timers
from chalicelib.resources.registry import RECORDS, RESOURCES

SAMPLES: dict[type[Any], Any] = {
    Timer: Timer(16, 2149, 8784, 364, 60, 3660, 120),
    TimeEntry: TimeEntry(364, 2149, 8784, 1294, "1970-01-01", 60, 60, 8784),
    Revision: Revision(9, 2149, 364, 8784, Act.UPDATED, 60, {"time": 0}, {"time": 30}),
    Organization: Organization(2149, "Studio", "Europe/Zagreb"),
    Person: Person(8784, 2149, "Ana", "Anic", "ana@example.com", Role.MEMBER, 60),
    Service: Service(1294, 2149, "Design"),
    Membership: Membership(8784, 2149, Role.MEMBER),
    ApiToken: ApiToken(5, 2149, 8784, "phone", "d" * 64, 60),
    Webhook: Webhook(
        77, 2149, "payroll", "https://a.example.com/", (EventType.TIMER_STARTED,), 60, 60
    ),
    Attempt: Attempt(
        5, 2149, 77, "evt_1", "timer.started", 1, 60, Fate.DELIVERED, 204, None, None, 120
    ),
}

# What JSON shows of a kind.
SHOWN_AS: dict[Kind, type[Any]] = {
    Kind.INTEGER: int,
    Kind.TEXT: str,
    Kind.BOOLEAN: bool,
    Kind.DATE: str,
    Kind.INSTANT: str,
    Kind.WORDS: list,
    Kind.OBJECT: dict,
}

each_resource = pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES.keys())


def _duplicates(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


@each_resource
def test_no_two_members_share_a_name(resource: AnyResource) -> None:
    # JSON:API: attributes and relationships are one namespace, together with id and type.
    attributes = [it.name for it in resource.attributes]
    relationships = [it.name for it in resource.relationships]
    assert not _duplicates(["id", "type", *attributes, *relationships])
    assert not _duplicates(it.name for it in resource.filters)
    assert not _duplicates(resource.sorts)
    assert not _duplicates(resource.includes)


@each_resource
def test_every_part_says_what_it_means(resource: AnyResource) -> None:
    meanings = [resource.meaning]
    meanings += [it.meaning for it in resource.attributes]
    meanings += [it.meaning for it in resource.relationships]
    meanings += [it.meaning for it in resource.filters]
    assert all(meaning.strip() for meaning in meanings)


@each_resource
def test_a_resource_is_found_by_its_type_with_its_record(resource: AnyResource) -> None:
    assert RESOURCES[resource.type] is resource
    assert resource.id(SAMPLES[RECORDS[resource.type]]) == SAMPLES[RECORDS[resource.type]].id


def test_every_resource_has_a_record() -> None:
    assert RESOURCES.keys() == RECORDS.keys()


def _walk(resource: AnyResource, path: str) -> list[Relationship[Any]]:
    """The relationships that an include path follows."""
    walked = []
    for step in path.split("."):
        relationship = next(it for it in resource.relationships if it.name == step)
        walked.append(relationship)
        if relationship.to in RESOURCES:
            resource = RESOURCES[relationship.to]
    return walked


INCLUDES = [(resource, path) for resource in RESOURCES.values() for path in resource.includes]
each_include = pytest.mark.parametrize(
    ("resource", "path"), INCLUDES, ids=[f"{it.type}: {path}" for it, path in INCLUDES]
)


@each_include
def test_an_include_path_walks_declared_relationships(resource: AnyResource, path: str) -> None:
    assert [it.name for it in _walk(resource, path)] == path.split(".")


@each_include
def test_the_prefixes_of_an_include_path_may_be_included_too(
    resource: AnyResource, path: str
) -> None:
    prefix, _, _ = path.rpartition(".")
    assert prefix == "" or prefix in resource.includes


@each_include
def test_what_can_be_included_is_registered_or_is_never_there(
    resource: AnyResource, path: str
) -> None:
    *before, last = _walk(resource, path)
    standing = RECORDS[before[-1].to if before else resource.type]
    assert last.to in RESOURCES or last.id(SAMPLES[standing]) is None


@each_resource
def test_only_what_may_be_null_is(resource: AnyResource) -> None:
    shown = render(resource, SAMPLES[RECORDS[resource.type]], View())["attributes"]
    nulls = {name for name, value in shown.items() if value is None}
    assert nulls <= {it.name for it in resource.attributes if it.nullable}


@each_resource
def test_what_is_shown_is_of_the_declared_kind(resource: AnyResource) -> None:
    shown = render(resource, SAMPLES[RECORDS[resource.type]], View())["attributes"]
    for attribute in resource.attributes:
        value = shown[attribute.name]
        assert value is None or type(value) is SHOWN_AS[attribute.kind], attribute.name


@each_resource
def test_a_related_record_is_named_by_its_id(resource: AnyResource) -> None:
    sample = SAMPLES[RECORDS[resource.type]]
    for relationship in resource.relationships:
        expected = None
        if relationship.to in RESOURCES:
            expected = SAMPLES[RECORDS[relationship.to]].id
        assert relationship.id(sample) == expected, relationship.name


@each_resource
def test_the_owner_is_the_person(resource: AnyResource) -> None:
    owner = resource.owner(SAMPLES[RECORDS[resource.type]])
    nobodys = (
        "organizations",
        "services",
        "time_entry_revisions",
        "webhooks",
        "webhook_deliveries",
    )
    assert owner == (None if resource.type in nobodys else 8784)


@each_resource
def test_what_is_listed_in_memory_says_by_what_it_is_filtered_and_sorted(
    resource: AnyResource,
) -> None:
    if not resource.orders:
        assert resource.type in ("timers", "time_entries")
        return
    sample = SAMPLES[RECORDS[resource.type]]
    assert tuple(resource.orders) == resource.sorts
    for order in resource.orders.values():
        assert isinstance(order(sample), str | int)
    silent = (FilterKind.LACKING, FilterKind.IGNORED)
    for declared in resource.filters:
        assert (declared.value is None) is (declared.kind in silent), declared.name
        assert bool(declared.choices) is (declared.kind is FilterKind.NUMBER), declared.name


def test_timers_are_filtered_sorted_and_included_as_the_contract_says() -> None:
    declared = timers.TIMERS
    assert [it.name for it in declared.filters] == [
        "person_id",
        "time_entry_id",
        "started_at",
        "stopped_at",
    ]
    assert declared.sorts == ("started_at", "stopped_at")
    assert set(declared.includes) == {
        "organization",
        "time_entry",
        "time_entry.service",
        "time_entry.person",
        "time_entry.task",
        "time_entry.project",
    }


@pytest.mark.parametrize(
    ("read", "sources"),
    [
        (
            timers.TIME_ENTRY,
            (
                InRelationship("time_entry", "time_entries"),
                InAttribute("time_entry_id"),
                InParameter("time_entry_id"),
            ),
        ),
        (
            timers.SERVICE,
            (
                InAttribute("service_id"),
                InRelationship("service", "services"),
                InParameter("service_id"),
            ),
        ),
        (timers.PERSON, (InAttribute("person_id"), InRelationship("person", "people"))),
        (timers.STARTED_AT, (InAttribute("started_at"),)),
        (timers.STOPPED_AT, (InAttribute("stopped_at"),)),
    ],
    ids=lambda value: value.name if isinstance(value, Input) else "",
)
def test_inputs_are_looked_for_in_the_order_of_the_contract(
    read: Input, sources: tuple[object, ...]
) -> None:
    assert read.sources == sources


@pytest.mark.parametrize(
    "read",
    [timers.TIME_ENTRY, timers.SERVICE, timers.PERSON],
    ids=lambda read: read.name,
)
def test_an_input_links_to_a_registered_type(read: Input) -> None:
    linked = [it.to for it in read.sources if isinstance(it, InRelationship)]
    assert linked
    assert set(linked) <= RESOURCES.keys()
