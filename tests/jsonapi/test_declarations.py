"""Every resource declaration is consistent with itself, the other resources and the records."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from chalicelib.jsonapi.documents import ViewOptions, render
from chalicelib.jsonapi.inputs import InAttribute, InParameter, Input, InRelationship
from chalicelib.jsonapi.resource import AnyResource, FilterKind, Kind, Relationship
from chalicelib.registry import REGISTRY, RESOURCES
from chalicelib.timers.api import TIMERS
from chalicelib.timers.inputs import PERSON, SERVICE, STARTED_AT, STOPPED_AT, TIME_ENTRY
from tests.support.samples import records

EXAMPLES: dict[type[Any], Any] = {
    resource.entity: next(record for record in records() if type(record) is resource.entity)
    for resource in RESOURCES.values()
}
"""The first example record of each resource."""

# The Python type of the JSON value of each kind.
JSON_TYPES: dict[Kind, type[Any]] = {
    Kind.INTEGER: int,
    Kind.NUMERIC_ID: int,
    Kind.TEXT: str,
    Kind.BOOLEAN: bool,
    Kind.DATE: str,
    Kind.TIMESTAMP: str,
    Kind.ENUM_LIST: list,
    Kind.OBJECT: dict,
}

each_resource = pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES.keys())


def _duplicates(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


@each_resource
def test_member_names_are_unique_within_a_resource(resource: AnyResource) -> None:
    # JSON:API: attributes, relationships, id and type share one namespace.
    attributes = [attribute.name for attribute in resource.attributes]
    relationships = [relationship.name for relationship in resource.relationships]
    assert not _duplicates(["id", "type", *attributes, *relationships])
    assert not _duplicates(declared.name for declared in resource.filters)
    assert not _duplicates(resource.sorts)
    assert not _duplicates(resource.includes)


@each_resource
def test_every_declaration_has_a_description(resource: AnyResource) -> None:
    descriptions = [resource.description]
    descriptions += [attribute.description for attribute in resource.attributes]
    descriptions += [relationship.description for relationship in resource.relationships]
    descriptions += [declared.description for declared in resource.filters]
    assert all(description.strip() for description in descriptions)


@each_resource
def test_registry_maps_type_to_resource_and_record(resource: AnyResource) -> None:
    assert RESOURCES[resource.type] is resource
    assert resource.id(EXAMPLES[resource.entity]) == EXAMPLES[resource.entity].id


def test_types_are_unique() -> None:
    assert len(RESOURCES) == len(REGISTRY)


def _relationships_along(resource: AnyResource, path: str) -> list[Relationship[Any]]:
    """Return the relationships along an include path."""
    relationships = []
    for name in path.split("."):
        relationship = next(
            candidate for candidate in resource.relationships if candidate.name == name
        )
        relationships.append(relationship)
        if relationship.to in RESOURCES:
            resource = RESOURCES[relationship.to]
    return relationships


INCLUDES = [(resource, path) for resource in RESOURCES.values() for path in resource.includes]
each_include = pytest.mark.parametrize(
    ("resource", "path"), INCLUDES, ids=[f"{resource.type}: {path}" for resource, path in INCLUDES]
)


@each_include
def test_include_path_consists_of_declared_relationships(resource: AnyResource, path: str) -> None:
    assert [
        relationship.name for relationship in _relationships_along(resource, path)
    ] == path.split(".")


@each_include
def test_prefix_of_include_path_is_includable(resource: AnyResource, path: str) -> None:
    prefix, _, _ = path.rpartition(".")
    assert prefix == "" or prefix in resource.includes


@each_include
def test_includable_relationship_is_registered_or_always_empty(
    resource: AnyResource, path: str
) -> None:
    *parents, last = _relationships_along(resource, path)
    source = RESOURCES[parents[-1].to] if parents else resource
    assert last.to in RESOURCES or last.id(EXAMPLES[source.entity]) is None


@each_resource
def test_only_nullable_attributes_are_null(resource: AnyResource) -> None:
    attributes = render(resource, EXAMPLES[resource.entity], ViewOptions())["attributes"]
    nulls = {name for name, value in attributes.items() if value is None}
    assert nulls <= {attribute.name for attribute in resource.attributes if attribute.nullable}


@each_resource
def test_rendered_attributes_have_the_declared_kind(resource: AnyResource) -> None:
    attributes = render(resource, EXAMPLES[resource.entity], ViewOptions())["attributes"]
    for attribute in resource.attributes:
        value = attributes[attribute.name]
        assert value is None or type(value) is JSON_TYPES[attribute.kind], attribute.name


@each_resource
def test_relationship_links_to_the_id_of_the_related_record(resource: AnyResource) -> None:
    sample = EXAMPLES[resource.entity]
    for relationship in resource.relationships:
        expected = None
        if relationship.to in RESOURCES:
            expected = EXAMPLES[RESOURCES[relationship.to].entity].id
        assert relationship.id(sample) == expected, relationship.name


@each_resource
def test_owner_is_the_person_of_the_record(resource: AnyResource) -> None:
    owner = resource.view.owner_id(EXAMPLES[resource.entity])
    types_without_owner = (
        "organizations",
        "services",
        "webhooks",
        "webhook_deliveries",
    )
    assert owner == (None if resource.type in types_without_owner else 8784)


@each_resource
def test_resource_listed_in_memory_declares_filter_values_and_sort_keys(
    resource: AnyResource,
) -> None:
    if not resource.orders:
        # Pairings and tickets have no list.
        without_orders = (
            "timers",
            "time_entries",
            "time_entry_reports",
            "time_reports",
            "pairings",
            "live_tickets",
        )
        assert resource.type in without_orders or resource.cursor_only
        return
    sample = EXAMPLES[resource.entity]
    assert tuple(resource.orders) == resource.sorts
    for order in resource.orders.values():
        assert isinstance(order(sample), str | int | None)
    kinds_without_value = (FilterKind.ALWAYS_EMPTY, FilterKind.IGNORED)
    for declared in resource.filters:
        assert (declared.value is None) is (declared.kind in kinds_without_value), declared.name
        assert bool(declared.choices) is (declared.kind is FilterKind.NUMBER), declared.name


def test_timers_declare_filters_sorts_and_includes_of_the_contract() -> None:
    assert [declared.name for declared in TIMERS.filters] == [
        "person_id",
        "time_entry_id",
        "started_at",
        "stopped_at",
    ]
    assert TIMERS.sorts == ("started_at", "stopped_at")
    assert set(TIMERS.includes) == {
        "organization",
        "time_entry",
        "time_entry.service",
        "time_entry.person",
        "time_entry.task",
        "time_entry.project",
    }


@pytest.mark.parametrize(
    ("declared_input", "sources"),
    [
        (
            TIME_ENTRY,
            (
                InRelationship("time_entry", "time_entries"),
                InAttribute("time_entry_id"),
                InParameter("time_entry_id"),
            ),
        ),
        (
            SERVICE,
            (
                InAttribute("service_id"),
                InRelationship("service", "services"),
                InParameter("service_id"),
            ),
        ),
        (PERSON, (InAttribute("person_id"), InRelationship("person", "people"))),
        (STARTED_AT, (InAttribute("started_at"),)),
        (STOPPED_AT, (InAttribute("stopped_at"),)),
    ],
    ids=lambda value: value.name if isinstance(value, Input) else "",
)
def test_input_sources_follow_the_order_of_the_contract(
    declared_input: Input, sources: tuple[object, ...]
) -> None:
    assert declared_input.sources == sources


@pytest.mark.parametrize(
    "declared_input",
    [TIME_ENTRY, SERVICE, PERSON],
    ids=lambda declared_input: declared_input.name,
)
def test_input_relationship_links_to_a_registered_type(declared_input: Input) -> None:
    linked = [source.to for source in declared_input.sources if isinstance(source, InRelationship)]
    assert linked
    assert set(linked) <= RESOURCES.keys()
