"""Create pairing codes, and redeem them. Contract section 11."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from chalicelib.admin_revisions.rules import record_change
from chalicelib.api_tokens.authentication import digest, new_token
from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens
from chalicelib.api_tokens.operations import require_active
from chalicelib.api_tokens.rules import decide_pairing
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import AccessDenied
from chalicelib.core.permissions import Caller, resolve_person
from chalicelib.core.record_operations import new_author, recorded
from chalicelib.core.unit_of_work import Attempt, Decide, Decision, Load, Result, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.core.write_set import CreateRecord
from chalicelib.organizations.model import Organization
from chalicelib.pairings.codes import digest_of_code, new_code
from chalicelib.pairings.model import VALID_SECONDS, Pairing
from chalicelib.pairings.rules import decide_redemption, is_redeemable
from chalicelib.people.model import Person

DEFAULT_NAME = "Paired device"

_REFUSED = (
    "This code is not valid. It is mistyped or used, a newer one replaced it, or it is older than "
    f"{VALID_SECONDS // 60} minutes. Ask for another code."
)


class Redemption(Struct, frozen=True):
    """What somebody got for a code: the token's record, the token itself, and its person."""

    token: ApiToken
    secret: str
    caller: Caller


class Pairings:
    """Operations on pairing codes."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    def create(
        self, caller: Caller, values: Mapping[str, Any], options: WriteOptions = NO_OPTIONS
    ) -> Result[Pairing]:
        """Create a code for the caller, or for the person that an admin names. Two calls.

        It replaces an earlier code of the person. Only this result contains the code itself, in
        ``one_time_meta``. Raises ``AccessDenied``, ``InvalidAttribute``.
        """
        person_id = resolve_person(caller, values.get("person"))
        organization_id = caller.organization.id
        load = Load(organization_id, ((Person, person_id), (PersonTokens, person_id)))

        def decide(attempt: Attempt) -> Decision[Pairing]:
            loaded = attempt.loaded
            person = require_active(caller, person_id, loaded.get(Person, person_id))
            tokens = loaded.get(PersonTokens, person_id) or PersonTokens(person_id, organization_id)
            code = new_code()
            pairing = Pairing(
                digest=digest_of_code(code) or "",
                id=self._dependencies.ids.generate(),
                organization_id=organization_id,
                person_id=person_id,
                token_name=values.get("name", DEFAULT_NAME),
                created_at=attempt.now,
                expires_at=attempt.now + VALID_SECONDS,
                maker_digest=None if caller.credential is None else caller.credential.digest,
            )
            records = CreateRecord(pairing), *decide_pairing(person, tokens, pairing.digest)
            decision = Decision(pairing, records=records, one_time_meta={"code": code})
            author = new_author(self._dependencies, caller, attempt.now)
            return recorded(author, None, decision)

        return commit_with_retry(self._dependencies, options, decide, load)

    def redeem(self, text: str) -> Redemption:
        """Exchange a code for a token of its person, once. Three calls; one for a wrong code.

        The token ends with the token that created the code, if that one ends. Raises
        ``AccessDenied``, always with the same text; ``InvalidAttribute`` if the person has the
        maximum number of tokens.
        """
        code_digest = digest_of_code(text)
        pairing = None if code_digest is None else self._database.get(Pairing, 0, code_digest)
        if pairing is None:
            raise AccessDenied(_REFUSED)
        return commit_with_retry(
            self._dependencies, NO_OPTIONS, self._redemption_of(pairing), _load(pairing)
        ).outcome

    def _redemption_of(self, pairing: Pairing) -> Decide[Redemption]:
        def decide(attempt: Attempt) -> Decision[Redemption]:
            loaded, person_id = attempt.loaded, pairing.person_id
            person, tokens = loaded.get(Person, person_id), loaded.get(PersonTokens, person_id)
            organization = loaded.get(Organization, pairing.organization_id)
            if person is None or tokens is None or organization is None:
                raise AccessDenied(_REFUSED)
            maker = loaded.get(Credential, pairing.maker_digest)
            if not is_redeemable(pairing, tokens, person, maker, attempt.now):
                raise AccessDenied(_REFUSED)
            secret = new_token()
            token = ApiToken(
                id=self._dependencies.ids.generate(),
                organization_id=pairing.organization_id,
                person_id=person_id,
                name=pairing.token_name,
                digest=digest(secret),
                created_at=attempt.now,
                expires_at=None if maker is None else maker.expires_at,
            )
            caller = Caller(organization, person_id, person.role, token.id)
            author = new_author(self._dependencies, caller, attempt.now)
            records = (
                *decide_redemption(person, tokens, maker, token),
                *record_change(author, None, token),
            )
            return Decision(Redemption(token, secret, caller), records=records)

        return decide


def _load(pairing: Pairing) -> Load:
    entity_ids = (
        (Person, pairing.person_id),
        (PersonTokens, pairing.person_id),
        (Organization, pairing.organization_id),
        (Credential, pairing.maker_digest),
    )
    return Load(pairing.organization_id, entity_ids)
