"""Errors as people read them, and the exit codes."""

import json
from enum import IntEnum
from typing import IO, Any

import click

from stint_client.cli.output import clock_time, read_time
from stint_client.errors import ApiError, ConnectionFailed, StintError, UnexpectedResponse

_UNAUTHENTICATED = 401
_SERVICE_REASONS = {
    "archived": "The service is archived. `stint services` lists the others.",
    "time_tracking_disabled": "The service takes no time. `stint services` lists the others.",
    "unknown": "The service does not exist any more. `stint services` lists the others.",
}


class ExitCode(IntEnum):
    """The exit codes besides 0; 2 is a wrong command line."""

    REFUSED = 1
    USAGE = 2
    NOT_LOGGED_IN = 3
    NO_ANSWER = 4


class Failure(click.ClickException):
    """A message for a person, and the exit code.

    :param code: what programs read with ``--json``.
    """

    def __init__(
        self, message: str, exit_code: ExitCode = ExitCode.REFUSED, code: str = "refused"
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc] # click reads it from the instance
        self.code = code
        self.as_json = False

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on stderr."""
        if not self.as_json:
            super().show(file)
            return
        error = {"code": self.code, "message": self.message, "exit_code": int(self.exit_code)}
        click.echo(json.dumps({"error": error}, ensure_ascii=False), file=file, err=True)


def not_logged_in() -> Failure:
    """Return the failure of a command that needs a login."""
    return Failure(
        "You are not logged in. Log in first: stint login",
        ExitCode.NOT_LOGGED_IN,
        "not_logged_in",
    )


def explain(error: StintError) -> Failure:
    """Return an error of the client as a person reads it."""
    if isinstance(error, ApiError):
        return _refusal(error)
    code = "no_answer" if isinstance(error, ConnectionFailed) else "unexpected_response"
    assert isinstance(error, ConnectionFailed | UnexpectedResponse), error  # noqa: S101
    return Failure(f"{error}".rstrip(".") + ".", ExitCode.NO_ANSWER, code)


def unforeseen(error: Exception) -> Failure:
    """Return any other error as a person reads it, such as a folder that cannot be written."""
    if isinstance(error, OSError):
        return Failure(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), code="os")
    return Failure(
        f"This is an error of stint itself ({type(error).__name__}). "
        "Report it with what this prints: STINT_DEBUG=1 stint ...",
        code="internal",
    )


def _refusal(error: ApiError) -> Failure:
    if error.status == _UNAUTHENTICATED:
        return Failure(
            "The server does not accept your token: it was revoked, or it expired. "
            "Log in again: stint logout --forget, then stint login",
            ExitCode.NOT_LOGGED_IN,
            error.code,
        )
    message = " ".join(dict.fromkeys(each.detail for each in error.errors))
    reason = error.meta.get("reason")
    if reason in _SERVICE_REASONS:
        message = _SERVICE_REASONS[reason]
    if error.code == "overlaps_session":
        message = _overlap(error)
    if error.errors[0].id:
        message += f" Quote this id in a report: {error.errors[0].id}"
    if error.retry_after is not None:
        message += f" Try again in {error.retry_after:.0f} seconds."
    exit_code = ExitCode.NO_ANSWER if error.is_outcome_unknown else ExitCode.REFUSED
    return Failure(message, exit_code, error.code)


def _overlap(error: ApiError) -> str:
    earliest = error.meta.get("earliest_started_at")
    if isinstance(earliest, str):
        return f"Another session ends later. Start at {clock_time(read_time(earliest))} or later."
    return "Another session overlaps this time. `stint log` lists your time. Use another time."
