"""Settings from environment variables, and the log level among them."""

import logging
from collections.abc import Mapping

from msgspec import Struct


class Settings(Struct, frozen=True):
    """The settings of a stage.

    :param table_prefix: the prefix of each table's name, followed by a dash
        (``STINT_TABLE_PREFIX``).
    :param region: the AWS region (``AWS_REGION``).
    :param dynamodb_endpoint: the URL of a DynamoDB-compatible server; None: AWS's own
        (``DYNAMODB_ENDPOINT``).
    :param public_base_url: the base URL of all links, with the stage prefix and without a final
        slash (``STINT_PUBLIC_BASE_URL``). Never taken from a header: a Host header can be forged.
        ``{api_id}`` stands for the id of the API in API Gateway, which is not known before the
        stack exists (docs/decisions/0004-public-base-url.md).
    :param allowed_origins: the origins from which browsers may send requests, ``*`` for any
        (``STINT_ALLOWED_ORIGIN``, separated by commas). Callers authenticate with a header, never
        with a cookie.
    :param requests_per_token: how many requests of one API token this process answers in ten
        seconds; 0: any number (``STINT_REQUESTS_PER_TOKEN``).
    :param serves_pages: whether the pocket client and the admin page are served
        (``STINT_SERVE_PAGES``; ``no``: they are not).
    :param log_level: the level of stint's own log messages (``STINT_LOG_LEVEL``).
    :param deliveries_url: the URL of the queue of webhook deliveries (``STINT_DELIVERIES_URL``).
        Only the handlers of events use this and the following settings.
    :param dead_letters_url: the URL of the queue of failed deliveries
        (``STINT_DEAD_LETTERS_URL``).
    :param failed_records_url: the URL of the queue of stream records that could not be processed
        (``STINT_FAILED_RECORDS_URL``).
    :param webhook_key: the name or ARN of the secret from which webhook secrets are derived
        (``STINT_WEBHOOK_KEY``).
    :param intercom_token: the name or ARN of the secret that contains Intercom's token; None:
        nothing is sent to Intercom (``STINT_INTERCOM_TOKEN``).
    :param intercom_region: the region of the Intercom workspace: ``us``, ``eu`` or ``au``
        (``STINT_INTERCOM_REGION``).
    :param intercom_person: how Intercom identifies people: by ``user_id``, which is the person's
        id in stint, or by ``email`` (``STINT_INTERCOM_PERSON``).
    :param live_url: the ``wss://`` address of the API Gateway WebSocket API, with its stage and
        without a final slash; empty: there are no live updates (``STINT_LIVE_URL``). Messages are
        pushed to the same address over HTTPS.
    :param events_after: the timestamp of the first change that sends events; 0: every change
        (``STINT_EVENTS_AFTER``). A stack that is created again on retained tables reads the last
        day of their streams again; the stack before it sent the events of that day.
    :param local_receivers: whether webhook URLs may use plain HTTP and local addresses
        (``STINT_LOCAL_RECEIVERS=1``). Only for development: on AWS, anyone who may create a
        webhook could send requests to internal addresses.
    """

    table_prefix: str = "stint-local"
    region: str = "eu-central-1"
    dynamodb_endpoint: str | None = None
    public_base_url: str = "http://127.0.0.1:8000"
    allowed_origins: tuple[str, ...] = ("*",)
    requests_per_token: int = 0
    serves_pages: bool = True
    log_level: str = "INFO"
    deliveries_url: str = ""
    dead_letters_url: str = ""
    failed_records_url: str = ""
    webhook_key: str = ""
    intercom_token: str | None = None
    intercom_region: str = "us"
    intercom_person: str = "user_id"
    live_url: str = ""
    events_after: int = 0
    local_receivers: bool = False


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables. Missing or empty ones have the defaults."""
    default = Settings()
    return Settings(
        table_prefix=environment.get("STINT_TABLE_PREFIX") or default.table_prefix,
        region=environment.get("AWS_REGION") or default.region,
        dynamodb_endpoint=environment.get("DYNAMODB_ENDPOINT") or None,
        public_base_url=(
            environment.get("STINT_PUBLIC_BASE_URL") or default.public_base_url
        ).rstrip("/"),
        allowed_origins=_parts(environment.get("STINT_ALLOWED_ORIGIN", ""))
        or default.allowed_origins,
        requests_per_token=int(environment.get("STINT_REQUESTS_PER_TOKEN") or 0),
        serves_pages=environment.get("STINT_SERVE_PAGES") != "no",
        log_level=environment.get("STINT_LOG_LEVEL") or default.log_level,
        deliveries_url=environment.get("STINT_DELIVERIES_URL", ""),
        dead_letters_url=environment.get("STINT_DEAD_LETTERS_URL", ""),
        failed_records_url=environment.get("STINT_FAILED_RECORDS_URL", ""),
        webhook_key=environment.get("STINT_WEBHOOK_KEY", ""),
        intercom_token=environment.get("STINT_INTERCOM_TOKEN") or None,
        intercom_region=environment.get("STINT_INTERCOM_REGION") or default.intercom_region,
        intercom_person=environment.get("STINT_INTERCOM_PERSON") or default.intercom_person,
        live_url=environment.get("STINT_LIVE_URL", "").rstrip("/"),
        events_after=int(environment.get("STINT_EVENTS_AFTER") or default.events_after),
        local_receivers=environment.get("STINT_LOCAL_RECEIVERS") == "1",
    )


def set_log_levels(level: str) -> None:
    """Set the level of stint's own log lines, and the level of all libraries to WARNING.

    :param level: the level of stint's own lines: ``DEBUG``, ``INFO``, ``WARN`` or ``ERROR``.
    """
    # Libraries inherit the root logger's level. At DEBUG, botocore logs every request and response:
    # tokens, names, notes, signing secrets.
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("stint").setLevel(level)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
