"""An example record, and sample requests for the routes of campaigns."""

from tests.support.example_resource.model import Campaign
from tests.support.fixtures import ZAGREB
from tests.support.samples import Sample

CAMPAIGN = Campaign(41, ZAGREB.id, "Intranet", 80)
RECORDS = (CAMPAIGN,)

SAMPLES = {
    "list_campaigns": Sample(),
    "show_campaign": Sample(CAMPAIGN.id),
    "create_campaign": Sample(attributes={"name": "New"}),
    "update_campaign": Sample(CAMPAIGN.id, {"name": "Renamed"}),
    "delete_campaign": Sample(CAMPAIGN.id),
}
