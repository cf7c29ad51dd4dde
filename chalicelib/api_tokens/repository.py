"""API tokens in DynamoDB: credentials by the token's hash, and the tokens of each person."""

from collections.abc import Mapping

from pynamodb.attributes import UnicodeAttribute
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE
from pynamodb.exceptions import UpdateError
from pynamodb.models import Model

from chalicelib.api_tokens.model import ApiToken, Credential, PersonTokens, TokenOwner
from chalicelib.dynamodb.connection import translate_errors
from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import (
    EnumAttribute,
    IntegerAttribute,
    ItemType,
    JSONListAttribute,
    declare,
    declare_directory_kind,
    item_with_key,
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
    last_used_on = UnicodeAttribute(null=True)


class PersonTokensModel(DirectoryModel):
    """Item of :class:`~chalicelib.api_tokens.model.PersonTokens`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    version = IntegerAttribute()
    tokens = JSONListAttribute(ApiToken)
    pairing_digest = UnicodeAttribute(null=True)


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


def set_last_used_on(digest: str, date: str) -> None:
    """Set the date of the last use of a token. One call.

    Writes nothing if this or a later date is set, or if the token is revoked.
    """
    last_used_on = CredentialModel.last_used_on
    is_earlier = last_used_on.does_not_exist() | (last_used_on < date)
    try:
        with translate_errors():
            item_with_key(Credential, 0, digest).update(
                actions=[last_used_on.set(date)],
                condition=CredentialModel.digest.exists() & is_earlier,
            )
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
