"""Make DynamoDB calls fail as on AWS. The local engines do not fail like this."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.connection import Connection

_CANCELLED = frozenset(
    {
        "ConditionalCheckFailed",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)


@contextmanager
def failing(
    connection: Connection,
    operation: str,
    fault: str | Exception,
    times: int | None = None,
    after: int = 0,
) -> Iterator[list[dict[str, Any]]]:
    """Fail calls of an operation before they are sent. Yield the arguments of the calls made.

    :param fault: an exception, a DynamoDB error code, or the cancellation reason of a transaction.
    :param times: how many calls fail; None means all.
    :param after: how many calls succeed first.
    """
    calls: list[dict[str, Any]] = []
    client = connection.client
    real = client._make_api_call

    def call(name: str, arguments: dict[str, Any]) -> Any:
        if name != operation:
            return real(name, arguments)
        calls.append(arguments)
        if len(calls) <= after or (times is not None and len(calls) > after + times):
            return real(name, arguments)
        raise fault if isinstance(fault, Exception) else _error(name, fault)

    setattr(client, "_make_api_call", call)  # noqa: B010 - a method, as mypy sees it
    try:
        yield calls
    finally:
        setattr(client, "_make_api_call", real)  # noqa: B010


def _error(operation: str, code: str) -> ClientError:
    if code in _CANCELLED:
        cancelled: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
            "CancellationReasons": [{"Code": "None"}, {"Code": code, "Message": "no"}],
        }
        return ClientError(cancelled, operation)
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
