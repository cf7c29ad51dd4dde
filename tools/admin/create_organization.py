"""Creates an organization together with its first admin and the admin's first token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.api_tokens.rules import decide_token
from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import InvalidAttribute
from chalicelib.core.unit_of_work import Decision, settle
from chalicelib.domain.directory import ApiToken, Organization, Person, Role, TokenList
from chalicelib.domain.records import CreateRecord, RecordChange, RequireRecord
from chalicelib.domain.tokens import digest, new_token
from chalicelib.people.rules import adding


@dataclass(frozen=True, slots=True)
class Founded:
    """The created records; ``token`` is the secret, which cannot be read again."""

    organization: Organization
    admin: Person
    token: str


def found(
    tools: Toolbox,
    settings: Mapping[str, Any],
    admin: Mapping[str, Any],
    token_name: str,
    organization_id: int | None = None,
) -> Founded:
    """Create an organization with an admin and a token, in one transaction. Two calls.

    After a crash, either all three exist or none. Raises ``InvalidAttribute`` if the given id is
    taken; without an id, one is generated.
    """

    def decide() -> Decision[Founded]:
        new_id = tools.ids.draw() if organization_id is None else organization_id
        existing = tools.store.look(new_id, [(Organization, new_id)]).record(Organization, new_id)
        if existing is not None and organization_id is not None:
            raise InvalidAttribute(
                "id", f"This id belongs to {existing.name}. Nothing was changed."
            )
        now, secret = tools.now(), new_token()
        organization = Organization(id=new_id, **settings)
        person = Person(
            id=tools.ids.draw(),
            organization_id=organization.id,
            created_at=now,
            **{**admin, "role": Role.ADMIN},
        )
        token = ApiToken(
            tools.ids.draw(), organization.id, person.id, token_name, digest(secret), now
        )
        records = _creation(organization, person, token)
        return Decision(Founded(organization, person, secret), records=records)

    return settle(tools, None, decide).outcome


def _creation(
    organization: Organization, admin: Person, token: ApiToken
) -> tuple[RecordChange, ...]:
    token_changes = decide_token(admin, TokenList(admin.id, organization.id), token)
    # A transaction may contain an item only once: it already creates the token's person.
    created = (change for change in token_changes if not isinstance(change, RequireRecord))
    return CreateRecord(organization), *adding(admin), *created
