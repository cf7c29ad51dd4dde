"""The work that filters cost: the number of conditions, of words, of folded texts, of comparisons.

Contract section 6. Work is counted, not timed.
"""

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import InvalidParameter, UnsupportedFilterValue
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.jsonapi.filters import MAX_CONDITIONS, MAX_QUERY_WORDS
from chalicelib.jsonapi.in_memory_list import matcher
from chalicelib.jsonapi.parameters import read_list_query
from chalicelib.time_entries.api import TIME_ENTRIES

ZAGREB = ZoneInfo("Europe/Zagreb")
WORDS = " ".join(f"w{number}" for number in range(MAX_QUERY_WORDS))

work: Counter[str] = Counter()


class CountedText(str):
    """A text that counts how often it is folded, and how often something is searched in it."""

    __slots__ = ()

    def casefold(self) -> str:
        work["folds"] += 1
        return CountedText(super().casefold())

    def __contains__(self, part: object) -> bool:
        work["searches"] += 1
        return isinstance(part, str) and super().__contains__(part)

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        work["comparisons"] += 1
        return str.__eq__(self, other)


@pytest.fixture(autouse=True)
def _no_work_yet() -> None:
    work.clear()


def conditions_of(*parameters: tuple[str, str]) -> Any:
    return read_list_query(TIME_ENTRIES, parameters, ZAGREB).conditions


def matches(note: str, *parameters: tuple[str, str]) -> bool:
    entry = replace(TIME_ENTRIES.example(), note=CountedText(note))
    return matcher(TIME_ENTRIES, conditions_of(*parameters))(entry)


def queries(count: int, words: str = WORDS) -> list[tuple[str, str]]:
    return [(f"filter[{number}][query][contains]", words) for number in range(count)]


def test_text_is_folded_once_for_all_filters() -> None:
    texts = [(f"filter[{number}][note][contains]", "w1") for number in range(10)]
    assert matches(WORDS.upper(), *texts, *queries(10))
    assert work["folds"] == 1


def test_each_word_is_searched_at_most_once_in_each_text() -> None:
    assert matches(WORDS, *queries(MAX_CONDITIONS))
    assert work["searches"] <= MAX_CONDITIONS * MAX_QUERY_WORDS
    work.clear()
    assert matches(WORDS, *queries(1, " ".join(["w1"] * MAX_QUERY_WORDS)))
    assert work["searches"] == 1


def test_search_ends_at_the_first_condition_that_does_not_match() -> None:
    assert not matches("nothing", *queries(MAX_CONDITIONS))
    assert (work["folds"], work["searches"]) == (1, 1)


def test_text_is_not_folded_without_a_text_filter() -> None:
    assert matches(
        WORDS, ("filter[track_method_id]", str(int(TIME_ENTRIES.example().track_method)))
    )
    assert work["folds"] == 0


def test_more_conditions_than_the_limit_are_rejected() -> None:
    assert len(conditions_of(*queries(MAX_CONDITIONS, "w")).by_name["query"]) == MAX_CONDITIONS
    with pytest.raises(InvalidParameter) as raised:
        conditions_of(*queries(MAX_CONDITIONS + 1, "w"))
    assert raised.value.source == {"parameter": f"filter[{MAX_CONDITIONS}][query][contains]"}
    assert f"at most {MAX_CONDITIONS} conditions" in raised.value.detail


@pytest.mark.parametrize("name", ["with_draft", "task_id", "person_id", "note"])
def test_every_kind_of_filter_counts_as_a_condition(name: str) -> None:
    parameters = [(f"filter[{number}][{name}]", "1") for number in range(MAX_CONDITIONS + 1)]
    with pytest.raises(InvalidParameter):
        conditions_of(*parameters)


def test_values_of_one_condition_count_once() -> None:
    ids = [("filter[person_id][]", str(number)) for number in range(1, 21)]
    others = [("filter[0][note]", "x"), *queries(MAX_CONDITIONS - 2)]
    assert conditions_of(*ids, *others).ids("person_id") == frozenset(range(1, 21))


def test_more_words_than_the_limit_are_rejected() -> None:
    with pytest.raises(UnsupportedFilterValue) as raised:
        conditions_of(("filter[query]", f"{WORDS} {WORDS[:2]}x"))
    assert raised.value.source == {"parameter": "filter[query]"}
    assert f"at most {MAX_QUERY_WORDS} words" in raised.value.detail


def test_the_limits_are_those_of_the_contract() -> None:
    assert (MAX_CONDITIONS, MAX_QUERY_WORDS) == (20, 10)
