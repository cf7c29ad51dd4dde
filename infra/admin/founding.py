"""A new organization: with its first admin and that one's first token, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.api_tokens import decide_token
from chalicelib.domain.directory import ApiToken, Organization, Person, Role, TokenList
from chalicelib.domain.errors import InvalidAttribute
from chalicelib.domain.people import adding
from chalicelib.domain.records import CreateRecord, RecordChange, RequireRecord
from chalicelib.domain.tokens import digest, new_token
from chalicelib.services.settling import Decision, settle
from chalicelib.services.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Founded:
    """What was made; ``token`` is the secret, which nothing else will ever tell."""

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
    """Make an organization that somebody can use. Two calls.

    One transaction, so that no crash leaves one that nobody can enter. Raises ``InvalidAttribute``
    where the id that is given is taken; one that is not given is drawn.
    """

    def decide() -> Decision[Founded]:
        drawn_id = tools.ids.draw() if organization_id is None else organization_id
        looked = tools.store.look(drawn_id, [(Organization, drawn_id)])
        taken = looked.record(Organization, drawn_id)
        if taken is not None and organization_id is not None:
            raise InvalidAttribute("id", f"is taken, by {taken.name}; nothing was changed")
        now, secret = tools.now(), new_token()
        organization = Organization(id=drawn_id, **settings)
        person = Person(
            id=tools.ids.draw(),
            organization_id=organization.id,
            created_at=now,
            **{**admin, "role": Role.ADMIN},
        )
        token = ApiToken(
            tools.ids.draw(), organization.id, person.id, token_name, digest(secret), now
        )
        records = _founding(organization, person, token)
        return Decision(Founded(organization, person, secret), records=records)

    return settle(tools, None, decide).outcome


def _founding(
    organization: Organization, admin: Person, token: ApiToken
) -> tuple[RecordChange, ...]:
    making = decide_token(admin, TokenList(admin.id, organization.id), token)
    # A transaction touches an item once: it creates the person of whom a token is demanded.
    made = (it for it in making if not isinstance(it, RequireRecord))
    return CreateRecord(organization), *adding(admin), *made
