"""Least privilege, proven: what each function's code calls is allowed, and nothing else is."""

from collections import Counter
from collections.abc import Callable

import pytest
from chalice.app import Chalice
from pynamodb.connection import Connection

from chalicelib.settings import Settings
from infra.stack.functions import FUNCTIONS, Function
from tests.support.api import Api
from tests.support.clock import HOUR, MINUTE, FakeClock
from tests.support.permissions import granted, needed, statements
from tests.support.world import ADMINS_ENTRY, DESIGN, MEMBER, MEMBERS_ENTRY

ALL_INCLUDED = "include=time_entry.service,time_entry.person,organization"


class ApiUser:
    """Walks every endpoint, and each way through it that reads or writes something else."""

    def __init__(self, admin: Api, clock: FakeClock) -> None:
        self._admin = admin
        self._clock = clock

    def __call__(self) -> None:
        self._start_switch_and_stop()
        self._list()

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

    def _list(self) -> None:
        for query in (
            "sort=started_at",
            "sort=stopped_at",
            f"filter[person_id]={MEMBER}",
            f"filter[time_entry_id]={ADMINS_ENTRY}",
            ALL_INCLUDED,
        ):
            assert self._admin.get(f"/timers?{query}").status == 200


@pytest.fixture
def users(admin: Api, clock: FakeClock) -> dict[str, Callable[[], None]]:
    """For each function, what runs all of its code paths."""
    return {"api_handler": ApiUser(admin, clock)}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_policy_grants_what_the_code_calls_and_nothing_else(
    function: Function,
    users: dict[str, Callable[[], None]],
    connection: Connection,
    settings: Settings,
) -> None:
    with needed(connection, settings.table_prefix) as permissions:
        users[function.name]()
    assert Counter(granted(function.name)) == Counter(permissions)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_beside_tables_a_function_may_only_write_its_own_log(function: Function) -> None:
    others = [
        statement
        for statement in statements(function.name)
        if not all(action.startswith("dynamodb:") for action in statement["Action"])
    ]
    assert others == [
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
    assert walked == {(method, path) for path, methods in app.routes.items() for method in methods}
