"""Sample requests for the routes of people and users."""

from tests.support.fixtures import OTHER_MEMBER
from tests.support.samples import Sample

SAMPLES = {
    "list_users": Sample(),
    "show_user": Sample(OTHER_MEMBER),
    "list_people": Sample(),
    "show_person": Sample(OTHER_MEMBER),
    "create_person": Sample(
        attributes={"first_name": "New", "last_name": "Person", "email": "new@example.com"}
    ),
    "update_person": Sample(OTHER_MEMBER, {"nickname": "Renamed"}),
    "archive_person": Sample(OTHER_MEMBER),
    "deactivate_person": Sample(OTHER_MEMBER),
    "restore_person": Sample(OTHER_MEMBER),
    "activate_person": Sample(OTHER_MEMBER),
}
