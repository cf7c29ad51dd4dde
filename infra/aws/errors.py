"""Errors of the commands for AWS: one line that says what, why, and what to do."""

import re
import sys
import traceback
from collections.abc import Callable

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.credentials import describe_credentials

_AGAIN = "then run the same command again"

_DENIED = frozenset(
    {"403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "Forbidden"}
    | {"AuthorizationErrorException", "NotAuthorized", "UnauthorizedOperation"}
)
# What an operator does about an error, by AWS's codes for it.
_REMEDIES = {
    "This computer's clock is wrong: {reason}. Set it": {"RequestTimeTooSkewed"},
    "AWS did not complete {operation}: {reason}. Wait a minute": (
        {"ConflictException", "ContinuousBackupsUnavailableException", "InternalError"}
        | {"InternalFailure", "InternalServerError", "LimitExceededException"}
        | {"RequestLimitExceeded", "ResourceInUseException", "ServiceUnavailable", "SlowDown"}
        | {"Throttling", "ThrottlingException", "TooManyRequestsException"}
    ),
    "AWS refused {operation}: {reason}. Enable the service or the region for this account": (
        {"OptInRequired", "SubscriptionRequiredException"}
    ),
}
_OTHER_REMEDY = "AWS refused {operation}: {reason}. Correct this"
# AWS answers a HEAD request without a text, so these actions are not in its message.
_ACTIONS = {"HeadBucket": "s3:ListBucket", "HeadObject": "s3:GetObject and s3:ListBucket"}
_NOT_AUTHORIZED = re.compile(
    r"(?:User: (?P<who>\S+) is )?not authorized to perform:? (?P<action>\S+)"
    r"(?: on resource:? (?P<resource>\S+))?"
)
_INTERRUPTED_EXIT_CODE = 130


class StackError(Exception):
    """The command cannot continue. The message says what, why, and what to do."""


class SettingError(StackError, ValueError):
    """A setting of ``SET`` is unknown or has a value that is not accepted."""


class Interrupted(KeyboardInterrupt):
    """The operator interrupted a wait for AWS. The message says what AWS continues to do."""


def run(command: Callable[[list[str]], None], arguments: list[str]) -> None:
    """Run a command. A refusal exits with one line, ``--debug`` adds the traceback.

    The exit code is 1 for a refusal and 130 for an interrupted command.
    """
    debug = "--debug" in arguments
    try:
        command([argument for argument in arguments if argument != "--debug"])
    except (StackError, BotoCoreError, ClientError) as error:
        if debug:
            traceback.print_exc()
        sys.exit(str(error) if isinstance(error, StackError) else explain(error))
    except KeyboardInterrupt as interrupt:
        if debug:
            traceback.print_exc()
        state = str(interrupt) or "Interrupted, while CloudFormation was not changing the stack."
        print(f"\n{state} It is safe to run the same command again.", file=sys.stderr)
        sys.exit(_INTERRUPTED_EXIT_CODE)


def explain(error: BotoCoreError | ClientError) -> str:
    """Return one line for an error of AWS or of its client: what, why, and what to do."""
    line = _refusal(error) if isinstance(error, ClientError) else _failure(error)
    return describe_credentials(error) or " ".join(line.split())


def error_code(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return error.response.get("Error", {}).get("Code", "")


def error_message(error: ClientError) -> str:
    """Return AWS's text of an error."""
    return error.response.get("Error", {}).get("Message", "")


def _refusal(error: ClientError) -> str:
    code, message = error_code(error), error_message(error)
    if code in _DENIED:
        return _denied(error)
    remedy = next((text for text, codes in _REMEDIES.items() if code in codes), _OTHER_REMEDY)
    reason = f"{message.rstrip('. ') or 'no reason given'} ({code})"
    return f"{remedy.format(reason=reason, operation=error.operation_name)}, {_AGAIN}."


def _denied(error: ClientError) -> str:
    operation, message = error.operation_name, error_message(error)
    found = _NOT_AUTHORIZED.search(message)
    if not found:
        action = _ACTIONS.get(operation)
        missing = f"Add the permission {action}" if action else "Add the permission"
        return f"AWS refused {operation}: access denied ({message}). {missing}, {_AGAIN}."
    resource = found["resource"] or "*"
    who = found["who"] or "these credentials"
    because = message.partition(" because ")[2]
    return (
        f"Missing permission: {found['action']} on {resource}"
        f"{f' ({because})' if because else ''}. Add it to {who}, {_AGAIN}."
    )


def _failure(error: BotoCoreError) -> str:
    reason = f"{str(error).rstrip('. ')}."
    match error:
        case exceptions.InvalidRegionError() | exceptions.NoRegionError():
            remedy = f"The AWS region is not valid: {reason} Set AWS_REGION"
        case exceptions.HTTPClientError() | exceptions.ConnectionError():
            remedy = (
                f"There is no connection to AWS: {reason} Check the network, the proxy and the "
                "region"
            )
        case _:
            remedy = f"The AWS client failed: {reason} Correct this"
    return f"{remedy}, {_AGAIN}."
