"""The environment, read once. Standard library only."""

from collections.abc import Mapping

from chalicelib.dataclass import dataclass


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
    :param deliveries_url: the queue of events on their way (``STINT_DELIVERIES_URL``); this and
        what follows is for the functions behind the tables' streams.
    :param dead_letters_url: the queue of what could not be delivered (``STINT_DEAD_LETTERS_URL``).
    :param failed_records_url: the queue of records of the streams that nobody could read
        (``STINT_FAILED_RECORDS_URL``).
    :param webhook_key: the secret, by name or ARN, from which those of webhooks are derived
        (``STINT_WEBHOOK_KEY``).
    :param intercom_token: the secret, by name or ARN, that holds Intercom's token; None: nothing is
        sent to Intercom (``STINT_INTERCOM_TOKEN``).
    :param intercom_region: where the Intercom workspace is: ``us``, ``eu`` or ``au``
        (``STINT_INTERCOM_REGION``).
    :param intercom_person: what Intercom knows people by: ``user_id``, which is then our id of a
        person, or ``email`` (``STINT_INTERCOM_PERSON``).
    :param local_receivers: whether webhooks may be plain HTTP and on this machine
        (``STINT_LOCAL_RECEIVERS=1``). For development alone: elsewhere, whoever may create a
        webhook could make our machines call each other.
    """

    table_prefix: str = "stint-local"
    region: str = "eu-central-1"
    dynamodb_endpoint: str | None = None
    public_base_url: str = "http://127.0.0.1:8000"
    allowed_origin: str = "*"
    log_level: str = "INFO"
    deliveries_url: str = ""
    dead_letters_url: str = ""
    failed_records_url: str = ""
    webhook_key: str = ""
    intercom_token: str | None = None
    intercom_region: str = "us"
    intercom_person: str = "user_id"
    local_receivers: bool = False


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
        deliveries_url=environment.get("STINT_DELIVERIES_URL", ""),
        dead_letters_url=environment.get("STINT_DEAD_LETTERS_URL", ""),
        failed_records_url=environment.get("STINT_FAILED_RECORDS_URL", ""),
        webhook_key=environment.get("STINT_WEBHOOK_KEY", ""),
        intercom_token=environment.get("STINT_INTERCOM_TOKEN") or None,
        intercom_region=environment.get("STINT_INTERCOM_REGION") or default.intercom_region,
        intercom_person=environment.get("STINT_INTERCOM_PERSON") or default.intercom_person,
        local_receivers=environment.get("STINT_LOCAL_RECEIVERS") == "1",
    )
