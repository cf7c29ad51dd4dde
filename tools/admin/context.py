"""Context of a command: a stage's tables, and the operator as a caller of the services."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.core.errors import RecordNotFound, Unavailable
from chalicelib.core.ids import parse_id
from chalicelib.core.permissions import Caller
from chalicelib.dynamodb.connection import RawItem, connect, last_key, table_name, translate_errors
from chalicelib.dynamodb.database import Database
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person, Role, UniqueConstraint
from chalicelib.people.rules import email_constraint
from chalicelib.registry import models
from tools.stage import Selection, SelectionError, select_stage

OPERATOR = 0
"""The operator's person id in calls to the services; no person has this id."""

_ATTEMPTS = 6
_SLEEP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class AdminContext:
    """A stage's tables and the dependencies to work on them; ``place`` describes where they are.

    ``stack`` is the stage's stack in CloudFormation; None: there is none.
    """

    place: str
    connection: Connection
    dependencies: Dependencies
    on_aws: bool
    stack: str | None = None

    def organization(self, organization_id: int) -> Organization:
        """Return an organization. Raises ``RecordNotFound``."""
        database = self.dependencies.database
        organization = database.get(Organization, organization_id, organization_id)
        if organization is None:
            raise RecordNotFound(f"There is no organization {organization_id} in {self.place}.")
        return organization

    def operator(self, organization_id: int) -> Caller:
        """Return the operator as an admin of an organization. Raises ``RecordNotFound``."""
        return Caller(self.organization(organization_id), OPERATOR, Role.ADMIN)

    def person(self, caller: Caller, who: str) -> Person:
        """Return a person by id or e-mail address. Raises ``RecordNotFound``."""
        organization_id, person_id = caller.organization.id, parse_id(who)
        database = self.dependencies.database
        if "@" in who:
            constraint = database.get(UniqueConstraint, organization_id, email_constraint(who))
            person_id = None if constraint is None else constraint.id
        if person_id is not None:
            person = database.get(Person, organization_id, person_id)
            if person is not None:
                return person
        raise RecordNotFound(
            f"There is no person with id or e-mail address {who} in {organization_id}."
        )

    def scan(self, model: type[Model], condition: str, **values: Any) -> Iterator[list[RawItem]]:
        """Yield the items of a table that match a filter expression, in pages of 1 MB of the table.

        Reads the table itself with strong consistency, never an index. ``values`` are the values
        in the expression, by name without the colon. Retries a page that DynamoDB throttles.
        """
        request: dict[str, Any] = {
            "TableName": table_name(model),
            "ConsistentRead": True,
            "FilterExpression": condition,
            "ExpressionAttributeValues": {
                f":{name}": _typed(value) for name, value in values.items()
            },
        }
        if "#name" in condition:
            request["ExpressionAttributeNames"] = {"#name": "name"}
        while True:
            response = self._page(request)
            yield response["Items"]
            last = last_key(response)
            if last is None:
                return
            request["ExclusiveStartKey"] = last

    def _page(self, request: dict[str, Any]) -> Any:
        for attempt in range(_ATTEMPTS):
            try:
                with translate_errors():
                    return self.connection.dispatch("Scan", dict(request))
            except Unavailable:
                if attempt == _ATTEMPTS - 1:
                    raise
                self.dependencies.sleep(_SLEEP_SECONDS * 2**attempt)
        raise AssertionError("unreachable")


def open_context(selection: Selection) -> AdminContext:
    """Return the context for the tables that the options and the environment select.

    Raises ``UsageError`` if they select no tables that a command can reach, and
    ``CredentialsError``.
    """
    try:
        stage = select_stage(selection)
    except SelectionError as error:
        raise click.UsageError(str(error)) from error
    connection = connect(stage.settings, models())
    dependencies = build_dependencies(Database(connection))
    stack = stage.settings.table_prefix if stage.on_aws else None
    return AdminContext(stage.place, connection, dependencies, stage.on_aws, stack)


def _typed(value: Any) -> dict[str, str]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
