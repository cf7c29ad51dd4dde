import re
from collections.abc import Iterator

import pytest

from chalicelib.domain import errors
from chalicelib.domain.errors import StintError

_NODE = re.compile(r"^    (?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+)")


def _drawn() -> Iterator[tuple[str, str]]:
    """Each class of the tree in the docstring, with the one it hangs from."""
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        node = _NODE.match(line)
        if node is not None:
            depth = len(node["branches"]) // 4
            above = [*above[:depth], node["name"]]
            if depth:
                yield above[-1], above[-2]


def _defined(parent: type[StintError] = StintError) -> Iterator[tuple[str, str]]:
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child.__name__, parent.__name__
            yield from _defined(child)


def _concrete(parent: type[StintError] = StintError) -> Iterator[type[StintError]]:
    for child in parent.__subclasses__():
        if child.__module__ == errors.__name__:
            if "code" in vars(child):
                yield child
            yield from _concrete(child)


CONCRETE = sorted(_concrete(), key=lambda error: error.__name__)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert sorted(_drawn()) == sorted(_defined())


def test_every_leaf_has_a_code() -> None:
    leaves = {name for name, _ in _defined()} - {parent for _, parent in _defined()}
    assert leaves <= {error.__name__ for error in CONCRETE}


@pytest.mark.parametrize("error", CONCRETE, ids=lambda error: error.__name__)
def test_every_error_says_something_to_people(error: type[StintError]) -> None:
    assert vars(error)["default_detail"].strip()


def test_a_detail_is_said_when_it_is_known() -> None:
    assert StintErrorWithDefault("so far").detail == "so far"
    assert str(StintErrorWithDefault("so far")) == "so far"


@pytest.mark.parametrize("detail", [None, ""])
def test_the_default_is_said_when_there_is_nothing_to_say(detail: str | None) -> None:
    assert StintErrorWithDefault(detail).detail == "oh"


class StintErrorWithDefault(StintError):
    default_detail = "oh"


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
            errors.OverlapsSession("started_at", "2026-03-02T09:00:00.000+01:00"),
            {"pointer": "data/attributes/started_at"},
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_points_at_the_part_of_the_request_that_is_meant(
    error: StintError, source: dict[str, str] | None
) -> None:
    assert error.source == source


def test_an_overlap_says_when_a_session_may_start() -> None:
    error = errors.OverlapsSession("started_at", "2026-03-02T09:00:00.000+01:00")
    assert error.meta == {"earliest_started_at": "2026-03-02T09:00:00.000+01:00"}


def test_a_wrong_method_is_told_the_right_ones() -> None:
    error = errors.MethodNotAllowed(("PATCH", "PUT"))
    assert (error.allowed, error.detail) == (("PATCH", "PUT"), "this path takes PATCH, PUT")


def test_a_wrong_type_is_told_the_right_one() -> None:
    assert errors.TypeConflict("timers").detail == "data.type must be timers"


def test_an_error_says_when_to_come_back() -> None:
    assert (errors.Conflict(retry_after=1).retry_after, errors.Conflict().retry_after) == (1, None)
