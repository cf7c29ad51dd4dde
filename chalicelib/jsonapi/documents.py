"""Response documents: resource objects, included resources, links and meta."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any

import msgspec
from msgspec import Struct, field

from chalicelib.core.timestamps import format_timestamp
from chalicelib.jsonapi.resource import AnyResource, Kind, Relationship

_encoder = msgspec.json.Encoder()


class ViewOptions(Struct, frozen=True):
    """How a response shows resources. The caller chooses ``include`` and ``fields``.

    :param include: the requested paths and their prefixes.
    :param fields: the requested attributes and relationships, by resource type.
    :param zone: the time zone of timestamps.
    :param has_included: whether the document has ``included``, even if it is empty.
    """

    include: frozenset[str] = frozenset()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    zone: tzinfo = UTC
    has_included: bool = False


class Included(Struct, frozen=True):
    """A record in ``included``, and the include paths that lead to it."""

    resource: AnyResource
    record: Any
    paths: frozenset[str]


def encode(document: Mapping[str, Any]) -> str:
    """Return a document as JSON text."""
    return _encoder.encode(document).decode()


def single_document(
    resource: AnyResource,
    record: Any,
    view: ViewOptions,
    included: Sequence[Included] = (),
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the document of one record."""
    document = {"data": render(resource, record, view)}
    return {**document, **_included(included, view), "meta": meta or {}}


def list_document(
    resource: AnyResource,
    records: Iterable[Any],
    view: ViewOptions,
    included: Sequence[Included],
    links: Mapping[str, str],
    meta: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the document of a list."""
    document: dict[str, Any] = {"data": [render(resource, record, view) for record in records]}
    return {**document, **_included(included, view), "links": links, "meta": meta}


def render(
    resource: AnyResource, record: Any, view: ViewOptions, paths: Iterable[str] = ("",)
) -> dict[str, Any]:
    """Return a record as a resource object.

    ``paths`` are the include paths that lead to the record; "" is the path of primary data.
    """
    paths = tuple(paths)
    requested = view.fields.get(resource.type)
    rendered: dict[str, Any] = {
        "id": str(resource.id(record)),
        "type": resource.type,
        "attributes": {
            attribute.name: _value(attribute.kind, attribute.value(record), view.zone)
            for attribute in resource.attributes
            if requested is None or attribute.name in requested
        },
        "relationships": {
            relationship.name: _linkage(
                relationship, record, is_included(relationship, paths, view)
            )
            for relationship in resource.relationships
            if requested is None or relationship.name in requested
        },
    }
    for name in _lacking(resource, paths, view):
        if requested is None or name in requested:
            rendered["relationships"][name] = {"data": None}
    meta = {
        meta_field.name: value
        for meta_field in resource.meta
        if (value := meta_field.value(record)) is not None
    }
    if meta:
        rendered["meta"] = meta
    return rendered


def _lacking(resource: AnyResource, paths: Iterable[str], view: ViewOptions) -> Iterable[str]:
    """Return the included relationships that Productive has and the resource lacks, sorted."""
    if not view.include:
        return ()
    declared = {relationship.name for relationship in resource.relationships}
    included = (path.rpartition(".") for path in view.include)
    return sorted({name for parent, _, name in included if parent in paths} - declared)


def is_included(relationship: Relationship[Any], paths: Iterable[str], view: ViewOptions) -> bool:
    """Return whether ``include`` names the relationship of a record at one of these paths."""
    return any(join_path(path, relationship.name) in view.include for path in paths)


def join_path(path: str, name: str) -> str:
    """Append a relationship to a path: ``time_entry`` and ``service``: ``time_entry.service``."""
    return f"{path}.{name}" if path else name


def _included(included: Sequence[Included], view: ViewOptions) -> dict[str, Any]:
    if not (included or view.has_included):
        return {}
    return {"included": [render(each.resource, each.record, view, each.paths) for each in included]}


def _linkage(relationship: Relationship[Any], record: Any, included: bool) -> dict[str, Any]:
    if not (included or relationship.always):
        return {"meta": {"included": False}}
    related_id = relationship.id(record)
    if related_id is None:
        return {"data": None}
    return {"data": {"type": relationship.to, "id": str(related_id)}}


def _format_object(values: Mapping[str, object], zone: tzinfo) -> dict[str, object]:
    return {
        name: format_timestamp(value, zone)
        if name.endswith("_at") and isinstance(value, int)
        else value
        for name, value in values.items()
    }


_FORMATTERS: dict[Kind, Callable[[Any, tzinfo], object]] = {
    Kind.TIMESTAMP: format_timestamp,
    Kind.OBJECT: _format_object,
}


def _value(kind: Kind, value: object, zone: tzinfo) -> object:
    formatter = _FORMATTERS.get(kind)
    return value if value is None or formatter is None else formatter(value, zone)
