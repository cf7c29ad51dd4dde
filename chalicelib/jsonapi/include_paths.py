"""Check the paths of ``include``. Contract section 2.

A path consists of relationships that resources declare, and of those that Productive publishes and
stint lacks. The latter are null and add nothing.

Import this module only for a path that no resource declares: most processes never need it.
"""

from collections.abc import Mapping

from chalicelib.core.errors import UnsupportedInclude
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.productive.names import relationships

MAX_DEPTH = 5
"""The maximum number of relationships in a path."""


def check_include_path(
    resource: AnyResource, path: str, resources: Mapping[str, AnyResource]
) -> None:
    """Raise ``UnsupportedInclude`` if a path cannot be included with a resource.

    ``resources`` are all resources by type.
    """
    names = path.split(".")
    if len(names) > MAX_DEPTH:
        detail = f"{path!r} is too long. Include at most {MAX_DEPTH} relationships in a row."
        raise UnsupportedInclude("include", detail)
    type_ = resource.type
    for name in names:
        related = related_types(type_, resources)
        if name not in related:
            detail = f"{name!r} of {path!r} cannot be included with `{type_}`."
            alternative = f"Use {', '.join(sorted(related))}." if related else "Remove this path."
            raise UnsupportedInclude("include", f"{detail} {alternative}")
        type_ = related[name]


def related_types(type_: str, resources: Mapping[str, AnyResource]) -> Mapping[str, str]:
    """Return the types that ``include`` can add to a type, by relationship."""
    resource = resources.get(type_)
    if resource is None:
        return relationships(type_)
    declared = {each.name: each.to for each in resource.relationships}
    lacking = {name: to for name, to in relationships(type_).items() if name not in declared}
    return {name: to for name, to in declared.items() if name in resource.includes} | lacking
