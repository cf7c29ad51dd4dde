"""Settings are read from environment variables."""

from chalicelib.core.settings import Settings, read_settings


def test_empty_environment_gives_the_defaults() -> None:
    assert read_settings({}) == Settings()
    assert read_settings({"AWS_REGION": "", "DYNAMODB_ENDPOINT": ""}) == Settings()


def test_every_setting_is_read_from_the_environment() -> None:
    environment = {
        "STINT_TABLE_PREFIX": "stint-prod",
        "AWS_REGION": "us-east-1",
        "DYNAMODB_ENDPOINT": "http://127.0.0.1:9000",
        "STINT_PUBLIC_BASE_URL": "https://time.example/api/",
        "STINT_ALLOWED_ORIGIN": "https://clock.example, capacitor://localhost",
        "STINT_LOG_LEVEL": "DEBUG",
        "STINT_DELIVERIES_URL": "https://sqs.example/1/deliveries",
        "STINT_DEAD_LETTERS_URL": "https://sqs.example/1/dead-letters",
        "STINT_FAILED_RECORDS_URL": "https://sqs.example/1/failed-records",
        "STINT_WEBHOOK_KEY": "webhook-key",
        "STINT_INTERCOM_TOKEN": "intercom-token",
        "STINT_INTERCOM_REGION": "eu",
        "STINT_INTERCOM_PERSON": "email",
        "STINT_EVENTS_AFTER": "1772438400",
        "STINT_LOCAL_RECEIVERS": "1",
    }
    assert read_settings(environment) == Settings(
        table_prefix="stint-prod",
        region="us-east-1",
        dynamodb_endpoint="http://127.0.0.1:9000",
        public_base_url="https://time.example/api",
        allowed_origins=("https://clock.example", "capacitor://localhost"),
        log_level="DEBUG",
        deliveries_url="https://sqs.example/1/deliveries",
        dead_letters_url="https://sqs.example/1/dead-letters",
        failed_records_url="https://sqs.example/1/failed-records",
        webhook_key="webhook-key",
        intercom_token="intercom-token",
        intercom_region="eu",
        intercom_person="email",
        events_after=1_772_438_400,
        local_receivers=True,
    )
