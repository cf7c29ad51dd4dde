"""Example records, and sample requests for the routes of webhooks."""

from chalicelib.events.model import EventType
from chalicelib.webhooks.model import PausedReason, Webhook, WebhookState
from tests.support.fixtures import WEBHOOK
from tests.support.samples import Sample

RECORDS = (
    Webhook(77, 2149, "payroll", "https://a.example.com/", (EventType.TIMER_STARTED,), 60, 60),
    Webhook(
        77,
        2149,
        "payroll",
        "https://hooks.example.com/stint",
        (EventType.TIMER_STOPPED, EventType.TIMER_STARTED),
        created_at=1,
        updated_at=2,
        state=WebhookState.PAUSED,
        paused_reason=PausedReason.FAILING,
        paused_at=3,
        secret_number=4,
        oldest_secret_number=3,
        rotated_at=5,
        failing_since=6,
        version=7,
        last_failure_at=8,
        failures=9,
    ),
)

SAMPLES = {
    "list_webhooks": Sample(),
    "show_webhook": Sample(WEBHOOK),
    "create_webhook": Sample(attributes={"name": "New", "url": "https://hooks.example.com/"}),
    "update_webhook": Sample(WEBHOOK, {"name": "Renamed"}),
    "delete_webhook": Sample(WEBHOOK),
    "rotate_secret_webhook": Sample(WEBHOOK),
    "test_webhook": Sample(WEBHOOK),
    "replay_webhook": Sample(WEBHOOK, {"dead_letters": True}),
}
