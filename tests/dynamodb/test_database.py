"""Read and create single records, and translate errors of the AWS client."""

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

from chalicelib.api_tokens.authentication import digest
from chalicelib.api_tokens.model import Credential
from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import connect, table_name
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.pynamodb_adapter import connection_of
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person
from chalicelib.registry import models
from chalicelib.services.model import Service
from chalicelib.timers.model import Timer
from chalicelib.timers.repository import TimerModel
from tests.support.call_counter import counted
from tests.support.failing_calls import failing
from tests.support.fixtures import (
    ADMIN,
    DESIGN,
    KOLKATA,
    MEMBER,
    STRANGER,
    ZAGREB,
    Fixtures,
    put_all,
)
from tests.support.table_snapshots import TABLE_PREFIX
from tools.tables import create_tables

URL = "http://127.0.0.1"


def test_all_models_share_one_connection(connection: Connection) -> None:
    assert {connection_of(model) for model in models()} == {connection}


@pytest.mark.usefixtures("connection")
def test_table_names_have_the_prefix_of_the_stage() -> None:
    assert table_name(TimerModel) == f"{TABLE_PREFIX}-timers"


@pytest.mark.usefixtures("connection")
def test_existing_tables_are_not_created_again() -> None:
    assert create_tables() == []


def test_create_does_not_overwrite_an_existing_record(database: Database) -> None:
    assert database.create(ZAGREB)
    assert not database.create(Organization(ZAGREB.id, "Another", "UTC"))
    loaded = database.get_many(ZAGREB.id, [(Organization, ZAGREB.id)])
    assert loaded.records == {(Organization, ZAGREB.id): ZAGREB}


def credentials(
    database: Database, token_hash: str, organization_id: int | None
) -> tuple[Credential | None, Organization | None]:
    """Return a token and an organization, read in one call."""
    wanted = [(Credential, token_hash), (Organization, organization_id)]
    loaded = database.get_many(organization_id or 0, wanted)
    return loaded.get(Credential, token_hash), loaded.get(Organization, organization_id)


def test_credentials_distinguish_unknown_token_from_other_organization(fixtures: Fixtures) -> None:
    token_hash = digest(fixtures.tokens[ADMIN])
    token, organization = credentials(fixtures.database, token_hash, ZAGREB.id)
    assert token is not None
    assert (token.person_id, organization) == (ADMIN, ZAGREB)
    assert credentials(fixtures.database, token_hash, KOLKATA.id) == (token, KOLKATA)
    assert credentials(fixtures.database, token_hash, 9999) == (token, None)
    assert credentials(fixtures.database, token_hash, None) == (token, None)
    assert credentials(fixtures.database, digest("unknown"), ZAGREB.id) == (None, ZAGREB)


def test_records_of_several_classes_are_read_in_one_call(
    fixtures: Fixtures, connection: Connection
) -> None:
    names: list[tuple[Any, int]] = [
        (Person, MEMBER),
        (Service, DESIGN),
        (Service, DESIGN),
        (Organization, ZAGREB.id),
        (Person, STRANGER),
        (Service, 4711),
    ]
    with counted(connection) as calls:
        records = fixtures.database.get_many(ZAGREB.id, names).records
    assert calls == ["BatchGetItem"]
    # Records of other organizations and records that do not exist are left out.
    assert set(records) == {(Person, MEMBER), (Service, DESIGN), (Organization, ZAGREB.id)}


def test_more_than_100_records_are_read_in_two_calls(
    database: Database, connection: Connection
) -> None:
    services = [Service(number, ZAGREB.id, f"Service {number}") for number in range(1, 151)]
    put_all(*services)
    with counted(connection) as calls:
        loaded = database.get_many(ZAGREB.id, [(Service, service.id) for service in services])
    assert calls == ["BatchGetItem", "BatchGetItem"]
    by_id = {service_id: record for (_, service_id), record in loaded.records.items()}
    assert by_id == {service.id: service for service in services}


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
def test_transient_database_error_raises_unavailable(
    database: Database, connection: Connection, fault: str | Exception
) -> None:
    with failing(connection, "BatchGetItem", fault), pytest.raises(Unavailable) as raised:
        database.get(Timer, ZAGREB.id, 1)
    assert raised.value.retry_after


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_permanent_database_error_does_not_raise_unavailable(
    database: Database, connection: Connection, code: str
) -> None:
    with (
        failing(connection, "BatchGetItem", code),
        pytest.raises((ClientError, VerboseClientError)) as raised,
    ):
        database.get(Timer, ZAGREB.id, 1)
    assert not isinstance(raised.value, Unavailable)


def test_timeouts_are_shorter_than_the_api_gateway_timeout(settings: Settings) -> None:
    config: Any = connect(settings, ()).client.meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) * 2 < 29
