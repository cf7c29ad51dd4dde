"""Reject queries that DynamoDB rejects and moto accepts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.connection import Connection

from tests.support.fault_injection import intercepted


@contextmanager
def start_keys_checked(connection: Connection) -> Iterator[None]:
    """Fail a Query whose range is inverted, or whose ``ExclusiveStartKey`` is outside it.

    DynamoDB answers both with a ValidationException. moto answers the second one with rows.
    """

    def wrap(real: Any) -> Any:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == "Query":
                _check(arguments)
            return real(operation, arguments)

        return call

    with intercepted(connection, wrap):
        yield


def _check(arguments: dict[str, Any]) -> None:
    condition = arguments["KeyConditionExpression"]
    if "BETWEEN" not in condition:
        return
    name, _, bounds = condition.partition(" AND ")[2].partition(" BETWEEN ")
    values = arguments["ExpressionAttributeValues"]
    first, last = (values[bound.strip()]["S"] for bound in bounds.split(" AND "))
    if first > last:
        raise _rejected(
            "The BETWEEN condition was provided a range where the lower bound is "
            "greater than the upper bound"
        )
    start_key = arguments.get("ExclusiveStartKey")
    if start_key is not None:
        attribute = arguments.get("ExpressionAttributeNames", {}).get(name, name)
        if not first <= start_key[attribute]["S"] <= last:
            raise _rejected("The provided starting key is outside query boundaries")


def _rejected(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Query")
