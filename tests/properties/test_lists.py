"""Property tests: list responses match a plain Python list in data, order, totals and links.

The model is written only from contract section 6. It compares local dates and does not use spans,
query plans or counters.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, quote, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from benchmarks.counter_fixtures import counter_items, person_state_items, timer_items
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.counters import offset_pages
from chalicelib.counters.repository import CounterModel
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import PersonStateModel, TimerModel
from tests.properties.bounds import bounded
from tests.support.api import Api, Response
from tests.support.clock import DAY, HOUR
from tests.support.fixtures import ADMIN, KOLKATA, MEMBER, OTHER_MEMBER, ZAGREB
from tests.support.histories import by_start, by_stop, changed_manually
from tests.support.tables import empty_tables

ZONE = ZoneInfo("Europe/Zagreb")
PEOPLE = [ADMIN, MEMBER, OTHER_MEMBER]
START_TIMES = [
    1_772_438_400,  # an ordinary Monday
    1_774_733_400,  # the night with a missing hour
    1_792_873_800,  # the night with a repeated hour
]
BASE = "http://stint.test/api/v2/timers"

Parameter = tuple[str, str]
Predicate = Callable[[Timer], bool]


@dataclass(frozen=True)
class Condition:
    """A filter condition: its query parameters and a predicate with the meaning in the contract."""

    name: str
    suffix: str
    values: tuple[str, ...]
    matches: Predicate

    def parameters(self, group: str) -> list[Parameter]:
        return [(f"filter{group}[{self.name}]{self.suffix}", value) for value in self.values]


durations = st.one_of(
    st.integers(0, 20), st.sampled_from([450, 900, HOUR, 6 * HOUR, DAY, 2 * DAY, 33 * DAY])
)


@st.composite
def timer_histories(draw: Any) -> list[Timer]:
    """Draw sessions of three people and of one person in another organization.

    The last session of each person can be running. Some were edited, inserted or deleted.
    """
    timers: list[Timer] = []
    first_start = draw(st.sampled_from(START_TIMES))
    for organization, person_id in [(ZAGREB, member) for member in PEOPLE] + [(KOLKATA, ADMIN)]:
        sessions: list[Timer] = []
        timestamp = first_start + draw(st.integers(0, DAY))
        for number in range(draw(st.integers(0, 9))):
            start = timestamp + draw(durations)
            timestamp = start + draw(durations)
            timer_id = person_id + 10_000 * (1 + number) + organization.id % 2
            entry_id = person_id * 10 + draw(st.integers(0, 1))
            sessions.append(
                Timer(timer_id, organization.id, person_id, entry_id, start, start + 9, timestamp)
            )
        if sessions and draw(st.booleans()):
            sessions[-1] = replace(sessions[-1], stopped_at=None)
        timers += changed_manually(draw, sessions)
    return timers


def id_conditions(name: str, known_values: Sequence[int]) -> st.SearchStrategy[Condition]:
    def build(op: str, ids: list[int], spelling: str) -> Condition:
        is_included = op in ("", "[eq]", "[contains]", "[any_of]")
        values = tuple(map(str, ids))
        if spelling == ",":
            values, spelling = (",".join(values),), ""

        def matches(timer: Timer) -> bool:
            return (getattr(timer, name) in ids) is is_included

        return Condition(name, op + spelling, values, matches)

    operators = ["", "[eq]", "[contains]", "[any_of]", "[not_eq]", "[not_contain]", "[none_of]"]
    return st.builds(
        build,
        st.sampled_from(operators),
        st.lists(st.sampled_from([*known_values, 99]), min_size=1, max_size=3, unique=True),
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


def time_conditions(name: str, known_values: Sequence[int]) -> st.SearchStrategy[Condition]:
    def build(op: str, timestamp: int, as_date: bool, zone: ZoneInfo) -> Condition:
        date = datetime.fromtimestamp(timestamp, ZONE).date()
        date_time = datetime.fromtimestamp(timestamp, zone)
        text = date.isoformat() if as_date else date_time.isoformat()

        def matches(timer: Timer) -> bool:
            value = getattr(timer, name)
            if value is None:
                return False
            if as_date:
                return COMPARE[op](datetime.fromtimestamp(value, ZONE).date(), date)
            return COMPARE[op](value, timestamp)

        return Condition(name, op, (text,), matches)

    def build_null(op: str, text: str) -> Condition:
        return Condition(
            name, op, (text,), lambda timer: (getattr(timer, name) is None) is (op != "[not_eq]")
        )

    zones = st.sampled_from([ZONE, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")])
    near_values = st.builds(
        operator.add, st.sampled_from(known_values), st.sampled_from([-1, 0, 0, 1, DAY])
    )
    comparisons = st.builds(
        build, st.sampled_from(sorted(COMPARE)), near_values, st.booleans(), zones
    )
    null_conditions = st.builds(
        build_null, st.sampled_from(["", "[eq]", "[not_eq]"]), st.sampled_from(["", "null"])
    )
    return comparisons | comparisons | null_conditions


@dataclass(frozen=True)
class ListRequest:
    """A list request: its query parameters and their meaning."""

    parameters: tuple[Parameter, ...]
    predicates: tuple[Predicate, ...]
    sort: str
    descending: bool
    number: int
    size: int


@st.composite
def requests(draw: Any, timers: list[Timer]) -> ListRequest:
    known_times = [
        time for timer in timers for time in (timer.started_at, timer.stopped_at) if time
    ]
    known_times = known_times or [START_TIMES[0]]
    entry_ids = sorted({timer.time_entry_id for timer in timers}) or [1]
    any_condition = st.one_of(
        id_conditions("person_id", PEOPLE),
        id_conditions("time_entry_id", entry_ids),
        time_conditions("started_at", known_times),
        time_conditions("stopped_at", known_times),
    )
    conditions = draw(st.lists(any_condition, max_size=3))
    # A filter with the same operator twice in one group is one list: valid for ids, 400 for times.
    names = [
        (condition.name, condition.suffix.removesuffix("[]") or "[eq]") for condition in conditions
    ]
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
    return ListRequest(
        tuple(draw(st.permutations(parameters)) if not conditions else parameters),
        tuple(condition.matches for condition in conditions),
        sort,
        descending,
        number,
        size,
    )


def query(parameters: Sequence[Parameter]) -> str:
    return "&".join(f"{quote(name)}={quote(value)}" for name, value in parameters)


def expected(
    request: ListRequest, timers: list[Timer], person_id: int | None
) -> tuple[list[Timer], list[Timer]]:
    """The list: in the order of a person's timers, and in the order of an organization's.

    They differ only where a person's sessions stop in the same second.
    """
    matching = [
        timer
        for timer in timers
        if timer.organization_id == ZAGREB.id
        and person_id in (None, timer.person_id)
        and all(predicate(timer) for predicate in request.predicates)
    ]
    by_person = sorted(matching, key=by_start, reverse=request.descending)
    by_organization = by_person
    if request.sort == "stopped_at":
        by_organization = sorted(matching, key=by_stop, reverse=request.descending)
        by_person.sort(key=lambda timer: by_stop(timer)[0], reverse=request.descending)
    return by_person, by_organization


def ids_of(timers: list[Timer]) -> list[str]:
    return [str(timer.id) for timer in timers]


def check(response: Response, request: ListRequest, lists: tuple[list[Timer], list[Timer]]) -> None:
    assert response.status == 200, response.body
    first = (request.number - 1) * request.size
    pages_of_lists = [ids_of(timers[first : first + request.size]) for timers in lists]
    assert response.ids in pages_of_lists
    all_timers = lists[0]
    pages = -(-len(all_timers) // request.size)
    assert response.meta == {
        "current_page": request.number,
        "total_pages": pages,
        "total_count": len(all_timers),
        "page_size": request.size,
        "max_page_size": 200,
    }
    last = max(1, pages)
    links = {"first": 1, "last": last}
    if request.number > 1:
        links["prev"] = min(request.number - 1, last)
    if request.number < last:
        links["next"] = request.number + 1
    assert response.document["links"].keys() == links.keys()
    for rel, number in links.items():
        check_link(response.document["links"][rel], request, number)


def check_link(link: str, request: ListRequest, number: int) -> None:
    url = urlsplit(link)
    assert f"{url.scheme}://{url.netloc}{url.path}" == BASE
    assert "[" not in url.query
    parameters = parse_qsl(url.query, keep_blank_values=True)
    paging = ("page", "per_page", "page[number]", "page[size]")
    expected_parameters = [
        *(parameter for parameter in request.parameters if parameter[0] not in paging),
        ("page[number]", str(number)),
        ("page[size]", str(request.size)),
    ]
    assert parameters == sorted(expected_parameters, key=lambda parameter: parameter[0])


@given(data=st.data(), timers=timer_histories(), skip_limit=st.sampled_from([0, 2, 150]))
@bounded(45)
def test_list_response_matches_a_plain_list(
    admin: Api,
    member: Api,
    connection: Connection,
    data: Any,
    timers: list[Timer],
    skip_limit: int,
) -> None:
    empty_tables(TimerModel, CounterModel, PersonStateModel)
    items = [*timer_items(timers), *counter_items(timers), *person_state_items(timers)]
    write_all(connection, items)
    with patch.object(offset_pages, "_SKIPPED_FREELY", skip_limit):
        for _ in range(6):
            request = data.draw(requests(timers))
            api, person_id = data.draw(st.sampled_from([(admin, None), (member, MEMBER)]))
            response = api.get(f"/timers?{query(request.parameters)}")
            check(response, request, expected(request, timers, person_id))


@given(data=st.data(), timers=timer_histories())
@bounded(20)
def test_following_next_links_returns_the_whole_list(
    admin: Api, connection: Connection, data: Any, timers: list[Timer]
) -> None:
    empty_tables(TimerModel, CounterModel, PersonStateModel)
    items = [*timer_items(timers), *counter_items(timers), *person_state_items(timers)]
    write_all(connection, items)
    request = data.draw(requests(timers))
    other_parameters = [
        parameter
        for parameter in request.parameters
        if not parameter[0].startswith(("page", "per_page"))
    ]
    first_pages: dict[str, list[Parameter]] = {
        "by number": [*other_parameters, ("page[size]", str(request.size))],
        "by cursor": [*other_parameters, ("page[after]", ""), ("page[size]", str(request.size))],
    }
    for parameters in first_pages.values():
        ids: list[str] = []
        path: str | None = f"/timers?{query(parameters)}"
        while path is not None:
            response = admin.get(path)
            ids += response.ids
            next_link = response.document["links"].get("next")
            path = None if next_link is None else next_link.removeprefix("http://stint.test/api/v2")
        assert ids in [ids_of(ordered) for ordered in expected(request, timers, None)]
