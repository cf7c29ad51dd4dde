"""Shared by the commands of this folder: credentials for local engines, a readable log."""

import logging
import os

from chalicelib.core.settings import Settings
from infra.aws.credentials import is_aws


def allow_any_credentials(settings: Settings) -> None:
    """Set placeholder credentials for a server other than AWS.

    Such a server accepts any credentials, but botocore requires some.
    """
    if settings.dynamodb_endpoint is not None and not is_aws(settings.dynamodb_endpoint):
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "local")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "local")


def log_to_terminal(level: str) -> None:
    """Print stint's log lines with their extra fields; on AWS they are JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(_TerminalFormatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("stint")
    logger.addHandler(handler)
    logger.setLevel(level)


class _TerminalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        known = logging.makeLogRecord({}).__dict__.keys() | {"message", "asctime"}
        extra = {name: value for name, value in record.__dict__.items() if name not in known}
        return " ".join([line, *(f"{name}={value}" for name, value in extra.items())])
