"""The environment, read once. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between stages.

    :param table_prefix: put before each table's name, with a dash (``STINT_TABLE_PREFIX``).
    :param region: the AWS region (``AWS_REGION``).
    :param dynamodb_endpoint: a DynamoDB-compatible server to use instead of AWS's
        (``DYNAMODB_ENDPOINT``).
    :param public_base_url: what links begin with, stage prefix included, no slash at the end
        (``STINT_PUBLIC_BASE_URL``). Never taken from a header: a Host header can be forged.
        ``{api_id}`` in it stands for the id that API Gateway gives an API, which a stack cannot
        know before it is made (docs/decisions/0004-public-base-url.md).
    :param allowed_origin: the origin that browsers may call from, ``*`` for any
        (``STINT_ALLOWED_ORIGIN``). Callers prove themselves by a header, never by a cookie.
    :param log_level: of our own log lines (``STINT_LOG_LEVEL``).
    """

    table_prefix: str = "stint-local"
    region: str = "eu-central-1"
    dynamodb_endpoint: str | None = None
    public_base_url: str = "http://127.0.0.1:8000"
    allowed_origin: str = "*"
    log_level: str = "INFO"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that an environment holds; what it lacks, or leaves empty, is the default."""
    default = Settings()
    return Settings(
        table_prefix=environment.get("STINT_TABLE_PREFIX") or default.table_prefix,
        region=environment.get("AWS_REGION") or default.region,
        dynamodb_endpoint=environment.get("DYNAMODB_ENDPOINT") or None,
        public_base_url=(
            environment.get("STINT_PUBLIC_BASE_URL") or default.public_base_url
        ).rstrip("/"),
        allowed_origin=environment.get("STINT_ALLOWED_ORIGIN") or default.allowed_origin,
        log_level=environment.get("STINT_LOG_LEVEL") or default.log_level,
    )
