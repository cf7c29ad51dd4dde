"""Campaigns in DynamoDB."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import IntegerAttribute, declare_directory_kind
from chalicelib.dynamodb.tables import DirectoryModel
from tests.support.example_resource.model import Campaign


class CampaignModel(DirectoryModel):
    """A :class:`Campaign`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    name = UnicodeAttribute()
    budget_hours = IntegerAttribute(null=True)


declare_directory_kind(Campaign, CampaignModel, "campaign")
declare_result(Campaign)
