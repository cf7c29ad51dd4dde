"""Shared by the commands of this folder: credentials for local engines, readable output."""

import io
import logging
import os
from typing import TextIO

from chalicelib.core.settings import Settings
from chalicelib.core.validation import escape_control_characters
from infra.aws.credentials import is_aws


def allow_any_credentials(settings: Settings) -> None:
    """Set placeholder credentials for a server other than AWS.

    Such a server accepts any credentials, but botocore requires some.
    """
    if settings.dynamodb_endpoint is not None and not is_aws(settings.dynamodb_endpoint):
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "local")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "local")


class EscapedOutput(io.TextIOBase):
    """Writes to a stream, with control characters escaped, except line breaks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; return its length."""
        self._stream.write(escape_control_characters(text, keep="\n"))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()


def log_to_terminal(level: str) -> None:
    """Print stint's log lines with their extra fields; on AWS they are JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(_TerminalFormatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("stint")
    logger.addHandler(handler)
    logger.setLevel(level)


class _TerminalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = escape_control_characters(super().format(record), keep="\n\t")
        known = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime"}
        extra = {name: value for name, value in record.__dict__.items() if name not in known}
        return " ".join([line, *(f"{name}={_one_line(value)}" for name, value in extra.items())])


def _one_line(value: object) -> str:
    return escape_control_characters(str(value))
