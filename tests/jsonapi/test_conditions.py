"""Filters of every kind: the values they accept and the records they match."""

from typing import Any

import pytest

from chalicelib.core.errors import UnsupportedFilterOperation, UnsupportedFilterValue
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.jsonapi.conditions import (
    CasefoldedTexts,
    Condition,
    Conditions,
    IdFilter,
    TextFilter,
    TimeExclusion,
    WordsFilter,
)
from chalicelib.jsonapi.filters import operators_of, read_conditions
from chalicelib.jsonapi.parameters import read_list_query
from chalicelib.jsonapi.resource import Filter, FilterKind
from chalicelib.timers.api import TIMERS

ZAGREB = ZoneInfo("Europe/Zagreb")

FILTERS: tuple[Filter[Any], ...] = (
    Filter("name", FilterKind.TEXT, "A text."),
    Filter("query", FilterKind.QUERY, "Words."),
    Filter("billable", FilterKind.BOOLEAN, "Yes or no."),
    Filter("status", FilterKind.NUMBER, "A number.", choices=(1, 2)),
    Filter("date", FilterKind.DATE, "A date."),
    Filter("after", FilterKind.AFTER, "A date."),
    Filter("before", FilterKind.BEFORE, "A date."),
    Filter("project_id", FilterKind.ALWAYS_EMPTY, "Always empty."),
    Filter("with_draft", FilterKind.IGNORED, "Ignored."),
)


def read(name: str, value: str, operator: str | None = None) -> Condition | None:
    members = [name] if operator is None else [name, operator]
    parameter = "filter" + "".join(f"[{member}]" for member in members)
    conditions = read_conditions(FILTERS, [(parameter, members, value)], ZAGREB).by_name
    return conditions[name][0] if conditions else None


def matches(condition: Condition | None, value: Any) -> bool:
    assert condition is not None
    texts = CasefoldedTexts()
    if isinstance(condition, TextFilter) and value is not None:
        return condition.matches(texts[value])
    if isinstance(condition, WordsFilter):
        return condition.matches(tuple(text and texts[text] for text in value))
    return condition.matches(value)


@pytest.mark.parametrize(
    ("name", "operator", "value", "matching", "not_matching"),
    [
        ("name", None, "Ünï", ["ünÏ"], ["ün", "ünïx", None]),
        ("name", "not_eq", "a", ["b"], ["A", None]),
        ("name", "contains", "B", ["abc"], ["ac", None]),
        ("name", "not_contain", "b", ["ac"], ["aBc", None]),
        ("name", None, "a,b", ["a,b"], ["a"]),
        ("query", None, "ana DES", [("Ana", "Designer"), ("desana", None)], [("Ana", None)]),
        ("query", "contains", " ", [("x",), (None,)], []),
        ("billable", None, "TRUE", [True], [False, None]),
        ("billable", None, "0", [False], [True, None]),
        ("billable", "not_eq", "true", [False], [True, None]),
        ("status", None, "1", [1], [2, None]),
        ("status", "any_of", "1,2", [1, 2], [None]),
        ("status", "not_eq", "1", [2], [1, None]),
        ("date", None, "2026-03-02", ["2026-03-02"], ["2026-03-01", "2026-03-03", None]),
        ("date", "not_eq", "2026-03-02", ["2026-03-01"], ["2026-03-02", None]),
        ("date", "gt", "2026-02-28", ["2026-03-01"], ["2026-02-28", None]),
        ("date", "gt_eq", "2026-03-02", ["2026-03-02"], ["2026-03-01"]),
        ("date", "lt", "2024-03-01", ["2024-02-29"], ["2024-03-01", None]),
        ("date", "lt_eq", "2026-03-02", ["2026-03-02"], ["2026-03-03"]),
        ("date", "gt", "9999-12-31", [], ["9999-12-31", "2026-03-02"]),
        ("date", "lt", "0001-01-01", [], ["0001-01-01", "2026-03-02"]),
        ("after", None, "2026-03-02", ["2026-03-02", "2026-03-03"], ["2026-03-01", None]),
        ("before", None, "2026-03-02", ["2026-03-02", "2026-03-01"], ["2026-03-03", None]),
        ("project_id", None, "7", [], [7, None, "7"]),
        ("project_id", "not_eq", "", [], [7, None]),
    ],
)
def test_condition_matches_only_the_expected_values(
    name: str, operator: str | None, value: str, matching: list[Any], not_matching: list[Any]
) -> None:
    condition = read(name, value, operator)
    assert [item for item in matching if not matches(condition, item)] == []
    assert [item for item in not_matching if matches(condition, item)] == []


@pytest.mark.parametrize("operator", [None, "eq", "none_of"])
def test_ignored_filter_adds_no_condition(operator: str | None) -> None:
    assert read("with_draft", "anything", operator) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("billable", ""),
        ("billable", "yes"),
        ("status", "3"),
        ("status", ""),
        ("status", "1,x"),
        ("date", ""),
        ("date", "null"),
        ("date", "2026-02-29"),
        ("date", "2026-03-02T09:00:00Z"),
        ("after", "today"),
        ("name", "x" * 256),
    ],
)
def test_filter_value_of_wrong_kind_is_rejected(name: str, value: str) -> None:
    with pytest.raises(UnsupportedFilterValue):
        read(name, value)


@pytest.mark.parametrize("name", [declared.name for declared in FILTERS])
def test_unsupported_filter_operator_is_rejected(name: str) -> None:
    with pytest.raises(UnsupportedFilterOperation):
        read(name, "1", "like")


@pytest.mark.parametrize("kind", FilterKind)
def test_every_filter_kind_supports_eq(kind: FilterKind) -> None:
    assert "eq" in operators_of(kind)


def test_text_filter_with_two_values_is_rejected() -> None:
    parameters = [("filter[name]", ["name"], "a"), ("filter[name]", ["name"], "b")]
    with pytest.raises(UnsupportedFilterValue):
        read_conditions(FILTERS, parameters, ZAGREB)


def test_equivalent_conditions_have_the_same_description() -> None:
    def describe(*parameters: tuple[str, str]) -> str:
        return read_list_query(TIMERS, parameters, ZAGREB).conditions.description()

    people, start = ("filter[person_id]", "1,2,3"), ("filter[started_at]", "2026-03-02")
    assert describe(people, start) == describe(start, ("filter[person_id]", "3,2,1"))
    assert describe(people) != describe(("filter[person_id][not_eq]", "1,2,3"))
    assert describe(people) != describe(("filter[person_id]", "1,2"))


def test_absent_value_matches_no_condition() -> None:
    query = read_list_query(TIMERS, [("filter[started_at][not_eq]", "2026-03-02")], ZAGREB)
    (condition,) = query.conditions.by_name["started_at"]
    assert isinstance(condition, TimeExclusion)
    assert (condition.matches(None), condition.matches(0)) == (False, True)
    assert not IdFilter(frozenset({1}), negated=True).matches(None)
    assert Conditions({}).ids("person_id") is None
