"""Documents out: records as resource objects, with what is included, links and meta."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, tzinfo
from typing import Any

import msgspec

from chalicelib.core.timestamps import format_instant
from chalicelib.dataclass import dataclass
from chalicelib.jsonapi.resource import AnyResource, Kind, Relationship

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class View:
    """How the caller wants resources shown, on whatever route.

    ``include`` holds every asked path and its prefixes; ``fields`` the wanted members by type.
    """

    include: frozenset[str] = frozenset()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Included:
    """A record in ``included``; ``paths`` are those by which it was reached."""

    resource: AnyResource
    record: Any
    paths: frozenset[str]


def encode(document: Mapping[str, Any]) -> str:
    """A document as JSON text."""
    return _encoder.encode(document).decode()


def single_document(
    resource: AnyResource,
    record: Any,
    view: View,
    included: Sequence[Included] = (),
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The document of one record."""
    document = {"data": render(resource, record, view)}
    return {**document, **_included(included, view), "meta": meta or {}}


def list_document(
    resource: AnyResource,
    records: Iterable[Any],
    view: View,
    included: Sequence[Included],
    links: Mapping[str, str],
    meta: Mapping[str, Any],
) -> dict[str, Any]:
    """The document of a list."""
    document: dict[str, Any] = {"data": [render(resource, it, view) for it in records]}
    return {**document, **_included(included, view), "links": links, "meta": meta}


def render(
    resource: AnyResource, record: Any, view: View, paths: Iterable[str] = ("",)
) -> dict[str, Any]:
    """A resource object. ``paths`` say where it stands: "" for primary data."""
    wanted = view.fields.get(resource.type)
    rendered: dict[str, Any] = {
        "id": str(resource.id(record)),
        "type": resource.type,
        "attributes": {
            attribute.name: _value(attribute.kind, attribute.value(record), view.zone)
            for attribute in resource.attributes
            if wanted is None or attribute.name in wanted
        },
        "relationships": {
            relationship.name: _linkage(
                relationship, record, is_included(relationship, paths, view)
            )
            for relationship in resource.relationships
            if wanted is None or relationship.name in wanted
        },
    }
    meta = {it.name: value for it in resource.meta if (value := it.value(record)) is not None}
    if meta:
        rendered["meta"] = meta
    return rendered


def is_included(relationship: Relationship[Any], paths: Iterable[str], view: View) -> bool:
    """Whether a record that stands at one of these paths has that relationship included."""
    return any(join_path(path, relationship.name) in view.include for path in paths)


def join_path(path: str, name: str) -> str:
    """A step further: from ``time_entry`` to ``time_entry.service``."""
    return f"{path}.{name}" if path else name


def _included(included: Sequence[Included], view: View) -> dict[str, Any]:
    if not included:
        return {}
    return {"included": [render(it.resource, it.record, view, it.paths) for it in included]}


def _linkage(relationship: Relationship[Any], record: Any, included: bool) -> dict[str, Any]:
    if not (included or relationship.always):
        return {"meta": {"included": False}}
    related_id = relationship.id(record)
    if related_id is None:
        return {"data": None}
    return {"data": {"type": relationship.to, "id": str(related_id)}}


_SHOW: dict[Kind, Callable[[Any, tzinfo], object]] = {Kind.INSTANT: format_instant}


def _value(kind: Kind, value: object, zone: tzinfo) -> object:
    show = _SHOW.get(kind)
    return value if value is None or show is None else show(value, zone)
