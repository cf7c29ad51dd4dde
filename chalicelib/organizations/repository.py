"""Organizations in DynamoDB."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import IntegerAttribute, IntegerSetAttribute, declare_directory_kind
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.organizations.model import Organization


class OrganizationModel(DirectoryModel):
    """Item of an :class:`~chalicelib.organizations.model.Organization`."""

    class Meta(DirectoryModel.Meta):
        pass

    name = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    auto_stop_after = IntegerAttribute()
    auto_stop_at_time = UnicodeAttribute(null=True)
    remind_after = IntegerAttribute(null=True)
    closed_service_ids = IntegerSetAttribute()
    closed_until = UnicodeAttribute(null=True)
    closed_effective_at = IntegerAttribute(null=True)
    is_indexed = BooleanAttribute(default=False)


declare_directory_kind(Organization, OrganizationModel, "organization")
declare_result(Organization)
