"""Projects in DynamoDB."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import IntegerAttribute, declare_directory_kind
from chalicelib.dynamodb.tables import DirectoryModel
from tests.support.example_resource.model import Project


class ProjectModel(DirectoryModel):
    """A :class:`Project`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    name = UnicodeAttribute()
    budget_hours = IntegerAttribute(null=True)


declare_directory_kind(Project, ProjectModel, "project")
declare_result(Project)
