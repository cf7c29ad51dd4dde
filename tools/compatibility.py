"""Write docs/compatibility.md from the declarations and the names that Productive publishes.

::

    python -m tools.compatibility
"""

import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from chalicelib.http.absent_collections import COLLECTIONS
from chalicelib.jsonapi.errors import ERROR_STATUS
from chalicelib.jsonapi.resource import AnyResource, FilterKind
from chalicelib.productive.declarations import CODES, FILTER_RULES, REFUSED_FILTERS
from chalicelib.productive.model import Matches, Published
from chalicelib.productive.names import filter_rule, published, published_type, relationships
from chalicelib.registry import RESOURCES
from chalicelib.reports.rules import Group
from infra.command_line import new_parser

PAGE = Path(__file__).parents[1] / "docs" / "compatibility.md"

_WIDTH = 118
_STATUSES = ("same", "constant", "null", "absent", "other")

_HEAD = """\
# Compatibility with Productive

`python -m tools.compatibility` writes this page, from the declarations of the code and from the
names that Productive publishes (`chalicelib/productive/names.json`). A test compares them.
[Divergences](divergences.md) gives the reasons.

| status | meaning |
| --- | --- |
| same | stint has it, and it means the same |
| constant | the value is the same everywhere: filters compare with it, sorts keep the order |
| null | stint lacks it: attributes and included relationships are null, filters match nothing |
| absent | Productive has it; the documents of stint lack it, or the collection is empty |
| other | only stint has it, Productive does not document it, or it works in another way |

Filters whose status is null match everything with `not_eq`, and with an empty value. Filters with
`*` match every record: everybody may use everything at any time. Filters and groups that are absent
are a 400.
"""

Names = dict[str, list[str]]
"""Names by status."""


def page() -> str:
    """Return the text of the page."""
    parts = [_HEAD, _collections()]
    for published_name, names in published().items():
        type_ = published_name.removeprefix("reports/")
        if type_ in RESOURCES:
            parts.append(_resource(RESOURCES[type_], names))
    parts.append(_codes())
    return "\n".join(parts)


def _collections() -> str:
    names: Names = {
        "same": [type_ for type_ in RESOURCES if published_type(type_) in published()],
        "absent": list(COLLECTIONS),
        "other": [type_ for type_ in RESOURCES if published_type(type_) not in published()],
    }
    names["absent"] = [type_ for type_ in names["absent"] if type_ not in RESOURCES]
    return f"## Collections\n\n{_list(names)}"


def _resource(resource: AnyResource, names: Published) -> str:
    sections = {
        "Groups": _groups(names),
        "Attributes": _attributes(resource, names),
        "Relationships": _relationships(resource),
        "Filters": _filters(resource, names),
        "Sorts": _sorts(resource, names),
    }
    parts = [f"## {resource.type}\n"]
    parts += [
        f"### {title}\n\n{_list(found)}" for title, found in sections.items() if any(found.values())
    ]
    # Titles of sections occur once for each collection.
    return "\n".join(part.replace("### ", f"### {resource.type}: ") for part in parts)


def _groups(names: Published) -> Names:
    if not names.group:
        return {}
    own = [group.value for group in Group]
    return {
        "same": [name for name in own if name in names.group],
        "absent": [name for name in names.group if name not in own],
        "other": [name for name in own if name not in names.group],
    }


def _attributes(resource: AnyResource, names: Published) -> Names:
    found: Names = {}
    known = (*names.attributes, *names.row_attributes)
    for attribute in resource.attributes:
        if "Always null" in attribute.description:
            status = "null"
        elif "Always" in attribute.description:
            status = "constant"
        else:
            status = "same" if attribute.name in known else "other"
        found.setdefault(status, []).append(attribute.name)
    declared = {attribute.name for attribute in resource.attributes}
    found["absent"] = [name for name in known if name not in declared]
    return found


def _relationships(resource: AnyResource) -> Names:
    found: Names = {}
    known = relationships(resource.type)
    for relationship in resource.relationships:
        if relationship.to not in RESOURCES:
            status = "null"
        else:
            status = "same" if relationship.name in known else "other"
        found.setdefault(status, []).append(relationship.name)
    declared = {relationship.name for relationship in resource.relationships}
    found.setdefault("null", []).extend(sorted(known.keys() - declared))
    return found


def _filters(resource: AnyResource, names: Published) -> Names:
    found: Names = {}
    known = (*names.filters, *names.extra_client_filters)
    for declared in resource.filters:
        is_same = declared.name in known and declared.kind is not FilterKind.IGNORED
        found.setdefault("same" if is_same else "other", []).append(declared.name)
    own = {declared.name for declared in resource.filters}
    for name in dict.fromkeys((*known, *FILTER_RULES.get(resource.type, ()))):
        if name not in own:
            status, shown = _rule(resource.type, name)
            found.setdefault(status, []).append(shown)
    return found


def _rule(type_: str, name: str) -> tuple[str, str]:
    if name in REFUSED_FILTERS.get(type_, ()):
        return "absent", name
    match filter_rule(type_, name):
        case Matches.ALL:
            return "constant", f"{name}*"
        case Matches.NULL | None:
            return "null", name
        case constant:
            value = str(constant).lower()
            return "constant", f"{name}={value}"


def _sorts(resource: AnyResource, names: Published) -> Names:
    return {
        "same": [name for name in resource.sorts if name in names.sorts],
        "constant": [name for name in names.sorts if name not in resource.sorts],
        "other": [name for name in resource.sorts if name not in names.sorts],
    }


def _codes() -> str:
    found: Names = {}
    for code in ERROR_STATUS:
        found.setdefault(CODES.get(code, "other"), []).append(code)
    return f"## Error codes\n\n{_list(found)}"


def _list(names: Mapping[str, Iterable[str]]) -> str:
    lines = []
    for status in _STATUSES:
        shown = ", ".join(f"`{name}`" for name in sorted(names.get(status, ())))
        if shown:
            text = f"- **{status}**: {shown}"
            lines.append(
                textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
            )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page."""
    new_parser("tools.compatibility", "Write docs/compatibility.md.").parse_args()
    PAGE.write_text(page())
    print(f"wrote {PAGE}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
