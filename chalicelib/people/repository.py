"""People and their unique constraints in DynamoDB."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.dynamodb.idempotency_records import declare_result
from chalicelib.dynamodb.items import EnumAttribute, IntegerAttribute, declare_directory_kind
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.people.model import ActiveAdmin, Person, Role, UniqueConstraint


class PersonModel(DirectoryModel):
    """Item of a :class:`~chalicelib.people.model.Person`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    first_name = UnicodeAttribute()
    last_name = UnicodeAttribute()
    email = UnicodeAttribute()
    role = EnumAttribute(Role)
    created_at = IntegerAttribute()
    title = UnicodeAttribute(null=True)
    nickname = UnicodeAttribute(null=True)
    avatar_url = UnicodeAttribute(null=True)
    deactivated_at = IntegerAttribute(null=True)
    time_zone = UnicodeAttribute(null=True)
    auto_stop_at_time = UnicodeAttribute(null=True)
    erased_at = IntegerAttribute(null=True)


class UniqueConstraintModel(DirectoryModel):
    """Item of a :class:`~chalicelib.people.model.UniqueConstraint`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()
    name = UnicodeAttribute()


class ActiveAdminModel(DirectoryModel):
    """Item of an :class:`~chalicelib.people.model.ActiveAdmin`."""

    class Meta(DirectoryModel.Meta):
        pass

    organization_id = IntegerAttribute()


declare_directory_kind(Person, PersonModel, "person")
declare_directory_kind(ActiveAdmin, ActiveAdminModel, "admin")
declare_directory_kind(
    UniqueConstraint, UniqueConstraintModel, "constraint", lambda constraint: constraint.name
)
declare_result(Person)
