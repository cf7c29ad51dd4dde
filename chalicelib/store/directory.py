"""Lists of an organization's directory: small, so that they are read whole."""

from collections.abc import Sequence
from typing import Any

from pynamodb.connection import Connection

from chalicelib.domain.errors import QueryTooBroad
from chalicelib.store.connection import table_name, translated
from chalicelib.store.models import DirectoryModel
from chalicelib.store.records import Noun, kind_prefix, read_noun

MOST_PAGES = 5
"""Of 1 MB each: some ten thousand people or services, or a thousand people's full token lists."""


def all_of(connection: Connection, kind: type[Noun], organization_id: int) -> Sequence[Noun]:
    """Every record of a kind, by id. Raises ``QueryTooBroad`` where five pages do not hold them."""
    request: dict[str, Any] = {
        "TableName": table_name(DirectoryModel),
        "KeyConditionExpression": "organization_key = :organization "
        "AND begins_with(record_key, :kind)",
        "ExpressionAttributeValues": {
            ":organization": {"S": str(organization_id)},
            ":kind": {"S": kind_prefix(kind)},
        },
        "ConsistentRead": True,
    }
    found: list[Noun] = []
    for _ in range(MOST_PAGES):
        with translated():
            answer = connection.dispatch("Query", dict(request))
        found += (read_noun(kind, item) for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    raise QueryTooBroad("filter[id]")
