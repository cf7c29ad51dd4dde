"""``filter``: contract section 6."""

from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.errors import (
    InvalidParameter,
    ParameterError,
    UnsupportedFilter,
    UnsupportedFilterOperation,
    UnsupportedFilterValue,
)
from chalicelib.domain.instants import Span, parse_instant
from chalicelib.domain.queries import TimeIs
from chalicelib.jsonapi.parameters import ListQuery, Parameters, read_list_query
from chalicelib.resources.timers import TIMERS

ZAGREB = ZoneInfo("Europe/Zagreb")


def _read(*parameters: tuple[str, str]) -> ListQuery:
    return read_list_query(TIMERS, parameters, ZAGREB)


def test_without_filters_nothing_is_asked_about() -> None:
    query = _read()
    assert (query.conditions, query.ids("person_id"), query.time("started_at")) == ({}, None, None)


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
def test_several_ids_come_in_every_spelling(parameters: Parameters) -> None:
    assert _read(*parameters).ids("person_id") == frozenset({1, 2})


def test_filters_are_kept_apart() -> None:
    query = _read(("filter[person_id]", "1"), ("filter[time_entry_id]", "2"))
    assert query.ids("person_id") == frozenset({1})
    assert query.ids("time_entry_id") == frozenset({2})


def test_a_filter_of_ids_is_not_a_time_nor_the_other_way_round() -> None:
    query = _read(("filter[person_id]", "1"), ("filter[started_at]", "2026-03-02"))
    assert (query.time("person_id"), query.ids("started_at")) == (None, None)


TWENTY = ",".join(str(number) for number in range(1, 21))


def test_twenty_ids_are_taken() -> None:
    ids = _read(("filter[person_id]", TWENTY)).ids("person_id")
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
def test_twenty_one_are_not(parameters: Parameters) -> None:
    with pytest.raises(UnsupportedFilterValue) as caught:
        _read(*parameters)
    assert caught.value.source == {"parameter": "filter[person_id]"}


@pytest.mark.parametrize(
    "value", ["", " ", ",", "1,", "1,,2", "0", "-1", "1.5", "abc", "me", "1 2", "007", str(2**53)]
)
@pytest.mark.parametrize("name", ["filter[person_id]", "filter[time_entry_id][eq][]"])
def test_what_is_no_id_is_refused(name: str, value: str) -> None:
    with pytest.raises(UnsupportedFilterValue) as caught:
        _read((name, value))
    assert (caught.value.code, caught.value.source) == (
        "unsupported_filter_value_type",
        {"parameter": name},
    )


def _span(start: str, end: str) -> TimeIs:
    return TimeIs(Span(parse_instant(start), parse_instant(end)))


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
        ("", TimeIs(None)),
        (" ", TimeIs(None)),
        ("null", TimeIs(None)),
    ],
)
def test_a_time_is_a_day_of_the_zone_or_a_second_or_empty(
    name: str, suffix: str, value: str, time: TimeIs
) -> None:
    assert _read((f"filter[{name}]{suffix}", value)).time(name) == time


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
def test_what_is_no_time_is_refused(value: str) -> None:
    with pytest.raises(UnsupportedFilterValue) as caught:
        _read(("filter[started_at]", value))
    assert (caught.value.code, caught.value.source) == (
        "unsupported_filter_value_type",
        {"parameter": "filter[started_at]"},
    )


def test_a_time_may_be_asked_for_once() -> None:
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
def test_an_unknown_filter_operator_or_spelling_is_named_as_the_client_wrote_it(
    name: str, error: type[ParameterError], code: str
) -> None:
    with pytest.raises(error) as caught:
        _read((name, "1"))
    assert (caught.value.code, caught.value.source) == (code, {"parameter": name})


@pytest.mark.parametrize(
    "name", ["filters[person_id]", "xfilter[id]", "Filter[id]", "filter.id", "", "time_entry_id"]
)
def test_other_parameters_are_ignored(name: str) -> None:
    assert _read((name, "x")).conditions == {}


def test_a_space_between_date_and_clock_is_not_an_offsets_plus() -> None:
    query = read_list_query(
        TIMERS, [("filter[started_at]", "2026-03-02 09:00:00+01:00")], ZoneInfo("UTC")
    )
    assert query.time("started_at") == TimeIs(Span(1_772_438_400, 1_772_438_401))
