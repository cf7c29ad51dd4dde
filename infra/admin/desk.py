"""What every command works at: a stage's tables, and who the operator is to the services."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
import click
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.domain.directory import Caller, Claim, Organization, Person, Role
from chalicelib.domain.errors import RecordNotFound, Unavailable
from chalicelib.domain.ids import parse_id
from chalicelib.domain.people import email_claim
from chalicelib.services.toolbox import Toolbox, real_toolbox
from chalicelib.settings import Settings, read_settings
from chalicelib.store.connection import connect, table_name, translated
from chalicelib.store.reads import RawItem
from chalicelib.store.store import Store
from infra.environment import allow_any_credentials

OPERATOR = 0
"""The person that an operator is to the services: nobody's id, so that nobody is mistaken for
them."""

_STAGE = re.compile(r"[a-z][a-z0-9-]{0,29}")
_ATTEMPTS = 6
_PAUSE_SECONDS = 0.5

_NO_TABLES = (
    "Say where: --stage prod for what `make deploy STAGE=prod` made, or --endpoint "
    "http://127.0.0.1:8001 for a DynamoDB-compatible server. A local server without "
    "DYNAMODB_ENDPOINT keeps its tables in its own memory, where no other command can reach them."
)


@dataclass(frozen=True, slots=True)
class Desk:
    """A stage's tables and the means to work on them. ``place`` says in words where they are."""

    place: str
    connection: Connection
    tools: Toolbox
    on_aws: bool

    def organization(self, organization_id: int) -> Organization:
        """An organization. Raises ``RecordNotFound``."""
        wanted = [(Organization, organization_id)]
        found = self.tools.store.look(organization_id, wanted).record(Organization, organization_id)
        if found is None:
            raise RecordNotFound(f"there is no organization {organization_id} in {self.place}")
        return found

    def operator(self, organization_id: int) -> Caller:
        """The operator as an admin of an organization. Raises ``RecordNotFound``."""
        return Caller(self.organization(organization_id), OPERATOR, Role.ADMIN)

    def person(self, caller: Caller, who: str) -> Person:
        """Somebody by id or e-mail address. Raises ``RecordNotFound``."""
        organization_id, person_id = caller.organization.id, parse_id(who)
        if "@" in who:
            claim = email_claim(who)
            held = self.tools.store.look(organization_id, [(Claim, claim)]).record(Claim, claim)
            person_id = None if held is None else held.id
        if person_id is not None:
            wanted = [(Person, person_id)]
            person = self.tools.store.look(organization_id, wanted).record(Person, person_id)
            if person is not None:
                return person
        raise RecordNotFound(f"there is nobody with id or e-mail {who} in {organization_id}")

    def scan(self, model: type[Model], condition: str, **values: Any) -> Iterator[list[RawItem]]:
        """The items of a table that a condition holds for, read consistently, never from an index.

        Page by page of 1 MB of the table, so that who waits can be told. ``values`` are those that
        the condition names, as ``:name``. A page that DynamoDB throttles is asked for again.
        """
        request: dict[str, Any] = {
            "TableName": table_name(model),
            "ConsistentRead": True,
            "FilterExpression": condition,
            "ExpressionAttributeValues": {f":{name}": _typed(it) for name, it in values.items()},
        }
        if "#name" in condition:
            request["ExpressionAttributeNames"] = {"#name": "name"}
        while True:
            answer = self._page(request)
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _page(self, request: dict[str, Any]) -> Any:
        for attempt in range(_ATTEMPTS):
            try:
                with translated():
                    return self.connection.dispatch("Scan", dict(request))
            except Unavailable:
                if attempt == _ATTEMPTS - 1:
                    raise
                self.tools.pause(_PAUSE_SECONDS * 2**attempt)
        raise AssertionError("unreachable")


def open_desk(stage: str | None, region: str | None, endpoint: str | None) -> Desk:
    """The tables that the options and the environment name.

    Raises ``UsageError`` where they name none that a command could reach.
    """
    if stage is not None and not _STAGE.fullmatch(stage):
        raise click.UsageError("--stage: lower-case letters, digits and dashes, at most 30.")
    if stage is None and endpoint is None and not os.environ.get("STINT_TABLE_PREFIX"):
        raise click.UsageError(_NO_TABLES)
    settings = _settings(stage, region, endpoint)
    allow_any_credentials(settings)
    connection = connect(settings)
    where = settings.dynamodb_endpoint or settings.region
    place = f"{settings.table_prefix}-* at {where}"
    # Whoever works on several stages should see which one this is.
    click.echo(f"{place}:", err=True)
    on_aws = endpoint is None or "amazonaws.com" in endpoint
    return Desk(place, connection, real_toolbox(Store(connection)), on_aws)


def _settings(stage: str | None, region: str | None, endpoint: str | None) -> Settings:
    given = {"DYNAMODB_ENDPOINT": endpoint, "AWS_REGION": region or _configured_region()}
    if stage is not None:
        given["STINT_TABLE_PREFIX"] = f"stint-{stage}"
    if endpoint is None and given["AWS_REGION"] is None:
        raise click.UsageError("No AWS region. Say where: --region eu-central-1, or AWS_REGION.")
    return read_settings({**os.environ, **{name: value or "" for name, value in given.items()}})


def _configured_region() -> str | None:
    found: str | None = botocore.session.Session().get_config_variable("region")
    return found


def _typed(value: Any) -> dict[str, str]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
