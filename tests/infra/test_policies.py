"""Least privilege, proven: what each function's code calls is allowed, and nothing else is."""

import json
from collections import Counter
from typing import Protocol
from unittest.mock import patch

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.domain.tallies import PersonDay
from chalicelib.domain.time_entries import MOST_TIMERS_A_STEP
from chalicelib.domain.timers import Timer
from chalicelib.http.pages import pages
from chalicelib.services.clearing import clear_deleted
from chalicelib.services.delivering import DeliveryReport, deliver
from chalicelib.services.rolling_up import roll_up
from chalicelib.services.sweeping import sweep
from chalicelib.services.toolbox import Toolbox
from chalicelib.settings import Settings
from chalicelib.store.store import Store
from chalicelib.store.transactions import Commit, LostRace
from infra.stack.functions import FUNCTIONS, Function
from tests.support.api import JSON_API, Api
from tests.support.clock import DAY, HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.described import TABLE
from tests.support.outside import Outside
from tests.support.permissions import (
    granted,
    granted_beside_tables,
    needed,
    needed_by_sources,
    needed_outside,
    statements,
)
from tests.support.receiver import Receiver, status
from tests.support.samples import send_sample
from tests.support.stack import Json
from tests.support.stream_records import stream_record
from tests.support.world import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    ZAGREB,
)

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE, MONDAY_NINE + 12 * HOUR)
UNREADABLE = {"dynamodb": {"SequenceNumber": "1"}}

ALL_INCLUDED = "include=time_entry.service,time_entry.person,organization"


class User(Protocol):
    """Who uses a function: what must be there first, and then all that it can do."""

    def prepare(self) -> None: ...

    def __call__(self) -> None: ...


class ApiUser:
    """Walks every endpoint, and each way through it that reads or writes something else."""

    def __init__(self, admin: Api, clock: FakeClock) -> None:
        self._admin = admin
        self._clock = clock

    def prepare(self) -> None:
        """Nothing: it makes what it needs."""

    def __call__(self) -> None:
        self._start_switch_and_stop()
        self._repeat()
        self._list()
        self._manage()

    def _start_switch_and_stop(self) -> None:
        admin, clock = self._admin, self._clock
        first = admin.start(time_entry_id=ADMINS_ENTRY)
        clock.advance(HOUR)
        second = admin.start(service_id=DESIGN)
        assert second.meta == {"stopped_timer_ids": [first.data["id"]]}
        # Earlier than the switch that stopped it: a correction.
        corrected = admin.stop(first.data["id"], stopped_at=first.attributes["started_at"])
        assert corrected.meta == {}
        clock.advance(MINUTE)
        assert admin.stop(second.data["id"]).status == 200
        assert admin.send("PUT", f"/timers/{second.data['id']}/stop").status == 200
        assert admin.get(f"/timers/{second.data['id']}?{ALL_INCLUDED}").status == 200
        assert admin.start(time_entry_id=MEMBERS_ENTRY, person_id=MEMBER).status == 201

    def _repeat(self) -> None:
        body = json.dumps({"data": {"attributes": {"time_entry_id": ADMINS_ENTRY}}}).encode()
        once = {"Content-Type": JSON_API, "Idempotency-Key": "policy-start"}
        stop = f"/time_entries/{ADMINS_ENTRY}/stop"
        for _ in range(2):
            assert self._admin.send("POST", "/timers", body, once).status == 201
        for _ in range(2):
            key = {"Idempotency-Key": "policy-stop"}
            assert self._admin.send("PATCH", stop, headers=key).status == 200

    def _list(self) -> None:
        for query in (
            "sort=started_at",
            "sort=stopped_at",
            f"filter[person_id]={MEMBER}",
            f"filter[time_entry_id]={ADMINS_ENTRY}",
            ALL_INCLUDED,
            "page[size]=1",
            "page[size]=1&filter[started_at][lt]=2027-01-01",
        ):
            assert self._admin.get(f"/timers?{query}").status == 200
        for query in (
            "sort=-date",
            f"filter[person_id]={MEMBER}",
            f"filter[service_id]={DESIGN}",
            "page[size]=1",
        ):
            assert self._admin.get(f"/time_entries?{query}").status == 200

    def _manage(self) -> None:
        admin = self._admin
        timer_id = admin.get("/timers").ids[0]
        for route in TABLE:
            for method in route.methods:
                send_sample(admin, route, method, timer_id)
        # With a timer on it, which goes with it.
        assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
        # Another address, so that a claim moves; another role, and another admin for good.
        changes = {"email": "elsewhere@example.com", "role": "admin"}
        assert admin.patch(f"/people/{MEMBER}", {"data": {"attributes": changes}}).status == 200
        assert admin.patch(f"/people/{MEMBER}/archive").status == 200


class Sweeper:
    """Stops a forgotten timer that somebody touches in the same moment, and clears away a deleted
    entry that had more timers than one transaction takes."""

    def __init__(self, admin: Api, clock: FakeClock, tools: Toolbox) -> None:
        self._admin = admin
        self._clock = clock
        self._tools = tools

    def prepare(self) -> None:
        for _ in range(MOST_TIMERS_A_STEP + 1):
            assert self._admin.start(time_entry_id=ADMINS_SECOND_ENTRY).status == 201
            self._clock.advance(MINUTE)
        assert self._admin.start(time_entry_id=ADMINS_ENTRY).status == 201
        deleted = self._admin.send("DELETE", f"/time_entries/{ADMINS_SECOND_ENTRY}")
        assert deleted.status == 204
        self._clock.advance(13 * HOUR)

    def __call__(self) -> None:
        commit, lost = Store.commit, [LostRace()]

        def commit_or_lose(store: Store, changes: Commit, token: str) -> None:
            if lost:
                raise lost.pop()
            commit(store, changes, token)

        with patch.object(Store, "commit", commit_or_lose):
            assert sweep(self._tools).stopped == 1
        assert clear_deleted(self._tools).cleared == 1


class RollUpUser:
    """Rolls a person's day up."""

    def __init__(self, admin: Api, tools: Toolbox) -> None:
        self._admin = admin
        self._tools = tools

    def prepare(self) -> None:
        assert self._admin.start(time_entry_id=ADMINS_ENTRY).status == 201

    def __call__(self) -> None:
        day = PersonDay(ZAGREB.id, ADMIN, self._tools.now() // DAY)
        assert roll_up(self._tools, {day}) == set()


class FanOutUser:
    """Tells webhooks and Intercom of a start, and puts aside what it cannot read."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def prepare(self) -> None:
        self._outside.create_webhook("https://hooks.example.com/")
        self._outside.intercom_person = "email"

    def __call__(self) -> None:
        report = self._outside.fan_out(stream_record(None, RUNNING), {**UNREADABLE})
        assert (report.messages, report.unreadable) == (2, 1)


class DeliveryUser:
    """Delivers, fails for now, gives up, pauses, and marks what failed and succeeded."""

    def __init__(self, outside: Outside, receiver: Receiver) -> None:
        self._outside = outside
        self._receiver = receiver

    def prepare(self) -> None:
        outside = self._outside
        for url in ("", "/again", "/gone"):
            outside.create_webhook(self._receiver.url + url)
        outside.intercom_person = "user_id"
        outside.intercom_url = self._receiver.url
        outside.fan_out(stream_record(None, RUNNING))
        self._receiver.answers = [status(204), status(500), status(410), status(202)]

    def __call__(self) -> None:
        tools = self._outside.delivery_tools()
        messages = dict(enumerate(self._outside.texts(self._outside.settings.deliveries_url)))
        report = deliver(tools, {str(number): text for number, text in messages.items()})
        assert report == DeliveryReport(delivered=2, waiting=1, given_up=1)


@pytest.fixture
def users(
    admin: Api, clock: FakeClock, tools: Toolbox, outside: Outside, receiver: Receiver
) -> dict[str, User]:
    """For each function, what runs all of its code paths."""
    return {
        "api_handler": ApiUser(admin, clock),
        "sweep": Sweeper(admin, clock, tools),
        "rollup": RollUpUser(admin, tools),
        "fan_out": FanOutUser(outside),
        "delivery": DeliveryUser(outside, receiver),
    }


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_policy_grants_what_the_code_calls_and_nothing_else(
    function: Function,
    users: dict[str, User],
    connection: Connection,
    settings: Settings,
) -> None:
    users[function.name].prepare()
    with needed(connection, settings.table_prefix) as permissions:
        users[function.name]()
    assert Counter(granted(function.name)) == Counter(permissions)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_beside_tables_a_policy_grants_what_is_called_and_what_feeds_it(
    function: Function, users: dict[str, User], outside: Outside, template: Json
) -> None:
    users[function.name].prepare()
    with needed_outside(outside.settings) as called:
        users[function.name]()
    fed = needed_by_sources(template["Resources"][function.logical_id])
    # The key is the stack's own, or one that outlived an earlier stack: one of them is granted.
    keys = {(action, "WebhookKeySecret") for action, place in called if place == "WebhookKey"}
    assert granted_beside_tables(function.name) == called | keys | fed


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_may_only_write_its_own_log(function: Function) -> None:
    logging = [
        statement
        for statement in statements(function.name)
        if any(action.startswith("logs:") for action in statement["Action"])
    ]
    assert logging == [
        {
            "Sid": "WriteLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [{"Fn::GetAtt": [function.logs_id, "Arn"]}],
        }
    ]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_no_policy_holds_a_wildcard_or_forbids_anything(function: Function) -> None:
    for statement in statements(function.name):
        assert set(statement) == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        assert "*" not in repr(statement)


def test_the_api_user_walks_every_endpoint(
    app: Chalice, admin: Api, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: set[tuple[str, str]] = set()
    call = Chalice.__call__

    def note(self: Chalice, event: dict[str, dict[str, str]], context: object) -> object:
        asked = event["requestContext"]
        walked.add((asked["httpMethod"], asked["resourcePath"]))
        return call(self, event, context)

    monkeypatch.setattr(Chalice, "__call__", note)
    ApiUser(admin, clock)()
    # Pages ask nobody for anything: tests/http/test_pages.py.
    served = app.routes.keys() - {page.path for page in pages(TABLE)}
    assert walked == {(method, path) for path in served for method in app.routes[path]}
