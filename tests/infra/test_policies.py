"""Least privilege: each function's policy grants exactly the permissions that its code uses."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol
from unittest.mock import patch

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.clients.websocket_connections import connection_sender
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.settings import Settings
from chalicelib.core.write_set import ConcurrentModification
from chalicelib.counters.model import PersonDay
from chalicelib.counters.repository import CounterModel
from chalicelib.deliveries.operations import DeliveryReport
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.database import Database
from chalicelib.handlers.counter_rollup import roll_up_records
from chalicelib.live.model import MAX_CONNECTIONS
from chalicelib.live.pushes import LivePushes
from chalicelib.time_entries import operations
from chalicelib.time_entries.purge_deleted import PurgeDeleted
from chalicelib.time_entries.rules import MAX_TIMERS_PER_STEP
from chalicelib.timers.auto_stop import AutoStop
from chalicelib.timers.model import Timer
from infra.stack.functions import FUNCTIONS, Function
from tests.handlers.test_counter_rollup import changed, stream_event
from tests.live.live import connect, create_ticket, open_connection, secret_of
from tests.support.api import JSON_API, Api
from tests.support.clock import DAY, HOUR, MINUTE, MONDAY_NINE, FakeClock
from tests.support.event_services import EventServices
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    ZAGREB,
)
from tests.support.openapi_checks import ALL_ROUTES, TABLE
from tests.support.permissions import (
    LIST_STREAMS,
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

RUNNING = Timer(16, ZAGREB.id, ADMIN, ADMINS_ENTRY, MONDAY_NINE, MONDAY_NINE + 12 * HOUR)
LIVE_URL = "wss://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live"
"""An address of AWS: moto answers there."""
UNREADABLE = {"dynamodb": {"SequenceNumber": "1"}}

ALL_INCLUDED = "include=time_entry.service,time_entry.person,organization"


class Scenario(Protocol):
    """Runs all code paths of a function: ``prepare`` creates the data, the call runs the paths."""

    def prepare(self) -> None: ...

    def __call__(self) -> None: ...


class ApiScenario:
    """Calls every endpoint, and each of its code paths that uses different permissions."""

    def __init__(self, admin: Api, clock: FakeClock) -> None:
        self._admin = admin
        self._clock = clock

    def prepare(self) -> None:
        """Do nothing: the call creates its own data."""

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
        # The new stop is earlier than the stop by the switch, so this is a correction.
        corrected = admin.stop(first.data["id"], stopped_at=first.attributes["started_at"])
        assert corrected.meta == {}
        clock.advance(MINUTE)
        assert admin.stop(second.data["id"]).status == 200
        assert admin.send("PUT", f"/timers/{second.data['id']}/stop").status == 200
        assert admin.get(f"/timers/{second.data['id']}?{ALL_INCLUDED}").status == 200
        assert admin.start(time_entry_id=MEMBERS_ENTRY, person_id=MEMBER).status == 201
        # A session over three days: the edit relies on the first day, and does not change it.
        times = ("2025-08-01T09:00:00Z", "2025-08-03T09:00:00Z", "2025-08-03T10:00:00Z")
        inserted = admin.start(time_entry_id=ADMINS_ENTRY, started_at=times[0], stopped_at=times[1])
        path = f"/timers/{inserted.data['id']}"
        edited = admin.patch(path, {"data": {"attributes": {"stopped_at": times[2]}}})
        assert edited.status == 200
        assert admin.send("DELETE", path).status == 204

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

        for query in (
            "sort=created_at",
            f"filter[time_entry_id]={ADMINS_ENTRY}",
            f"filter[person_id]={MEMBER}",
        ):
            assert self._admin.get(f"/time_entry_revisions?{query}").status == 200

    def _manage(self) -> None:
        admin = self._admin
        timer_id = admin.get("/timers").ids[0]
        for route in TABLE:
            for method in route.methods:
                send_sample(admin, route, method, timer_id)
        code = admin.post("/pairings", {"data": {"attributes": {}}}).meta["code"]
        document = {"data": {"attributes": {"code": code}}}
        assert admin.post("/pairings/redeem", document).status == 201
        # The entry has a timer, which is deleted too.
        assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
        # A new email address moves the unique constraint; the new role makes the member an admin.
        changes = {"email": "elsewhere@example.com", "role": "admin"}
        assert admin.patch(f"/people/{MEMBER}", {"data": {"attributes": changes}}).status == 200
        assert admin.patch(f"/people/{MEMBER}/archive").status == 200


class AutoStopScenario:
    """Stops an overdue timer despite a concurrent modification, and purges a deleted entry that has
    more timers than one transaction can delete."""

    def __init__(self, admin: Api, clock: FakeClock, dependencies: Dependencies) -> None:
        self._admin = admin
        self._clock = clock
        self._dependencies = dependencies

    def prepare(self) -> None:
        for _ in range(MAX_TIMERS_PER_STEP + 1):
            assert self._admin.start(time_entry_id=ADMINS_SECOND_ENTRY).status == 201
            self._clock.advance(MINUTE)
        assert self._admin.start(time_entry_id=ADMINS_ENTRY).status == 201
        with patch.object(operations, "MAX_PURGE_STEPS", 0):
            deleted = self._admin.send("DELETE", f"/time_entries/{ADMINS_SECOND_ENTRY}")
        assert deleted.status == 204
        self._clock.advance(13 * HOUR)

    def __call__(self) -> None:
        commit, conflicts = Database.commit, [ConcurrentModification()]

        def commit_after_a_conflict(database: Database, writes: Iterable[Any], token: str) -> None:
            if conflicts:
                raise conflicts.pop()
            commit(database, writes, token)

        with patch.object(Database, "commit", commit_after_a_conflict):
            assert AutoStop(self._dependencies).run().stopped == 1
        assert PurgeDeleted(self._dependencies).run().purged == 1


class RollUpScenario:
    """Rolls up the counters of one day of a person."""

    def __init__(self, admin: Api, dependencies: Dependencies) -> None:
        self._admin = admin
        self._dependencies = dependencies

    def prepare(self) -> None:
        assert self._admin.start(time_entry_id=ADMINS_ENTRY).status == 201
        key = {"scope": {"S": "2149#9"}, "bucket": {"S": "2026-03-02"}}
        item = {**key, "s01": {"N": "1.5"}}
        self._dependencies.database.connection.dispatch(
            "PutItem", {"TableName": table_name(CounterModel), "Item": item}
        )

    def __call__(self) -> None:
        day = keys.counter(PersonDay(ZAGREB.id, ADMIN, self._dependencies.now() // DAY))
        records = changed(day["scope"], day["bucket"]), changed("2149#9", "2026-03-02", 2)
        response = roll_up_records(self._dependencies, stream_event(*records))
        assert response == {"batchItemFailures": []}


class FanOutScenario:
    """Sends a start event to webhooks and Intercom, and moves an unreadable record to its queue.
    Pushes to an open connection, and removes one that ended."""

    def __init__(self, event_services: EventServices, admin: Api, clock: FakeClock) -> None:
        self._services = event_services
        self._admin = admin
        self._clock = clock

    def prepare(self) -> None:
        self._services.create_webhook("https://hooks.example.com/")
        self._services.intercom_person = "email"
        for connection_id in ("open", "ended"):
            open_connection(self._services.dependencies, self._admin, connection_id)
        self._clock.advance(MINUTE)

    def __call__(self) -> None:
        post = connection_sender(LIVE_URL, self._services.settings.region)

        def send(connection_id: str, text: str) -> bool:
            # moto has every connection.
            return post(connection_id, text) and connection_id == "open"

        fanout = self._services.event_fanout()
        fanout.live_pushes = LivePushes(self._services.dependencies, lambda: send)
        report = fanout.run([stream_record(None, RUNNING), {**UNREADABLE}])
        assert (report.messages, report.unreadable) == (2, 1)
        assert (report.pushes, report.pushes_failed) == (1, 0)


class ConnectScenario:
    """Opens more connections than are stored of a person."""

    def __init__(self, admin: Api, dependencies: Dependencies) -> None:
        self._admin = admin
        self._dependencies = dependencies
        self._secrets: list[str] = []

    def prepare(self) -> None:
        tickets = (create_ticket(self._admin) for _ in range(MAX_CONNECTIONS + 1))
        self._secrets = [secret_of(ticket) for ticket in tickets]

    def __call__(self) -> None:
        for number, secret in enumerate(self._secrets):
            assert connect(self._dependencies, secret, str(number)) == 200
        assert connect(self._dependencies, self._secrets[0]) == 403


class DeliveryScenario:
    """Delivers, schedules a retry, gives up, pauses the webhook, and stores the delivery status."""

    def __init__(self, event_services: EventServices, receiver: Receiver) -> None:
        self._services = event_services
        self._receiver = receiver

    def prepare(self) -> None:
        event_services = self._services
        for url in ("", "/again", "/gone"):
            event_services.create_webhook(self._receiver.url + url)
        event_services.intercom_person = "user_id"
        event_services.intercom_url = self._receiver.url
        event_services.fan_out(stream_record(None, RUNNING))
        self._receiver.responses = [status(204), status(500), status(410), status(202)]

    def __call__(self) -> None:
        messages = dict(enumerate(self._services.texts(self._services.settings.deliveries_url)))
        worker = self._services.webhook_delivery()
        report = worker.run({str(number): text for number, text in messages.items()})
        assert report == DeliveryReport(delivered=2, waiting=1, given_up=1)


@pytest.fixture
def scenarios(
    admin: Api,
    clock: FakeClock,
    dependencies: Dependencies,
    event_services: EventServices,
    receiver: Receiver,
) -> dict[str, Scenario]:
    """By function name: the scenario that runs all of its code paths."""
    return {
        "api_handler": ApiScenario(admin, clock),
        "auto_stop": AutoStopScenario(admin, clock, dependencies),
        "counter_rollup": RollUpScenario(admin, dependencies),
        "event_fanout": FanOutScenario(event_services, admin, clock),
        "webhook_delivery": DeliveryScenario(event_services, receiver),
        "websocket_connect": ConnectScenario(admin, dependencies),
    }


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_policy_grants_exactly_the_table_permissions_in_use(
    function: Function,
    scenarios: dict[str, Scenario],
    connection: Connection,
    settings: Settings,
) -> None:
    scenarios[function.name].prepare()
    with needed(connection, settings.table_prefix) as permissions:
        scenarios[function.name]()
    assert Counter(granted(function.name)) == Counter(permissions)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_policy_grants_exactly_the_other_permissions_in_use(
    function: Function,
    scenarios: dict[str, Scenario],
    event_services: EventServices,
    template: Json,
) -> None:
    scenarios[function.name].prepare()
    with needed_outside(event_services.settings) as called:
        scenarios[function.name]()
    event_sources = needed_by_sources(template["Resources"][function.logical_id])
    # The stack has its own webhook key, or one that a deleted stack retained. One is granted.
    keys = {(action, "WebhookKeySecret") for action, resource in called if resource == "WebhookKey"}
    assert granted_beside_tables(function.name) == called | keys | event_sources


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_function_can_write_only_its_own_log_group(function: Function) -> None:
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
def test_policies_have_no_deny_and_one_wildcard_where_iam_needs_it(function: Function) -> None:
    for statement in statements(function.name):
        assert set(statement) == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        if statement["Action"] == [LIST_STREAMS[0]]:
            assert statement["Resource"] == [LIST_STREAMS[1]]
        elif statement["Sid"] == "PushToConnections":
            # All connections of this API: their ids are not known before.
            assert repr(statement).count("*") == 1
        else:
            assert "*" not in repr(statement)


def test_api_scenario_calls_every_endpoint(
    app: Chalice, admin: Api, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    called_routes: set[tuple[str, str]] = set()
    call = Chalice.__call__

    def record(self: Chalice, event: dict[str, dict[str, str]], context: object) -> object:
        request_context = event["requestContext"]
        called_routes.add((request_context["httpMethod"], request_context["resourcePath"]))
        return call(self, event, context)

    monkeypatch.setattr(Chalice, "__call__", record)
    ApiScenario(admin, clock)()
    # Documentation pages and empty lists need no permissions: tests/http/test_public_pages.py,
    # tests/productive/test_absent_collections.py. HEAD calls what GET calls.
    assert called_routes == {
        (method, path)
        for path in {f"/api/v2{route.path}" for route in ALL_ROUTES}
        for method in app.routes[path]
        if method not in ("HEAD", "OPTIONS")
    }
