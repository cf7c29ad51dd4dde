"""Descriptions of errors, for the operator."""

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, VerboseClientError

from chalicelib.core.errors import StintError
from chalicelib.core.validation import escape_control_characters
from infra.aws.credentials import CredentialsError, describe_credentials, one_line

REPORTED_ERRORS = (StintError, PynamoDBException, BotoCoreError, ClientError, CredentialsError)
"""The errors that the services, the database and other services of AWS raise."""

_MISSING = "ResourceNotFoundException"
_POINTER = "data/attributes/"


def describe_error(error: BaseException) -> str:
    """Return one line that describes an error, without control characters."""
    return escape_control_characters(_description(error))


def _description(error: BaseException) -> str:
    if isinstance(error, StintError):
        return _reason(error)
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, CredentialsError):
        return str(cause)
    is_database = isinstance(error, PynamoDBException | VerboseClientError)
    code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else None
    if is_database and code == _MISSING:
        return (
            "the tables do not exist. On AWS, `make deploy STAGE=...` creates them; on another "
            "server, `.venv/bin/stint-admin init`"
        )
    service = "DynamoDB" if is_database else "AWS"
    return describe_credentials(cause) or f"{service}: {one_line(cause)}"


def _reason(error: StintError) -> str:
    """Return an error's detail, with the name of the attribute if it has one."""
    pointer = (error.source or {}).get("pointer", "")
    if not pointer.startswith(_POINTER):
        return error.detail
    return f"{pointer.removeprefix(_POINTER)}: {error.detail}"
