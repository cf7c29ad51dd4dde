"""Sample requests for the routes of webhooks."""

from tests.support.fixtures import WEBHOOK
from tests.support.samples import Sample

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
