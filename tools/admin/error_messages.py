"""Descriptions of errors, for the operator."""

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from pynamodb.exceptions import PynamoDBException

from chalicelib.core.errors import StintError

REPORTED_ERRORS = (StintError, PynamoDBException, BotoCoreError, ClientError)
"""The errors that the services and the database raise."""

_MISSING = "ResourceNotFoundException"
_POINTER = "data/attributes/"


def describe_error(error: BaseException) -> str:
    """Return one line that describes an error."""
    if isinstance(error, StintError):
        return _reason(error)
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == _MISSING:
        return (
            "the tables do not exist. On AWS, `make deploy STAGE=...` creates them; on another "
            "server, `.venv/bin/stint-admin init`"
        )
    if isinstance(cause, NoCredentialsError):
        return "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    return f"DynamoDB: {cause}"


def _reason(error: StintError) -> str:
    """Return an error's detail, with the name of the attribute if it has one."""
    pointer = (error.source or {}).get("pointer", "")
    if not pointer.startswith(_POINTER):
        return error.detail
    return f"{pointer.removeprefix(_POINTER)}: {error.detail}"
