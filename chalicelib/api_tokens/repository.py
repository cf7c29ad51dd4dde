"""API tokens in DynamoDB: credentials by the token's hash, and the tokens of each person."""

from collections.abc import Mapping

from pynamodb.attributes import UnicodeAttribute
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE
from pynamodb.models import Model

from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens, TokenOwner
from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import (
    EnumAttribute,
    IntegerAttribute,
    ItemType,
    JSONListAttribute,
    declare,
    declare_directory_kind,
)
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.people.model import Role


class CredentialModel(Model):
    """Item of a :class:`~chalicelib.api_tokens.model.Credential`.

    The key does not contain the organization, so that an unknown token and a token of another
    organization get different errors.
    """

    class Meta:
        bare_name = "tokens"
        billing_mode = PAY_PER_REQUEST_BILLING_MODE

    digest = UnicodeAttribute(hash_key=True)
    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()
    role = EnumAttribute(Role)
    name = UnicodeAttribute()
    expires_at = IntegerAttribute(null=True)
    token_id = IntegerAttribute(null=True)


class PersonTokensModel(DirectoryModel):
    """Item of :class:`~chalicelib.api_tokens.model.PersonTokens`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    version = IntegerAttribute()
    tokens = JSONListAttribute(ApiToken)


class TokenOwnerModel(DirectoryModel):
    """Item of a :class:`~chalicelib.api_tokens.model.TokenOwner`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()


def _credential_key(organization_id: int, token_hash: str) -> Mapping[str, str]:
    del organization_id
    return {"digest": token_hash}


declare(
    ItemType(
        Credential,
        CredentialModel,
        _credential_key,
        record_id=lambda credential: credential.digest,
    )
)
declare_directory_kind(PersonTokens, PersonTokensModel, "tokens")
declare_directory_kind(TokenOwner, TokenOwnerModel, "token_owner")
declare_result(ApiToken)
