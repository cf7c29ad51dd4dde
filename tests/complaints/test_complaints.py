"""What people complain of in every time tracker: a test for each, named after it.

docs/how-stint-keeps-time.md makes these promises, and names these tests.
"""

import json
from concurrent.futures import ThreadPoolExecutor

from pynamodb.connection import Connection

from chalicelib.services.sweeping import sweep
from chalicelib.services.toolbox import Toolbox
from infra.invariants import check
from infra.ledger import Ledger
from infra.local.gateway import Gateway
from tests.support.api import JSON_API, Api
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.tables import items
from tests.support.world import ADMINS_ENTRY, ADMINS_SECOND_ENTRY, ZAGREB


def holds(connection: Connection) -> bool:
    return not any(check(books) for books in Ledger(connection).read_all().values())


def test_a_double_tap_made_two_timers(admin: Api, connection: Connection) -> None:
    gateway = Gateway(admin._app, "*")
    headers = {name.lower(): value for name, value in admin.headers.items()}
    headers |= {"content-type": JSON_API, "idempotency-key": "one tap, sent twice"}
    body = json.dumps({"data": {"attributes": {"time_entry_id": ADMINS_ENTRY}}}).encode()
    with ThreadPoolExecutor(2) as taps:
        answers = list(
            taps.map(lambda _: gateway.handle("POST", "/api/v2/timers", headers, body), range(2))
        )
    assert [answer.status for answer in answers] == [201, 201]
    assert len(items(connection, "timers")) == 1
    # And two real taps leave one running, the first stopped where the second began.
    del headers["idempotency-key"]
    with ThreadPoolExecutor(2) as taps:
        list(taps.map(lambda _: gateway.handle("POST", "/api/v2/timers", headers, body), range(2)))
    running = [timer for timer in items(connection, "timers") if "stopped_at" not in timer]
    assert len(running) == 1
    assert holds(connection)


def test_a_retry_moved_the_stop_time(admin: Api, clock: FakeClock) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    first = admin.stop(timer_id)
    clock.advance(HOUR)
    retry = admin.stop(timer_id)
    assert retry.status == 200
    assert retry.attributes == first.attributes
    assert retry.attributes["total_time"] == 60


def test_a_phone_came_back_online_and_undid_a_stop(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(HOUR)
    admin.stop(timer_id)
    clock.advance(HOUR)
    # The phone, offline since, believes that it runs until now; then that it never stopped.
    late = admin.stop(timer_id, stopped_at="2026-03-02T11:00:00+01:00")
    assert (late.status, late.attributes["total_time"]) == (200, 60)
    replayed = admin.start(time_entry_id=ADMINS_ENTRY, started_at="2026-03-02T09:00:00+01:00")
    assert (replayed.status, replayed.error["code"]) == (422, "overlaps_session")
    assert holds(connection)


def test_a_forgotten_timer_ran_for_three_days(
    admin: Api, tools: Toolbox, connection: Connection, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(3 * DAY)
    assert sweep(tools).stopped == 1
    answer = admin.get(f"/timers/{timer_id}")
    assert answer.attributes["total_time"] == ZAGREB.auto_stop_after // MINUTE
    assert answer.data["meta"] == {"stop_reason": "auto"}
    # Whoever remembers when they really stopped says so.
    corrected = admin.stop(timer_id, stopped_at="2026-03-02T17:30:00+01:00")
    assert corrected.attributes["total_time"] == 510
    assert "meta" not in corrected.data
    assert holds(connection)


def test_a_cap_made_a_timer_impossible_to_stop(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(40 * DAY)
    answer = admin.stop(timer_id)
    assert (answer.status, answer.attributes["total_time"]) == (200, 40 * 24 * 60)
    assert holds(connection)


def test_skewed_clocks_gave_negative_times(
    admin: Api, connection: Connection, clock: FakeClock
) -> None:
    first = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(-5 * MINUTE)
    assert admin.stop(first).attributes["total_time"] == 0
    second = admin.start(time_entry_id=ADMINS_SECOND_ENTRY)
    third = admin.start(time_entry_id=ADMINS_ENTRY)
    early = admin.stop(third.data["id"], stopped_at="2026-03-01T09:00:00+01:00")
    assert early.attributes["total_time"] == 0
    for timer_id in (first, second.data["id"], third.data["id"]):
        shown = admin.get(f"/timers/{timer_id}").attributes
        assert shown["stopped_at"] >= shown["started_at"]
    assert holds(connection)
