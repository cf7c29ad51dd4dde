"""Which AWS errors are transient: throttling, a fault of the service, no response in time."""

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError

THROTTLING_CODES = frozenset(
    {
        "KmsThrottled",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
    }
)
"""DynamoDB, SQS, KMS or Secrets Manager limits the request rate."""

UNAVAILABLE_CODES = frozenset(
    {"InternalServerError", "ServiceUnavailable", "TransactionInProgressException"}
)
"""The service cannot process the request at the moment."""

TRANSIENT_CODES = THROTTLING_CODES | UNAVAILABLE_CODES
"""The same request can succeed a moment later."""

_SERVER_ERROR = 500


def is_transient(error: BaseException | None) -> bool:
    """Whether the same request can succeed a moment later."""
    if isinstance(error, ClientError):
        response = error.response
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or response.get("Error", {}).get("Code") in TRANSIENT_CODES
    # Not every BotoCoreError: a retry does not help with missing credentials or wrong parameters.
    return isinstance(error, (BotocoreConnectionError, HTTPClientError))


def is_about_content(error: BaseException) -> bool:
    """Whether an error is about what was read or written, and not about access or settings."""
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, ClientError):
        return cause.response.get("Error", {}).get("Code") in _CONTENT_CODES
    return not isinstance(cause, BotoCoreError)


_CONTENT_CODES = frozenset({"ValidationException", "TransactionCanceledException"})
