"""What did not change in a text is stored once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dynamodb.items import from_item, to_item
from chalicelib.revisions.model import Revision, RevisionAction, RevisionSubject, Values
from chalicelib.revisions.rules import restored, shortened

texts = st.text(max_size=120)
parts = st.sampled_from(["", "a", "ab" * 30, "\U0001f600" * 50, "\n", "\u0001", '"'])
notes = st.one_of(st.none(), texts, st.lists(parts, max_size=4).map("".join))
values = st.fixed_dictionaries(
    {"note": notes, "time": st.integers(0, 99) | st.none(), "date": st.just("2026-03-02")}
)


def revision(before: Values, after: Values) -> Revision:
    return Revision(
        1,
        2149,
        RevisionSubject.TIME_ENTRY,
        364,
        364,
        8784,
        8784,
        7,
        RevisionAction.UPDATED,
        1_772_438_400,
        before,
        after,
    )


def stored_bytes(before: str, after: str) -> int:
    item: dict[str, Any] = to_item(revision({"note": before}, {"note": after})).serialize()
    return sum(len(item[name]["S"].encode()) for name in ("before", "after"))


@given(before=values, after=values)
def test_stored_values_are_restored(before: Values, after: Values) -> None:
    assert restored(before, shortened(before, after)) == after
    changed = revision(before, after)
    assert from_item(Revision, to_item(changed).serialize()) == changed


@given(before=texts, after=texts, shared=texts)
def test_texts_that_share_a_start_or_an_end_are_restored(
    before: str, after: str, shared: str
) -> None:
    for old, new in (
        (shared + before, shared + after),
        (before + shared, after + shared),
        (shared + before + shared, shared + after + shared),
        (shared, shared + shared),
        (shared + shared, shared),
    ):
        assert restored({"note": old}, shortened({"note": old}, {"note": new})) == {"note": new}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\U0001f600" * 1_999, "\U0001f600" * 2_000),
        ("\U0001f600" * 1_999, "x" + "\U0001f600" * 1_999),
        ("\U0001f600" * 2_000, "\U0001f600" * 1_000 + "x" + "\U0001f600" * 999),
        ("\U0001f600" * 2_000, "\U0001f600" * 100),
    ],
)
def test_long_note_with_a_small_change_is_stored_once(old: str, new: str) -> None:
    assert stored_bytes(old, new) < len(old.encode()) + 80


def test_short_and_different_texts_are_stored_as_they_are() -> None:
    assert shortened({"note": "first"}, {"note": "first time"}) == {"note": "first time"}
    assert shortened({"note": "a" * 99}, {"note": "b" * 99}) == {"note": "b" * 99}
    assert shortened({"note": None, "time": 1}, {"note": "a", "time": 2}) == {
        "note": "a",
        "time": 2,
    }
