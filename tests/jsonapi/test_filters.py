"""``filter``: contract section 6."""

import pytest

from chalicelib.core.errors import (
    InvalidParameter,
    ParameterError,
    UnsupportedFilter,
    UnsupportedFilterOperation,
    UnsupportedFilterValue,
)
from chalicelib.core.lists import TimeFilter
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.core.timestamps import MAX_TIMESTAMP, Span, parse_timestamp
from chalicelib.jsonapi.parameters import ListQuery, Parameters, read_list_query
from chalicelib.timers.api import TIMERS

ZAGREB = ZoneInfo("Europe/Zagreb")


def _read(*parameters: tuple[str, str]) -> ListQuery:
    return read_list_query(TIMERS, parameters, ZAGREB)


def test_no_filters_give_no_conditions() -> None:
    conditions = _read().conditions
    assert conditions.by_name == {}
    assert (conditions.ids("person_id"), conditions.time("started_at")) == (None, None)


@pytest.mark.parametrize(
    "parameters",
    [
        [("filter[person_id]", "1,2")],
        [("filter[person_id]", "1, 2 ")],
        [("filter[person_id]", "2,1,2")],
        [("filter[person_id]", "1"), ("filter[person_id]", "2")],
        [("filter[person_id][]", "1"), ("filter[person_id][]", "2")],
        [("filter[person_id][0]", "1"), ("filter[person_id][1]", "2")],
        [("filter[person_id][10]", "1,2")],
        [("filter[person_id][eq]", "1,2")],
        [("filter[person_id][eq]", "1"), ("filter[person_id][eq]", "2")],
        [("filter[person_id][eq][]", "1"), ("filter[person_id][eq][]", "2")],
        [("filter[person_id][eq][0]", "1"), ("filter[person_id][eq][1]", "2")],
        [("filter[person_id]", "1"), ("filter[person_id][]", "2")],
    ],
)
def test_multiple_ids_are_accepted_in_every_syntax(parameters: Parameters) -> None:
    assert _read(*parameters).conditions.ids("person_id") == frozenset({1, 2})


def test_filters_are_independent_of_each_other() -> None:
    query = _read(("filter[person_id]", "1"), ("filter[time_entry_id]", "2"))
    assert query.conditions.ids("person_id") == frozenset({1})
    assert query.conditions.ids("time_entry_id") == frozenset({2})


def test_id_filter_has_no_time_and_time_filter_has_no_ids() -> None:
    query = _read(("filter[person_id]", "1"), ("filter[started_at]", "2026-03-02"))
    assert (query.conditions.time("person_id"), query.conditions.ids("started_at")) == (None, None)


TWENTY = ",".join(str(number) for number in range(1, 21))


def test_twenty_ids_are_accepted() -> None:
    ids = _read(("filter[person_id]", TWENTY)).conditions.ids("person_id")
    assert ids is not None
    assert len(ids) == 20


@pytest.mark.parametrize(
    "parameters",
    [
        [("filter[person_id]", f"{TWENTY},21")],
        [("filter[person_id]", TWENTY), ("filter[person_id]", "21")],
        [("filter[person_id]", str(number)) for number in range(1, 22)],
    ],
)
def test_more_than_twenty_ids_are_rejected(parameters: Parameters) -> None:
    with pytest.raises(UnsupportedFilterValue) as raised:
        _read(*parameters)
    assert raised.value.source == {"parameter": "filter[person_id]"}


@pytest.mark.parametrize(
    "value", ["", " ", ",", "1,", "1,,2", "0", "-1", "1.5", "abc", "me", "1 2", "007", str(2**53)]
)
@pytest.mark.parametrize("name", ["filter[person_id]", "filter[time_entry_id][eq][]"])
def test_invalid_id_is_rejected(name: str, value: str) -> None:
    with pytest.raises(UnsupportedFilterValue) as raised:
        _read((name, value))
    assert (raised.value.code, raised.value.source) == (
        "unsupported_filter_value_type",
        {"parameter": name},
    )


def _span(start: str, end: str) -> TimeFilter:
    return TimeFilter(Span(parse_timestamp(start), parse_timestamp(end)))


@pytest.mark.parametrize("name", ["started_at", "stopped_at"])
@pytest.mark.parametrize("suffix", ["", "[]", "[0]", "[eq]", "[eq][]", "[eq][0]"])
@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2026-03-02", _span("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z")),
        (" 2026-03-02 ", _span("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z")),
        ("2026-03-29", _span("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")),
        ("2026-10-25", _span("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")),
        ("2026-03-02T08:00:00Z", _span("2026-03-02T08:00:00Z", "2026-03-02T08:00:01Z")),
        ("2026-03-02T09:00:00.000+01:00", _span("2026-03-02T08:00:00Z", "2026-03-02T08:00:01Z")),
        ("2026-03-02T09:00:00 01:00", _span("2026-03-02T08:00:00Z", "2026-03-02T08:00:01Z")),
        ("2026-03-02T09:00:00 0100", _span("2026-03-02T08:00:00Z", "2026-03-02T08:00:01Z")),
        ("2026-03-02T03:00:00-05:00", _span("2026-03-02T08:00:00Z", "2026-03-02T08:00:01Z")),
        ("", TimeFilter(None)),
        (" ", TimeFilter(None)),
        ("null", TimeFilter(None)),
    ],
)
def test_time_filter_accepts_a_day_a_second_or_an_empty_value(
    name: str, suffix: str, value: str, time: TimeFilter
) -> None:
    assert _read((f"filter[{name}]{suffix}", value)).conditions.time(name) == time


@pytest.mark.parametrize(
    "value",
    [
        "today",
        "2026-02-29",
        "2026-3-2",
        "2026-03-02T08:00:00",
        "2026-03-02,2026-03-03",
        "1772438400",
        "undefined",
        "9999-12-31T25:00:00Z",
    ],
)
def test_invalid_time_is_rejected(value: str) -> None:
    with pytest.raises(UnsupportedFilterValue) as raised:
        _read(("filter[started_at]", value))
    assert (raised.value.code, raised.value.source) == (
        "unsupported_filter_value_type",
        {"parameter": "filter[started_at]"},
    )


def test_repeated_time_filter_is_rejected() -> None:
    with pytest.raises(UnsupportedFilterValue):
        _read(("filter[started_at]", "2026-03-02"), ("filter[started_at]", "2026-03-03"))


@pytest.mark.parametrize(
    ("name", "error", "code"),
    [
        ("filter", UnsupportedFilter, "unsupported_filter"),
        ("filter[]", UnsupportedFilter, "unsupported_filter"),
        ("filter[id]", UnsupportedFilter, "unsupported_filter"),
        ("filter[Person_id]", UnsupportedFilter, "unsupported_filter"),
        ("filter[total_time][eq]", UnsupportedFilter, "unsupported_filter"),
        ("filter[person_id][like]", UnsupportedFilterOperation, "unsupported_filter_operation"),
        ("filter[person_id][gt]", UnsupportedFilterOperation, "unsupported_filter_operation"),
        (
            "filter[started_at][contains]",
            UnsupportedFilterOperation,
            "unsupported_filter_operation",
        ),
        ("filter[person_id][eq][eq]", UnsupportedFilterOperation, "unsupported_filter_operation"),
        ("filter[person_id][][eq]", UnsupportedFilterOperation, "unsupported_filter_operation"),
        ("filter[person_id][eq][][]", UnsupportedFilterOperation, "unsupported_filter_operation"),
        ("filter[person_id", InvalidParameter, "invalid_parameter"),
        ("filter[person_id]]", InvalidParameter, "invalid_parameter"),
        ("filter[[person_id]]", InvalidParameter, "invalid_parameter"),
        ("filter[person_id]eq", InvalidParameter, "invalid_parameter"),
        ("filter[person_id][", InvalidParameter, "invalid_parameter"),
    ],
)
def test_invalid_filter_error_names_the_parameter_as_sent(
    name: str, error: type[ParameterError], code: str
) -> None:
    with pytest.raises(error) as raised:
        _read((name, "1"))
    assert (raised.value.code, raised.value.source) == (code, {"parameter": name})


@pytest.mark.parametrize(
    "name", ["filters[person_id]", "xfilter[id]", "Filter[id]", "filter.id", "", "time_entry_id"]
)
def test_other_parameters_are_ignored(name: str) -> None:
    assert _read((name, "x")).conditions.by_name == {}


def test_space_between_date_and_time_is_not_read_as_a_plus() -> None:
    query = read_list_query(
        TIMERS, [("filter[started_at]", "2026-03-02 09:00:00+01:00")], ZoneInfo("UTC")
    )
    assert query.conditions.time("started_at") == TimeFilter(Span(1_772_438_400, 1_772_438_401))


@pytest.mark.parametrize("operator", ["eq", "contains", "any_of"])
def test_positive_id_operators_require_one_of_the_ids(operator: str) -> None:
    conditions = _read((f"filter[person_id][{operator}]", "1,2")).conditions
    assert conditions.ids("person_id") == frozenset({1, 2})
    assert conditions.excluded_ids("person_id") == frozenset()


@pytest.mark.parametrize("operator", ["not_eq", "not_contain", "none_of"])
def test_negative_id_operators_exclude_the_ids(operator: str) -> None:
    conditions = _read((f"filter[person_id][{operator}][]", "1,2")).conditions
    assert conditions.ids("person_id") is None
    assert conditions.excluded_ids("person_id") == frozenset({1, 2})


DAY = Span(parse_timestamp("2026-03-01T23:00:00Z"), parse_timestamp("2026-03-02T23:00:00Z"))
END = MAX_TIMESTAMP + 1


@pytest.mark.parametrize(
    ("operator", "span"),
    [
        ("eq", DAY),
        ("gt", Span(DAY.end, END)),
        ("gt_eq", Span(DAY.start, END)),
        ("lt", Span(0, DAY.start)),
        ("lt_eq", Span(0, DAY.end)),
    ],
)
def test_time_comparison_uses_the_whole_day(operator: str, span: Span) -> None:
    conditions = _read((f"filter[stopped_at][{operator}]", "2026-03-02")).conditions
    assert conditions.time("stopped_at") == TimeFilter(span)


def test_time_not_eq_excludes_the_day_and_empty_times() -> None:
    conditions = _read(("filter[stopped_at][not_eq]", "2026-03-02")).conditions
    assert conditions.time("stopped_at") == TimeFilter(Span(0, END))
    assert conditions.excluded_times("stopped_at") == (DAY,)


def test_time_not_eq_null_requires_a_time() -> None:
    conditions = _read(("filter[stopped_at][not_eq]", "null")).conditions
    assert conditions.time("stopped_at") == TimeFilter(Span(0, END))


@pytest.mark.parametrize("operator", ["gt", "gt_eq", "lt", "lt_eq"])
@pytest.mark.parametrize("value", ["", "null"])
def test_empty_time_is_rejected_for_ordering_operators(operator: str, value: str) -> None:
    with pytest.raises(UnsupportedFilterValue):
        _read((f"filter[stopped_at][{operator}]", value))


def test_and_group_of_productive_client_is_accepted() -> None:
    conditions = _read(
        ("filter[$op]", "and"),
        ("filter[0][person_id][eq][]", "1"),
        ("filter[0][person_id][eq][]", "2"),
        ("filter[1][started_at][gt]", "2026-03-01"),
        ("filter[2][started_at][lt_eq]", "2026-03-02"),
        ("filter[3][time_entry_id]", "7"),
    ).conditions
    assert conditions.ids("person_id") == frozenset({1, 2})
    assert conditions.time("started_at") == TimeFilter(DAY)
    assert conditions.ids("time_entry_id") == frozenset({7})


def test_filter_groups_are_combined_with_and() -> None:
    conditions = _read(
        ("filter[0][person_id]", "1,2"),
        ("filter[1][person_id]", "2,3"),
        ("filter[2][stopped_at]", "null"),
        ("filter[3][stopped_at][gt]", "2026-03-02"),
        ("filter[4][person_id][not_eq]", "4"),
        ("filter[5][person_id][not_eq]", "5"),
    ).conditions
    assert conditions.ids("person_id") == frozenset({2})
    assert conditions.excluded_ids("person_id") == frozenset({4, 5})
    # No timer is both running and stopped.
    assert conditions.time("stopped_at") == TimeFilter(Span(0, 0))


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("filter[$op]", "or", UnsupportedFilterOperation),
        ("filter[$op]", "", UnsupportedFilterOperation),
        ("filter[0][$op]", "and", UnsupportedFilter),
        ("filter[0]", "1", UnsupportedFilter),
        ("filter[0][0][person_id]", "1", UnsupportedFilter),
        ("filter[0][budget_id][eq]", "1", UnsupportedFilter),
    ],
)
def test_unsupported_filter_groups_are_rejected(
    name: str, value: str, error: type[ParameterError]
) -> None:
    with pytest.raises(error) as raised:
        _read((name, value))
    assert raised.value.source == {"parameter": name}
