"""Example records, and sample requests for the routes of webhook deliveries."""

from chalicelib.deliveries.model import DeliveryAttempt, DeliveryStatus
from tests.support.samples import Sample

RECORDS = (
    DeliveryAttempt(
        5, 2149, 77, "evt_1", "timer.started", 1, 60, DeliveryStatus.DELIVERED, 204, None, None, 120
    ),
    DeliveryAttempt(
        5, 2149, 77, "e1", "timer.started", 2, 9, DeliveryStatus.GIVEN_UP, 500, "down", "{}", 99
    ),
)

SAMPLES = {
    "list_webhook_deliveries": Sample(),
}
