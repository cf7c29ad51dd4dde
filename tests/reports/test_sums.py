"""The sums of reports equal a plain recount of the entries, whatever happened to them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import QueryTooBroad
from chalicelib.counters.model import Bucket, CounterScope, Listed
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.database import Database
from chalicelib.reports import sums
from chalicelib.reports.model import Sum, SumKey, SumQuery
from chalicelib.reports.sums import read_sums
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.repository import PersonStateModel, TimerModel
from tests.properties.bounds import bounded
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, FakeClock
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    DESIGN,
    DEVELOPMENT,
    MEMBER,
    OTHER_MEMBER,
    ZAGREB,
    create_fixtures,
)
from tests.support.invariants import violations
from tests.support.rollups import roll_up_all
from tests.support.sums import assert_sums
from tests.support.tables import empty_tables
from tools.ops.counter_repair import drifted, read_all

DATES = ["2026-02-28", "2026-03-01", "2026-03-02", "2026-03-31", "2026-04-01"]
PEOPLE = [ADMIN, MEMBER, OTHER_MEMBER]
SERVICES = [DESIGN, DEVELOPMENT]

Act = Callable[["Office"], None]


class Office:
    """Three people whose timers and entries an admin changes at random."""

    def __init__(self, admin: Api, dependencies: Dependencies, clock: FakeClock) -> None:
        self.admin = admin
        self.dependencies = dependencies
        self.clock = clock

    def entry(self, number: int) -> str:
        return self._pick("time_entries", number)

    def timer(self, number: int) -> str:
        return self._pick("timers", number)

    def _pick(self, kind: str, number: int) -> str:
        rows = self.admin.get(f"/{kind}?page[size]=200").ids
        return rows[number % len(rows)] if rows else "1"

    def at(self, hours: int) -> str:
        return datetime.fromtimestamp(self.clock() - hours * HOUR, UTC).isoformat()


def _create(person: int, service: int, date: str, minutes: int) -> Act:
    values = {"person_id": person, "service_id": service, "date": date, "time": minutes}
    return lambda office: _send(
        office.admin.post,
        "/time_entries",
        {"data": {"type": "time_entries", "attributes": values}},
    )


def _auto_stop(office: Office) -> None:
    AutoStop(office.dependencies).run()


def _send(call: Callable[..., Any], *arguments: Any, **values: Any) -> None:
    # A refusal is fine, and changes nothing.
    status = call(*arguments, **values).status
    assert status < 500
    assert status != 401


numbers = st.integers(0, 20)
hours = st.integers(0, 40)
people, services = st.sampled_from(PEOPLE), st.sampled_from(SERVICES)
values = st.one_of(
    st.fixed_dictionaries({"time": st.sampled_from([0, 7, 90, None])}),
    st.fixed_dictionaries({"billable_time": st.sampled_from([0, 30, None])}),
    st.fixed_dictionaries({"date": st.sampled_from(DATES)}),
    st.fixed_dictionaries({"service_id": services}),
    st.fixed_dictionaries({"person_id": people}),
)
acts: st.SearchStrategy[Act] = st.one_of(
    st.builds(_create, people, services, st.sampled_from(DATES), st.integers(0, 500)),
    st.builds(
        lambda n, change: lambda o: _send(o.admin.edit_entry, o.entry(n), **change), numbers, values
    ),
    st.builds(
        lambda person, service: (
            lambda o: _send(o.admin.start, person_id=person, service_id=service)
        ),
        people,
        services,
    ),
    st.builds(
        lambda person, n: (
            lambda o: _send(o.admin.start, person_id=person, time_entry_id=o.entry(n))
        ),
        people,
        numbers,
    ),
    st.builds(
        lambda person, service, start, length: (
            lambda o: _send(
                o.admin.start,
                person_id=person,
                service_id=service,
                started_at=o.at(start),
                stopped_at=o.at(start - min(start, length)),
            )
        ),
        people,
        services,
        hours,
        hours,
    ),
    st.builds(lambda n: lambda o: _send(o.admin.stop, o.timer(n)), numbers),
    st.builds(
        lambda n, h: lambda o: _send(o.admin.edit, o.timer(n), started_at=o.at(h)), numbers, hours
    ),
    st.builds(
        lambda n, h: lambda o: _send(o.admin.edit, o.timer(n), stopped_at=o.at(h)), numbers, hours
    ),
    st.builds(lambda n: lambda o: _send(o.admin.edit, o.timer(n), stopped_at=None), numbers),
    st.builds(
        lambda n, m: lambda o: _send(o.admin.edit, o.timer(n), time_entry_id=o.entry(m)),
        numbers,
        numbers,
    ),
    st.builds(lambda n: lambda o: _send(o.admin.send, "DELETE", f"/timers/{o.timer(n)}"), numbers),
    st.builds(
        lambda n: lambda o: _send(o.admin.send, "DELETE", f"/time_entries/{o.entry(n)}"), numbers
    ),
    st.builds(lambda h: lambda o: o.clock.advance(h * HOUR + 17), hours),
    st.just(_auto_stop),
)


@given(chosen=st.lists(acts, min_size=5, max_size=30))
@bounded(40)
def test_sums_of_every_grouping_equal_a_recount(
    admin: Api,
    dependencies: Dependencies,
    connection: Connection,
    clock: FakeClock,
    chosen: list[Act],
) -> None:
    empty_tables()
    # With tokens that are new on a real engine.
    admin.headers = create_fixtures(dependencies.database).headers(ADMIN)
    office = Office(admin, dependencies, clock)
    for act in chosen:
        act(office)
    assert violations(connection) == []
    roll_up_all(connection)
    assert drifted(read_all(connection)) == set()
    assert assert_sums(connection)


def of_person(person_id: int = ADMIN, *, by_person: bool = False) -> SumQuery:
    people_ids = frozenset({person_id})
    return SumQuery(ZAGREB.id, DATES[0], DATES[-1], people_ids, by_person=by_person)


def test_sums_of_a_person_are_exact_before_the_roll_up(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(90)
    admin.stop(timer_id)
    entries = read_sums(connection, of_person())[SumKey("2026-03-02")]
    assert (entries.seconds, entries.billable_seconds) == (90, 90)


@pytest.mark.parametrize(
    "change",
    [{"service_id": DEVELOPMENT}, {"date": "2026-04-01"}, {"billable_time": 3}],
    ids=["service", "date", "billable time"],
)
@pytest.mark.parametrize("way", ["stop", "switch", "stop of the caller", "auto-stop", "deactivate"])
def test_entry_that_moves_while_its_timer_runs_takes_the_seconds_with_it(
    admin: Api,
    member: Api,
    connection: Connection,
    dependencies: Dependencies,
    clock: FakeClock,
    change: dict[str, Any],
    way: str,
) -> None:
    started = member.start(service_id=DESIGN).data
    entry_id = member.get(f"/timers/{started['id']}?include=time_entry").document["included"][0]
    assert member.edit_entry(entry_id["id"], **change).status == 200
    clock.advance(DAY if way == "auto-stop" else HOUR)
    if way == "auto-stop":
        assert AutoStop(dependencies).run().stopped == 1
    elif way == "deactivate":
        assert admin.patch(f"/people/{MEMBER}/deactivate").status == 200
    elif way == "switch":
        assert member.start(service_id=DESIGN).status == 201
    elif way == "stop":
        assert member.stop(started["id"]).status == 200
    else:
        assert member.patch("/timers/stop").status == 200
    assert violations(connection) == []
    roll_up_all(connection)
    assert_sums(connection)


def test_stop_of_a_timer_that_does_not_know_where_it_counts_reads_its_entry(
    member: Api, connection: Connection, clock: FakeClock
) -> None:
    """A timer that version 0.2.0 started."""
    timer_id = member.start(service_id=DESIGN).data["id"]
    for model, key in (
        (TimerModel, {"key": {"S": f"{ZAGREB.id}#{timer_id}"}}),
        (
            PersonStateModel,
            {"person_key": {"S": f"{ZAGREB.id}#{MEMBER}"}, "name": {"S": "running"}},
        ),
    ):
        connection.dispatch(
            "UpdateItem",
            {
                "TableName": table_name(model),
                "Key": key,
                "UpdateExpression": "REMOVE sum_target",
            },
        )
    clock.advance(HOUR)
    assert member.stop(timer_id).status == 200
    assert violations(connection) == []
    assert sum(one.seconds for one in read_sums(connection, of_person(MEMBER)).values()) == HOUR


def test_nobody_and_no_date_have_no_sums(connection: Connection) -> None:
    nobody = SumQuery(ZAGREB.id, DATES[0], DATES[-1], frozenset())
    backwards = SumQuery(ZAGREB.id, DATES[-1], DATES[0])
    assert read_sums(connection, nobody) == read_sums(connection, backwards) == {}


def test_sums_by_person_of_all_time_read_the_months_that_have_entries(
    database: Database, connection: Connection
) -> None:
    create_fixtures(database)
    roll_up_all(connection)
    all_time = SumQuery(ZAGREB.id, "0001-01-01", "9999-12-31", by_person=True)
    assert {key.date for key in read_sums(connection, all_time)} == {"2026-03-02"}


def test_sums_by_person_of_too_many_months_are_refused(
    admin: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for date in DATES:
        _create(ADMIN, DESIGN, date, 1)(Office(admin, None, None))  # type: ignore[arg-type]
    roll_up_all(connection)
    monkeypatch.setattr(sums, "MAX_MONTHS_OF_PEOPLE", 2)
    with pytest.raises(QueryTooBroad):
        read_sums(connection, SumQuery(ZAGREB.id, DATES[0], DATES[-1], by_person=True))
    # Of the organization, there is no such limit.
    assert read_sums(connection, SumQuery(ZAGREB.id, DATES[0], DATES[-1]))


def test_sum_adds_field_by_field() -> None:
    assert Sum(1, 1, 60, 30) + Sum(2, 0, 5, 7) == Sum(3, 1, 65, 37)


@pytest.mark.parametrize(
    "scope",
    [
        CounterScope(Listed.SUMS, 2149),
        CounterScope(Listed.SUMS, 2149, service_id=1294),
        CounterScope(Listed.SUMS, 2149, 8779, 1294),
    ],
    ids=["organization", "service", "person and service"],
)
def test_keys_of_sums_can_be_read_back(scope: CounterScope) -> None:
    bucket = Bucket(scope, "2026-03")
    key = keys.bucket(bucket)
    assert keys.bucket_in(key["scope"], key["bucket"]) == bucket
    # The stream of counters must not pass buckets on to the roll-up.
    assert not key["bucket"][0].isdigit()
    assert keys.counter_key_in(key["scope"], key["bucket"]) is None
