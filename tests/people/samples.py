"""Example records, and sample requests for the routes of people and users."""

from chalicelib.people.model import ActiveAdmin, Person, Role, UniqueConstraint
from tests.support.fixtures import OTHER_MEMBER
from tests.support.samples import Sample

RECORDS = (
    Person(8784, 2149, "Ana", "Anic", "ana@example.com", Role.MEMBER, 60),
    Person(8779, 2149, "Ana", "Horvat", "ana@x.example", Role.ADMIN, 5, "CEO", "an", "http://x", 9),
    ActiveAdmin(8779, 2149),
    UniqueConstraint("email:ana@x.example", 2149, 8779),
)

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
