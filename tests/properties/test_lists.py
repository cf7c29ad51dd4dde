"""Every answer of a list, over HTTP, against a plain Python list: data, order, totals, links.

The model is written from contract section 6 alone: it compares local dates, and knows nothing of
spans, plans or tallies.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, quote, urlsplit
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from pynamodb.connection import Connection

from chalicelib.domain.timers import Timer
from chalicelib.store import far_pages
from chalicelib.store.models import SlotModel, TallyModel, TimerModel
from infra.bulk import write_all
from infra.tables import empty_tables
from infra.tallied import slot_items, tally_items, timer_items
from tests.properties.bounds import bounded
from tests.support.api import Answer, Api
from tests.support.clock import DAY, HOUR
from tests.support.world import ADMIN, KOLKATA, MEMBER, OTHER_MEMBER, ZAGREB

ZONE = ZoneInfo("Europe/Zagreb")
PEOPLE = [ADMIN, MEMBER, OTHER_MEMBER]
BEGINNINGS = [
    1_772_438_400,  # an ordinary Monday
    1_774_733_400,  # the night that lacks an hour
    1_792_873_800,  # the night that has one more
]
BASE = "http://stint.test/api/v2/timers"

Parameter = tuple[str, str]
Test = Callable[[Timer], bool]


@dataclass(frozen=True)
class Condition:
    """A condition as a client spells it, and as the contract means it."""

    name: str
    suffix: str
    values: tuple[str, ...]
    means: Test

    def parameters(self, group: str) -> list[Parameter]:
        return [(f"filter{group}[{self.name}]{self.suffix}", value) for value in self.values]


lengths = st.one_of(
    st.integers(0, 20), st.sampled_from([450, 900, HOUR, 6 * HOUR, DAY, 2 * DAY, 33 * DAY])
)


@st.composite
def histories(draw: Any) -> list[Timer]:
    """Sessions of three people, and of one elsewhere; the last of each may run."""
    timers: list[Timer] = []
    beginning = draw(st.sampled_from(BEGINNINGS))
    for place, person_id in [(ZAGREB, it) for it in PEOPLE] + [(KOLKATA, ADMIN)]:
        own: list[Timer] = []
        instant = beginning + draw(st.integers(0, DAY))
        for number in range(draw(st.integers(0, 9))):
            start = instant + draw(lengths)
            instant = start + draw(lengths)
            id_ = person_id + 10_000 * (1 + number) + place.id % 2
            entry_id = person_id * 10 + draw(st.integers(0, 1))
            own.append(Timer(id_, place.id, person_id, entry_id, start, start + 9, instant))
        if own and draw(st.booleans()):
            own[-1] = replace(own[-1], stopped_at=None)
        timers += own
    return timers


def id_conditions(name: str, known: Sequence[int]) -> st.SearchStrategy[Condition]:
    def made(op: str, ids: list[int], spelling: str) -> Condition:
        among = op in ("", "[eq]", "[contains]", "[any_of]")
        values = tuple(map(str, ids))
        if spelling == ",":
            values, spelling = (",".join(values),), ""

        def means(timer: Timer) -> bool:
            return (getattr(timer, name) in ids) is among

        return Condition(name, op + spelling, values, means)

    operators = ["", "[eq]", "[contains]", "[any_of]", "[not_eq]", "[not_contain]", "[none_of]"]
    return st.builds(
        made,
        st.sampled_from(operators),
        st.lists(st.sampled_from([*known, 99]), min_size=1, max_size=3, unique=True),
        st.sampled_from([",", "", "[]"]),
    )


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    "[eq]": operator.eq,
    "[not_eq]": operator.ne,
    "[gt]": operator.gt,
    "[gt_eq]": operator.ge,
    "[lt]": operator.lt,
    "[lt_eq]": operator.le,
}


def time_conditions(name: str, known: Sequence[int]) -> st.SearchStrategy[Condition]:
    def made(op: str, instant: int, as_date: bool, zone: ZoneInfo) -> Condition:
        asked = datetime.fromtimestamp(instant, ZONE).date()
        text = asked.isoformat() if as_date else datetime.fromtimestamp(instant, zone).isoformat()

        def means(timer: Timer) -> bool:
            held = getattr(timer, name)
            if held is None:
                return False
            if as_date:
                return COMPARE[op](datetime.fromtimestamp(held, ZONE).date(), asked)
            return COMPARE[op](held, instant)

        return Condition(name, op, (text,), means)

    def absent(op: str, text: str) -> Condition:
        return Condition(
            name, op, (text,), lambda it: (getattr(it, name) is None) is (op != "[not_eq]")
        )

    zones = st.sampled_from([ZONE, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")])
    near = st.builds(operator.add, st.sampled_from(known), st.sampled_from([-1, 0, 0, 1, DAY]))
    compared = st.builds(made, st.sampled_from(sorted(COMPARE)), near, st.booleans(), zones)
    nothing = st.builds(
        absent, st.sampled_from(["", "[eq]", "[not_eq]"]), st.sampled_from(["", "null"])
    )
    return compared | compared | nothing


@dataclass(frozen=True)
class Asked:
    """A whole request, and what it means."""

    parameters: tuple[Parameter, ...]
    tests: tuple[Test, ...]
    sort: str
    descending: bool
    number: int
    size: int


@st.composite
def requests(draw: Any, timers: list[Timer]) -> Asked:
    known = [it for timer in timers for it in (timer.started_at, timer.stopped_at) if it]
    known = known or [BEGINNINGS[0]]
    entries = sorted({it.time_entry_id for it in timers}) or [1]
    any_condition = st.one_of(
        id_conditions("person_id", PEOPLE),
        id_conditions("time_entry_id", entries),
        time_conditions("started_at", known),
        time_conditions("stopped_at", known),
    )
    conditions = draw(st.lists(any_condition, max_size=3))
    # The same filter and operator, twice in one group, is one list: of ids, or a 400 for times.
    names = [(it.name, it.suffix.removesuffix("[]") or "[eq]") for it in conditions]
    grouped = len(set(names)) < len(names) or draw(st.booleans())
    parameters = [("filter[$op]", "and")] if grouped else []
    for number, condition in enumerate(conditions):
        parameters += condition.parameters(f"[{number}]" if grouped else "")
    sort, descending = draw(st.sampled_from(["started_at", "stopped_at"])), draw(st.booleans())
    parameters.append(("sort", f"{'-' if descending else ''}{sort}"))
    number, size = draw(st.integers(1, 6)), draw(st.integers(1, 7))
    paging = [("page[number]", str(number)), ("page[size]", str(size))]
    if draw(st.booleans()):
        paging = [("page", str(number)), ("per_page", str(size))]
    parameters += [*paging, ("utm source", "a&b=c")]
    return Asked(
        tuple(draw(st.permutations(parameters)) if not conditions else parameters),
        tuple(it.means for it in conditions),
        sort,
        descending,
        number,
        size,
    )


def query(parameters: Sequence[Parameter]) -> str:
    return "&".join(f"{quote(name)}={quote(value)}" for name, value in parameters)


def expected(asked: Asked, timers: list[Timer], person_id: int | None) -> list[Timer]:
    def place(timer: Timer) -> tuple[float, int]:
        instant = getattr(timer, asked.sort)
        return (float("inf") if instant is None else instant, timer.id)

    seen = [it for it in timers if it.organization_id == ZAGREB.id]
    mine = [it for it in seen if person_id is None or it.person_id == person_id]
    meant = [it for it in mine if all(test(it) for test in asked.tests)]
    return sorted(meant, key=place, reverse=asked.descending)


def check(answer: Answer, asked: Asked, whole: list[Timer]) -> None:
    assert answer.status == 200, answer.body
    first = (asked.number - 1) * asked.size
    assert answer.ids == [str(it.id) for it in whole[first : first + asked.size]]
    pages = -(-len(whole) // asked.size)
    assert answer.meta == {
        "current_page": asked.number,
        "total_pages": pages,
        "total_count": len(whole),
        "page_size": asked.size,
        "max_page_size": 200,
    }
    last = max(1, pages)
    links = {"first": 1, "last": last}
    if asked.number > 1:
        links["prev"] = min(asked.number - 1, last)
    if asked.number < last:
        links["next"] = asked.number + 1
    assert answer.document["links"].keys() == links.keys()
    for rel, number in links.items():
        check_link(answer.document["links"][rel], asked, number)


def check_link(link: str, asked: Asked, number: int) -> None:
    split = urlsplit(link)
    assert f"{split.scheme}://{split.netloc}{split.path}" == BASE
    assert "[" not in split.query
    held = parse_qsl(split.query, keep_blank_values=True)
    paging = ("page", "per_page", "page[number]", "page[size]")
    kept = [it for it in asked.parameters if it[0] not in paging]
    wanted = [*kept, ("page[number]", str(number)), ("page[size]", str(asked.size))]
    assert held == sorted(wanted, key=lambda it: it[0])


@given(data=st.data(), timers=histories(), freely=st.sampled_from([0, 2, 150]))
@bounded(45)
def test_an_answer_is_that_of_a_plain_list(
    admin: Api,
    member: Api,
    connection: Connection,
    data: Any,
    timers: list[Timer],
    freely: int,
) -> None:
    empty_tables(TimerModel, TallyModel, SlotModel)
    items = [*timer_items(timers), *tally_items(timers), *slot_items(timers)]
    write_all(connection, items)
    with patch.object(far_pages, "_SKIPPED_FREELY", freely):
        for _ in range(6):
            asked = data.draw(requests(timers))
            api, person_id = data.draw(st.sampled_from([(admin, None), (member, MEMBER)]))
            answer = api.get(f"/timers?{query(asked.parameters)}")
            check(answer, asked, expected(asked, timers, person_id))


@given(data=st.data(), timers=histories())
@bounded(20)
def test_a_walk_by_links_is_a_plain_list(
    admin: Api, connection: Connection, data: Any, timers: list[Timer]
) -> None:
    empty_tables(TimerModel, TallyModel, SlotModel)
    items = [*timer_items(timers), *tally_items(timers), *slot_items(timers)]
    write_all(connection, items)
    asked = data.draw(requests(timers))
    kept = [it for it in asked.parameters if not it[0].startswith(("page", "per_page"))]
    begin: dict[str, list[Parameter]] = {
        "by number": [*kept, ("page[size]", str(asked.size))],
        "by cursor": [*kept, ("page[after]", ""), ("page[size]", str(asked.size))],
    }
    for parameters in begin.values():
        seen: list[str] = []
        path: str | None = f"/timers?{query(parameters)}"
        while path is not None:
            answer = admin.get(path)
            seen += answer.ids
            following = answer.document["links"].get("next")
            path = None if following is None else following.removeprefix("http://stint.test/api/v2")
        assert seen == [str(it.id) for it in expected(asked, timers, None)]
