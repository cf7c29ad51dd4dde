"""Pairings in DynamoDB: in the table of person states, which deletes expired items."""

from collections.abc import Mapping

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.dynamodb import keys
from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import IntegerAttribute, ItemType, declare
from chalicelib.pairings.model import Pairing


class PairingModel(Model):
    """Item of a :class:`~chalicelib.pairings.model.Pairing`.

    The key contains only the hash of the code: a request to redeem a code has nothing else.
    """

    class Meta:
        bare_name = "person_state"

    person_key = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    digest = UnicodeAttribute()
    id = IntegerAttribute()
    organization_id = IntegerAttribute()
    person_id = IntegerAttribute()
    token_name = UnicodeAttribute()
    created_at = IntegerAttribute()
    expires_at = IntegerAttribute()
    maker_digest = UnicodeAttribute(null=True)


def _key(organization_id: int, digest: str) -> Mapping[str, str]:
    del organization_id
    return {"person_key": keys.pairing(digest), "name": keys.PAIRING}


declare(ItemType(Pairing, PairingModel, _key, record_id=lambda pairing: pairing.digest))
declare_result(Pairing)
