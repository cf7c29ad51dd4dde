"""Sample requests for the routes of webhook deliveries."""

from tests.support.samples import Sample

SAMPLES = {
    "list_webhook_deliveries": Sample(),
}
