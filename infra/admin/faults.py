"""What went wrong, in words."""

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from pynamodb.exceptions import PynamoDBException

from chalicelib.domain.errors import StintError

FAULTS = (StintError, PynamoDBException, BotoCoreError, ClientError)
"""Whatever the services and the database raise."""

_MISSING = "ResourceNotFoundException"
_POINTER = "data/attributes/"


def explained(error: BaseException) -> str:
    """One line about an error, for whoever typed the command."""
    if isinstance(error, StintError):
        return _reason(error)
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == _MISSING:
        return (
            "the tables are not there. On AWS, `make deploy STAGE=...` makes them; on another "
            "server, `python -m infra.admin init`"
        )
    if isinstance(cause, NoCredentialsError):
        return "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret"
    return f"DynamoDB: {cause}"


def _reason(error: StintError) -> str:
    """What it says, with the name of the value that it is about."""
    pointer = (error.source or {}).get("pointer", "")
    if not pointer.startswith(_POINTER):
        return error.detail
    return f"{pointer.removeprefix(_POINTER)}: {error.detail}"
