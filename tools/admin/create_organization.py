"""Creates an organization together with its first admin and the admin's first token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.admin_revisions.rules import Author, record_change
from chalicelib.api_tokens.authentication import digest, new_token
from chalicelib.api_tokens.model import ApiToken, PersonTokens
from chalicelib.api_tokens.rules import decide_token_creation
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.permissions import Caller
from chalicelib.core.unit_of_work import Attempt, Decision, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS
from chalicelib.core.write_set import CreateRecord, RecordWrite, RequireRecord
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person, Role
from chalicelib.people.rules import create_person
from tools.admin.context import OPERATOR


@dataclass(frozen=True, slots=True)
class CreatedOrganization:
    """The created records; ``token`` is the secret, which cannot be read again."""

    organization: Organization
    admin: Person
    token: str


def create_organization(
    dependencies: Dependencies,
    settings: Mapping[str, Any],
    admin: Mapping[str, Any],
    token_name: str,
    organization_id: int | None = None,
) -> CreatedOrganization:
    """Create an organization with an admin and a token, in one transaction. Two calls.

    After a crash, either all three exist or none. Raises ``InvalidAttribute`` if the given id is
    taken; without an id, one is generated.
    """

    def decide(attempt: Attempt) -> Decision[CreatedOrganization]:
        new_id = dependencies.ids.generate() if organization_id is None else organization_id
        existing = dependencies.database.get(Organization, new_id, new_id)
        if existing is not None and organization_id is not None:
            raise InvalidAttribute(
                "id", f"This id belongs to {existing.name}. Nothing was changed."
            )
        secret = new_token()
        organization = Organization(id=new_id, is_indexed=True, **settings)
        person = Person(
            id=dependencies.ids.generate(),
            organization_id=organization.id,
            created_at=attempt.now,
            **{**admin, "role": Role.ADMIN},
        )
        token = ApiToken(
            dependencies.ids.generate(),
            organization.id,
            person.id,
            token_name,
            digest(secret),
            attempt.now,
        )
        caller = Caller(organization, OPERATOR, Role.ADMIN)
        revisions = (
            write
            for record in (organization, person, token)
            for write in record_change(
                Author(caller, dependencies.ids.generate(), attempt.now), None, record
            )
        )
        records = (*_new_records(organization, person, token), *revisions)
        return Decision(CreatedOrganization(organization, person, secret), records=records)

    return commit_with_retry(dependencies, NO_OPTIONS, decide).outcome


def _new_records(
    organization: Organization, admin: Person, token: ApiToken
) -> tuple[RecordWrite, ...]:
    token_writes = decide_token_creation(admin, PersonTokens(admin.id, organization.id), token)
    # A transaction may contain an item only once: it already creates the token's person.
    created = (write for write in token_writes if not isinstance(write, RequireRecord))
    return CreateRecord(organization), *create_person(admin), *created
