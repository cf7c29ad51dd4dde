"""Reads of single records, creation, and what drivers' errors become."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from pynamodb.connection import Connection
from pynamodb.exceptions import VerboseClientError

from chalicelib.domain.directory import Organization, Person, Service
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.tokens import digest
from chalicelib.store.connection import table_name
from chalicelib.store.models import MODELS, TimerModel
from chalicelib.store.store import Store
from infra.tables import create_tables
from tests.support.calls import counted
from tests.support.faults import failing
from tests.support.tables import TABLE_PREFIX
from tests.support.world import (
    ADMIN,
    DESIGN,
    KOLKATA,
    MEMBER,
    STRANGER,
    ZAGREB,
    World,
    put_all,
)

URL = "http://127.0.0.1"


def test_all_models_share_one_connection(connection: Connection) -> None:
    assert {model._get_connection().connection for model in MODELS} == {connection}


@pytest.mark.usefixtures("connection")
def test_tables_carry_the_stages_prefix() -> None:
    assert table_name(TimerModel) == f"{TABLE_PREFIX}-timers"


@pytest.mark.usefixtures("connection")
def test_tables_are_created_once() -> None:
    assert create_tables() == []


def test_a_record_is_created_once_and_never_overwritten(store: Store) -> None:
    assert store.create(ZAGREB)
    assert not store.create(Organization(ZAGREB.id, "Another", "UTC"))
    found = store.records(ZAGREB.id, [(Organization, ZAGREB.id)])
    assert found == {(Organization, ZAGREB.id): ZAGREB}


def test_credentials_tell_an_unknown_token_from_another_organization(world: World) -> None:
    key = digest(world.tokens[ADMIN])
    token, organization = world.store.credentials(key, ZAGREB.id)
    assert token is not None
    assert (token.person_id, organization) == (ADMIN, ZAGREB)
    assert world.store.credentials(key, KOLKATA.id) == (token, KOLKATA)
    assert world.store.credentials(key, 9999) == (token, None)
    assert world.store.credentials(key, None) == (token, None)
    assert world.store.credentials(digest("unknown"), ZAGREB.id) == (None, ZAGREB)


def test_records_of_several_kinds_are_read_in_one_call(
    world: World, connection: Connection
) -> None:
    wanted: list[tuple[Any, int]] = [
        (Person, MEMBER),
        (Service, DESIGN),
        (Service, DESIGN),
        (Organization, ZAGREB.id),
        (Person, STRANGER),
        (Service, 4711),
    ]
    with counted(connection) as calls:
        found = world.store.records(ZAGREB.id, wanted)
    assert calls == ["BatchGetItem"]
    # Nothing of another organization, nothing that does not exist.
    assert set(found) == {(Person, MEMBER), (Service, DESIGN), (Organization, ZAGREB.id)}


def test_more_than_a_hundred_records_take_a_second_call(
    store: Store, connection: Connection
) -> None:
    services = [Service(number, ZAGREB.id, f"Service {number}") for number in range(1, 151)]
    put_all(*services)
    with counted(connection) as calls:
        found = store.records(ZAGREB.id, [(Service, it.id) for it in services])
    assert calls == ["BatchGetItem", "BatchGetItem"]
    assert {name[1]: it for name, it in found.items()} == {it.id: it for it in services}


def test_what_dynamodb_leaves_unprocessed_is_asked_for_again(
    world: World, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = connection.dispatch
    asked = []

    def first_nothing(operation: str, arguments: dict[str, Any]) -> Any:
        asked.append(operation)
        if len(asked) == 1:
            return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}
        return real(operation, arguments)

    monkeypatch.setattr(connection, "dispatch", first_nothing)
    assert (Person, ADMIN) in world.store.records(ZAGREB.id, [(Person, ADMIN)])
    assert len(asked) == 2


def test_what_stays_unprocessed_is_unavailable(
    world: World, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_: str, arguments: dict[str, Any]) -> Any:
        return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}

    monkeypatch.setattr(connection, "dispatch", nothing)
    with pytest.raises(Unavailable):
        world.store.records(ZAGREB.id, [(Person, ADMIN)])


@pytest.mark.parametrize(
    "fault",
    [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "InternalServerError",
        ConnectTimeoutError(endpoint_url=URL),
        ReadTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
    ],
)
def test_a_database_that_is_away_is_unavailable(
    store: Store, connection: Connection, fault: str | Exception
) -> None:
    with failing(connection, "BatchGetItem", fault), pytest.raises(Unavailable) as raised:
        store.timer(ZAGREB.id, 1)
    assert raised.value.retry_after


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_a_fault_of_ours_is_not_called_unavailable(
    store: Store, connection: Connection, code: str
) -> None:
    with (
        failing(connection, "BatchGetItem", code),
        pytest.raises((ClientError, VerboseClientError)) as raised,
    ):
        store.timer(ZAGREB.id, 1)
    assert not isinstance(raised.value, Unavailable)


def test_timeouts_are_short_enough_for_api_gateway(connection: Connection) -> None:
    config: Any = connection.client.meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) * 2 < 29
