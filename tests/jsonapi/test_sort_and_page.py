"""``sort`` and ``page``: contract section 6."""

from collections.abc import Callable
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.core.errors import (
    CursorConflict,
    InvalidParameter,
    ParameterError,
    UnsupportedSort,
)
from chalicelib.jsonapi.parameters import (
    PageAfter,
    PageNumber,
    Parameters,
    read_list_query,
    read_view_options,
)
from chalicelib.timers.api import TIMERS


@pytest.mark.parametrize(
    ("parameters", "sort", "descending"),
    [
        ([], "started_at", False),
        ([("sort", "")], "started_at", False),
        ([("sort", " , ")], "started_at", False),
        ([("sort", "started_at")], "started_at", False),
        ([("sort", "-started_at")], "started_at", True),
        ([("sort", "stopped_at")], "stopped_at", False),
        ([("sort", " -stopped_at ")], "stopped_at", True),
        ([("sort", "stopped_at,")], "stopped_at", False),
    ],
)
def test_sort_is_read_and_defaults_to_started_at(
    parameters: Parameters, sort: str, descending: bool
) -> None:
    query = read_list_query(TIMERS, parameters, UTC)
    assert (query.sort, query.descending) == (sort, descending)


@pytest.mark.parametrize(
    "parameters",
    [
        [("sort", "id")],
        [("sort", "-")],
        [("sort", "--started_at")],
        [("sort", "+started_at")],
        [("sort", "Started_at")],
        [("sort", "time_entry.date")],
        [("sort", "started_at,stopped_at")],
        [("sort", "started_at"), ("sort", "stopped_at")],
    ],
)
def test_unsupported_sort_is_rejected(parameters: Parameters) -> None:
    with pytest.raises(UnsupportedSort) as raised:
        read_list_query(TIMERS, parameters, UTC)
    assert (raised.value.code, raised.value.source) == (
        "sort_param_unsupported",
        {"parameter": "sort"},
    )


@pytest.mark.parametrize(
    ("parameters", "page"),
    [
        ([], PageNumber(1, 30)),
        ([("page[number]", "2")], PageNumber(2, 30)),
        ([("page[size]", "50")], PageNumber(1, 50)),
        ([("page", "2"), ("per_page", "50")], PageNumber(2, 50)),
        ([("page[number]", "2"), ("page[size]", "50")], PageNumber(2, 50)),
        ([("page", "2"), ("page[size]", "50")], PageNumber(2, 50)),
        ([("page[size]", "1")], PageNumber(1, 1)),
        ([("page[size]", "200")], PageNumber(1, 200)),
        ([("page[size]", "201")], PageNumber(1, 200)),
        ([("per_page", "999999999")], PageNumber(1, 200)),
        ([("page[number]", "999999999")], PageNumber(999_999_999, 30)),
    ],
)
def test_page_size_defaults_to_30_and_is_limited_to_200(
    parameters: Parameters, page: PageNumber
) -> None:
    assert read_list_query(TIMERS, parameters, UTC).page == page


@pytest.mark.parametrize("name", ["page", "per_page", "page[number]", "page[size]"])
@pytest.mark.parametrize(
    "value", ["", "0", "-1", "+1", "1.5", "1e2", "01", " 1", "1,2", "x", "9" * 19, "\u0661", "null"]
)
def test_page_parameters_must_be_positive_integers(name: str, value: str) -> None:
    with pytest.raises(InvalidParameter) as raised:
        read_list_query(TIMERS, [(name, value)], UTC)
    assert (raised.value.code, raised.value.source) == ("invalid_parameter", {"parameter": name})


@pytest.mark.parametrize(
    "name",
    ["page[]", "page[offset]", "page[number][]", "page[number", "page[number]]", "page[Size]"],
)
def test_unknown_page_member_is_rejected(name: str) -> None:
    with pytest.raises(InvalidParameter) as raised:
        read_list_query(TIMERS, [(name, "1")], UTC)
    assert raised.value.source == {"parameter": name}


@pytest.mark.parametrize("name", ["pages", "pagenumber", "perPage", "per_page[x]", "xpage[size]"])
def test_other_parameters_are_ignored(name: str) -> None:
    assert read_list_query(TIMERS, [(name, "x")], UTC).page == PageNumber()


CURSOR_ONLY = replace(TIMERS, cursor_only=True, descending=True)


@pytest.mark.parametrize(
    ("parameters", "page"),
    [
        ([], PageAfter("", 30)),
        ([("page[number]", "1"), ("page[size]", "50")], PageAfter("", 50)),
        ([("page", "1"), ("per_page", "999")], PageAfter("", 200)),
        ([("page[after]", "")], PageAfter("", 30)),
        ([("page[after]", "x"), ("page[size]", "2")], PageAfter("x", 2)),
    ],
)
def test_page_of_a_cursor_only_list_is_a_cursor_page(
    parameters: Parameters, page: PageAfter
) -> None:
    query = read_list_query(CURSOR_ONLY, parameters, UTC)
    assert (query.page, query.sort, query.descending) == (page, "started_at", True)


@pytest.mark.parametrize("name", ["page[number]", "page"])
def test_cursor_only_list_has_no_second_page_by_number(name: str) -> None:
    with pytest.raises(CursorConflict, match=r"links\.next") as raised:
        read_list_query(CURSOR_ONLY, [(name, "2")], UTC)
    assert (raised.value.code, raised.value.source) == ("keyset_conflict", {"parameter": name})


def test_sort_of_a_cursor_only_list_can_be_ascending() -> None:
    assert not read_list_query(CURSOR_ONLY, [("sort", "started_at")], UTC).descending


_words = st.sampled_from(
    [
        *("filter", "page", "fields", "sort", "include", "per_page", "[", "]"),
        *("person_id", "started_at", "stopped_at", "eq", "number", "size", "timers", "time_entry"),
        *(".", ",", "-", "0", "1", "null", "2026-03-02", "T08:00:00", "Z", "+01:00"),
    ]
)
_texts = st.lists(_words, max_size=6).map("".join) | st.text(max_size=8)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_texts, _texts), max_size=4))
def test_any_query_is_read_or_rejected_by_parameter_name(
    parameters: list[tuple[str, str]],
) -> None:
    names = {name for name, _ in parameters}
    assert {
        _rejected_parameter(read_list_query, parameters),
        _rejected_parameter(read_view_options, parameters),
    } <= {
        None,
        *names,
    }


def _rejected_parameter(read: Callable[..., object], parameters: Parameters) -> str | None:
    """Return the parameter that the error names, or None if there is no error."""
    try:
        read(TIMERS, parameters, UTC)
    except ParameterError as error:
        return error.source["parameter"] if error.source else "no parameter named"
    return None
