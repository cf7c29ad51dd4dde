"""Property test: the pages of revisions, joined, are a plain Python list, filtered and sorted.

The model is written only from contract sections 4a and 6. It knows no partitions and no limits.
"""

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.dynamodb.items import to_item
from chalicelib.revisions.model import Revision, RevisionAction, RevisionSubject
from chalicelib.revisions.repository import RevisionModel
from tests.properties.bounds import bounded
from tests.support.api import Api
from tests.support.clock import DAY, MONDAY_NINE
from tests.support.fault_injection import intercepted
from tests.support.fixtures import ADMIN, KOLKATA, MEMBER, OTHER_MEMBER, ZAGREB
from tests.support.tables import empty_tables

ZONE = ZoneInfo("Europe/Zagreb")
PEOPLE = [ADMIN, MEMBER, OTHER_MEMBER]
BASE = "http://stint.test/api/v2"
PATHS = {
    RevisionSubject.TIMER: "/timer_revisions",
    RevisionSubject.TIME_ENTRY: "/time_entry_revisions",
}


@dataclass(frozen=True)
class Condition:
    """A filter condition: its query parameter and what it means in the contract."""

    name: str
    operator: str
    value: str
    matches: Callable[[Revision], bool]

    def parameter(self, group: int) -> tuple[str, str]:
        return f"filter[{group}][{self.name}][{self.operator}]", self.value


@st.composite
def revision(draw: Any, id_: int) -> Revision:
    subject = draw(st.sampled_from(RevisionSubject))
    subject_id = draw(st.integers(1, 3))
    is_entry = subject is RevisionSubject.TIME_ENTRY
    return Revision(
        id=id_,
        organization_id=draw(st.sampled_from([ZAGREB.id, ZAGREB.id, ZAGREB.id, KOLKATA.id])),
        subject=subject,
        subject_id=subject_id,
        time_entry_id=subject_id if is_entry else draw(st.integers(1, 3)),
        person_id=draw(st.sampled_from(PEOPLE)),
        creator_id=draw(st.sampled_from(PEOPLE)),
        token_id=draw(st.sampled_from([None, 7])),
        action=draw(st.sampled_from(RevisionAction)),
        # Ids and times do not have the same order: the clocks of two processes differ.
        created_at=MONDAY_NINE + draw(st.sampled_from([0, 1, 2, DAY, DAY + 1, 3 * DAY])),
        before={"note": draw(st.text(max_size=3)), "started_at": None},
        after={"note": None, "started_at": draw(st.none() | st.integers(0, 9))},
    )


@st.composite
def revisions(draw: Any) -> list[Revision]:
    ids = draw(st.lists(st.integers(1, 2**53 - 1), max_size=25, unique=True))
    return [draw(revision(id_)) for id_ in ids]


def id_conditions(name: str, field: str, known: list[int]) -> st.SearchStrategy[Condition]:
    def build(op: str, ids: list[int]) -> Condition:
        return Condition(
            name,
            op,
            ",".join(map(str, ids)),
            lambda each: (getattr(each, field) in ids) is (op in ("eq", "any_of")),
        )

    ids = st.lists(st.sampled_from([*known, 99]), min_size=1, max_size=3, unique=True)
    return st.builds(build, st.sampled_from(["eq", "any_of", "not_eq", "none_of"]), ids)


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "not_eq": operator.ne,
    "gt": operator.gt,
    "gt_eq": operator.ge,
    "lt": operator.lt,
    "lt_eq": operator.le,
}


def time_conditions() -> st.SearchStrategy[Condition]:
    def build(op: str, timestamp: int, *, as_date: bool) -> Condition:
        moment = datetime.fromtimestamp(timestamp, ZONE)
        text = moment.date().isoformat() if as_date else moment.isoformat()

        def matches(each: Revision) -> bool:
            created_at = datetime.fromtimestamp(each.created_at, ZONE)
            if as_date:
                return COMPARE[op](created_at.date(), moment.date())
            return COMPARE[op](created_at, moment)

        return Condition("created_at", op, text, matches)

    timestamps = st.sampled_from([MONDAY_NINE + seconds for seconds in (0, 1, DAY, DAY + 1)])
    return st.builds(build, st.sampled_from(sorted(COMPARE)), timestamps, as_date=st.booleans())


def conditions(subject: RevisionSubject) -> st.SearchStrategy[list[Condition]]:
    kinds = [
        id_conditions("time_entry_id", "time_entry_id", [1, 2, 3]),
        id_conditions("person_id", "person_id", PEOPLE),
        id_conditions("creator_id", "creator_id", PEOPLE),
        time_conditions(),
    ]
    if subject is RevisionSubject.TIMER:
        kinds.append(id_conditions("timer_id", "subject_id", [1, 2, 3]))
    return st.lists(st.one_of(kinds), max_size=3)


def pages(api: Api, path: str) -> Iterator[list[str]]:
    """The ids of each page, until the end of the list."""
    following: str | None = path
    while following is not None:
        response = api.get(following)
        assert response.status == 200, response.body
        yield response.ids
        link = response.document["links"].get("next")
        following = None if link is None else link.removeprefix(BASE)


@contextmanager
def rows_per_call(connection: Connection, limit: int) -> Iterator[None]:
    """Return at most ``limit`` rows from each call, like a call that reaches 1 MB."""

    def wrap(real: Any) -> Any:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == "Query":
                arguments = {**arguments, "Limit": min(limit, arguments.get("Limit", limit))}
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        yield


@given(
    data=st.data(),
    stored=revisions(),
    subject=st.sampled_from(RevisionSubject),
    limit=st.sampled_from([1, 2, 3, 1000]),
)
@bounded(150)
def test_pages_of_revisions_match_a_plain_list(
    admin: Api,
    member: Api,
    connection: Connection,
    data: Any,
    stored: list[Revision],
    subject: RevisionSubject,
    limit: int,
) -> None:
    descending = data.draw(st.sampled_from([None, True, False]))
    size = data.draw(st.sampled_from([1, 2, 3, 30]))
    empty_tables(RevisionModel)
    write_all(connection, ((RevisionModel, to_item(each).serialize()) for each in stored))
    drawn = data.draw(conditions(subject))
    parameters = [each.parameter(group) for group, each in enumerate(drawn)]
    parameters += [("filter[$op]", "and"), ("page[size]", str(size))]
    if descending is not None:
        parameters.append(("sort", "-created_at" if descending else "created_at"))
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in parameters)
    for api, person_id in ((admin, None), (member, MEMBER)):
        matching = [
            each
            for each in stored
            if (each.organization_id, each.subject) == (ZAGREB.id, subject)
            and person_id in (None, each.person_id)
            and all(condition.matches(each) for condition in drawn)
        ]
        ordered = sorted(
            matching,
            key=lambda each: (each.created_at, each.id),
            reverse=descending is not False,
        )
        with rows_per_call(connection, limit):
            read = list(pages(api, f"{PATHS[subject]}?{query}"))
        assert [id_ for page in read for id_ in page] == [str(each.id) for each in ordered]
        assert all(len(page) <= size for page in read)
