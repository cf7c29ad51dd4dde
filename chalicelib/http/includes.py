"""Loads what ``include`` asks for: one call for each step of the longest path."""

from collections.abc import Iterable
from typing import Any

from chalicelib.domain.directory import Caller
from chalicelib.dynamodb.database import Store
from chalicelib.jsonapi.documents import Included, View, is_included, join_path
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.registry import RECORDS, RESOURCES

_Place = tuple[str, int]


def load_included(
    store: Store, caller: Caller, resource: AnyResource, records: Iterable[Any], view: View
) -> list[Included]:
    """The records to be included, each once, in the order in which they are first reached.

    They are shown as the caller may see them. What nobody finds any more is left out; the
    relationship still names it.
    """
    paths: dict[_Place, set[str]] = {}
    loaded: dict[_Place, Any] = {}
    frontier = [(resource, record, "") for record in records]
    while frontier:
        reached = [step for standing in frontier for step in _steps(*standing, view)]
        missing = dict.fromkeys(place for place, _ in reached if place not in loaded)
        loaded |= _load(store, caller, missing)
        frontier = []
        for place, path in reached:
            known = paths.setdefault(place, set())
            if path not in known and place in loaded:
                known.add(path)
                frontier.append((RESOURCES[place[0]], loaded[place], path))
    return [
        Included(RESOURCES[place[0]], loaded[place], frozenset(reached_by))
        for place, reached_by in paths.items()
        if place in loaded
    ]


def _steps(
    resource: AnyResource, record: Any, path: str, view: View
) -> Iterable[tuple[_Place, str]]:
    for relationship in resource.relationships:
        if is_included(relationship, (path,), view):
            related_id = relationship.id(record)
            if related_id is not None:
                yield (relationship.to, related_id), join_path(path, relationship.name)


def _load(store: Store, caller: Caller, places: Iterable[_Place]) -> dict[_Place, Any]:
    wanted = {(RECORDS[type_], id_): (type_, id_) for type_, id_ in places}
    if not wanted:
        return {}
    found = store.records(caller.organization.id, wanted)
    return {
        place: RESOURCES[place[0]].seen(caller, found[name])
        for name, place in wanted.items()
        if name in found
    }
