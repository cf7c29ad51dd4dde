"""Makes DynamoDB fail, as AWS does and neither engine would."""

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
    """Fail calls of an operation before they are sent: all, or the first few, or those after some.

    ``fault`` is an exception, a code of DynamoDB's, or the reason for which a transaction is
    cancelled. Gives the arguments of the calls made.
    """
    seen: list[dict[str, Any]] = []
    client = connection.client
    real = client._make_api_call

    def call(name: str, arguments: dict[str, Any]) -> Any:
        if name != operation:
            return real(name, arguments)
        seen.append(arguments)
        if len(seen) <= after or (times is not None and len(seen) > after + times):
            return real(name, arguments)
        raise fault if isinstance(fault, Exception) else _error(name, fault)

    setattr(client, "_make_api_call", call)  # noqa: B010 - a method, as mypy sees it
    try:
        yield seen
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
