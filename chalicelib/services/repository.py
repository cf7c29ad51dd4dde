"""Services in DynamoDB."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import IntegerAttribute, declare_directory_kind
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.services.model import Service


class ServiceModel(DirectoryModel):
    """Item of a :class:`~chalicelib.services.model.Service`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    name = UnicodeAttribute()
    billable = BooleanAttribute()
    time_tracking_enabled = BooleanAttribute()
    position = IntegerAttribute()
    archived_at = IntegerAttribute(null=True)
    deleted_at = IntegerAttribute(null=True)


declare_directory_kind(Service, ServiceModel, "service")
declare_result(Service)
