"""Lists of an organization's directory: small, so that they are read whole."""

from collections.abc import Sequence
from typing import Any

from pynamodb.connection import Connection

from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.items import Noun, kind_prefix, read_noun
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.store.reads import query_all

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
    found = query_all(connection, request, MOST_PAGES, "filter[id]")
    return [read_noun(kind, item) for item in found]
