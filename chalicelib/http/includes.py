"""Load the records that ``include`` names: one call for each level of the longest path."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from chalicelib.core.permissions import Caller, can_view
from chalicelib.dynamodb.database import Database
from chalicelib.jsonapi.documents import Included, ViewOptions, is_included, join_path
from chalicelib.jsonapi.resource import AnyResource

_Identifier = tuple[str, int]
"""The type and the id of a record."""


class IncludedResources(Struct, frozen=True):
    """The database that included records are loaded from, and all resources by type."""

    database: Database
    resources: Mapping[str, AnyResource]


def load_included(
    included: IncludedResources,
    caller: Caller,
    resource: AnyResource,
    records: Iterable[Any],
    options: ViewOptions,
) -> list[Included]:
    """Load the records to include, redacted for the caller. Each record occurs once.

    Records that no longer exist, or that the caller may not see, are left out, although their
    relationships still contain their ids.

    :param included: the database and the resources.
    :param resource: the resource of the primary records.
    :param records: the primary records.
    """
    resources = included.resources
    paths: dict[_Identifier, set[str]] = {}
    loaded: dict[_Identifier, Any] = {}
    level = [(resource, record, "") for record in records]
    while level:
        related = [pair for parent in level for pair in _related_records(*parent, options)]
        missing = dict.fromkeys(identifier for identifier, _ in related if identifier not in loaded)
        loaded |= _load(included, caller, missing)
        level = []
        for identifier, path in related:
            record_paths = paths.setdefault(identifier, set())
            if path not in record_paths and identifier in loaded:
                record_paths.add(path)
                level.append((resources[identifier[0]], loaded[identifier], path))
    return [
        Included(resources[identifier[0]], loaded[identifier], frozenset(record_paths))
        for identifier, record_paths in paths.items()
        if identifier in loaded
    ]


def _related_records(
    resource: AnyResource, record: Any, path: str, options: ViewOptions
) -> Iterable[tuple[_Identifier, str]]:
    for relationship in resource.relationships:
        if is_included(relationship, (path,), options):
            related_id = relationship.id(record)
            if related_id is not None:
                yield (relationship.to, related_id), join_path(path, relationship.name)


def _load(
    included: IncludedResources, caller: Caller, identifiers: Iterable[_Identifier]
) -> dict[_Identifier, Any]:
    # People and users are the same records.
    keys = {(type_, id_): (included.resources[type_].entity, id_) for type_, id_ in identifiers}
    if not keys:
        return {}
    records = included.database.get_many(caller.organization.id, set(keys.values())).records
    return {
        identifier: resource.redact_for(caller, records[key])
        for identifier, key in keys.items()
        for resource in (included.resources[identifier[0]],)
        if key in records and can_view(caller, resource.view, records[key])
    }
