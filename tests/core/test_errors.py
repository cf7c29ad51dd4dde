import re
from collections.abc import Iterator

import pytest

from chalicelib.core import errors
from chalicelib.core.errors import StintError

_NODE = re.compile(r"^    (?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+)")


def _documented_classes() -> Iterator[tuple[str, str]]:
    """Yield each class of the tree in the docstring, with its parent."""
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        node = _NODE.match(line)
        if node is not None:
            depth = len(node["branches"]) // 4
            path = [*path[:depth], node["name"]]
            if depth:
                yield path[-1], path[-2]


def _defined_classes(parent: type[StintError] = StintError) -> Iterator[tuple[str, str]]:
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child.__name__, parent.__name__
            yield from _defined_classes(child)


def _concrete_classes(parent: type[StintError] = StintError) -> Iterator[type[StintError]]:
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            if "code" in vars(child):
                yield child
            yield from _concrete_classes(child)


CONCRETE = sorted(_concrete_classes(), key=lambda error: error.__name__)


def test_tree_in_the_docstring_matches_the_class_hierarchy() -> None:
    assert sorted(_documented_classes()) == sorted(_defined_classes())


def test_every_leaf_class_has_a_code() -> None:
    leaves = {name for name, _ in _defined_classes()} - {parent for _, parent in _defined_classes()}
    assert leaves <= {error.__name__ for error in CONCRETE}


@pytest.mark.parametrize("error", CONCRETE, ids=lambda error: error.__name__)
def test_every_error_has_a_default_detail(error: type[StintError]) -> None:
    # The detail of an overlap depends on the session in the way.
    assert error is errors.OverlapsSession or vars(error)["default_detail"].strip()


def test_detail_replaces_the_default_detail() -> None:
    assert StintErrorWithDefault("a detail").detail == "a detail"
    assert str(StintErrorWithDefault("a detail")) == "a detail"


@pytest.mark.parametrize("detail", [None, ""])
def test_default_detail_is_used_when_no_detail_is_passed(detail: str | None) -> None:
    assert StintErrorWithDefault(detail).detail == "default detail"


class StintErrorWithDefault(StintError):
    default_detail = "default detail"


@pytest.mark.parametrize(
    ("error", "source"),
    [
        (errors.MalformedDocument(), None),
        (errors.MalformedDocument(pointer=""), {"pointer": ""}),
        (errors.MalformedDocument(pointer="data/type"), {"pointer": "data/type"}),
        (errors.InvalidParameter("page[x]"), {"parameter": "page[x]"}),
        (errors.UnsupportedFilter("filter[x]"), {"parameter": "filter[x]"}),
        (errors.InvalidHeader("Idempotency-Key"), {"header": "Idempotency-Key"}),
        (errors.IdempotencyKeyReused(), {"header": "Idempotency-Key"}),
        (errors.PreconditionFailed(), {"header": "If-Match"}),
        (errors.InvalidAuthToken(), {"header": "X-Auth-Token"}),
        (errors.NoOrganizationId(), {"header": "X-Organization-Id"}),
        (errors.AccessDenied(), None),
        (errors.RecordNotFound(), None),
        (errors.NotAcceptable(), {"header": "Accept"}),
        (errors.UnsupportedMediaType(), {"header": "Content-Type"}),
        (errors.TypeConflict("timers"), {"pointer": "data/type"}),
        (errors.IdConflict(), {"pointer": "data/id"}),
        (errors.InvalidAttribute("service"), {"pointer": "data/attributes/service"}),
        (
            errors.OverlapsSession("started_at", 11, "2026-03-02T09:00:00.000+01:00"),
            {"pointer": "data/attributes/started_at"},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_error_source_points_to_the_invalid_part_of_the_request(
    error: StintError, source: dict[str, str] | None
) -> None:
    assert error.source == source


def test_overlap_error_contains_the_earliest_start() -> None:
    error = errors.OverlapsSession("started_at", 11, "2026-03-02T09:00:00.000+01:00")
    assert error.meta == {
        "conflicting_timer_id": "11",
        "earliest_started_at": "2026-03-02T09:00:00.000+01:00",
    }
    assert "2026-03-02T09:00:00.000+01:00 or later, or add `stopped_at`" in error.detail


def test_overlap_error_of_a_session_that_is_over_names_the_other_one() -> None:
    error = errors.OverlapsSession("stopped_at", 11)
    assert error.meta == {"conflicting_timer_id": "11"}
    assert error.detail.startswith("Timer 11 of this person overlaps this time.")


def test_method_not_allowed_lists_the_allowed_methods() -> None:
    error = errors.MethodNotAllowed(("PATCH", "PUT"))
    assert (error.allowed, error.detail) == (
        ("PATCH", "PUT"),
        "This path supports only PATCH, PUT.",
    )


def test_type_conflict_names_the_expected_type() -> None:
    assert errors.TypeConflict("timers").detail == "Set `data.type` to `timers`."


def test_conflict_can_contain_retry_after() -> None:
    assert (errors.Conflict(retry_after=1).retry_after, errors.Conflict().retry_after) == (1, None)
