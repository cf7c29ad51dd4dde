"""The list of active admins, from which the last admin is found. Decision 0027."""

from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.keys import directory
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.people.model import ActiveAdmin
from chalicelib.people.rules import LAST_ADMIN
from tests.people.test_api import change, create
from tests.support.api import Api
from tests.support.fixtures import ADMIN, DEACTIVATED, MEMBER, OTHER_MEMBER, ZAGREB, put_all
from tools.ops.access_records import WrongRecord, find_wrong_records


def test_wrongly_listed_admins_are_not_counted(admin: Api) -> None:
    # Nobody, members, and a deactivated admin.
    listed = (1, 2, OTHER_MEMBER, DEACTIVATED)
    put_all(*(ActiveAdmin(person_id, ZAGREB.id) for person_id in listed))
    response = admin.patch(f"/people/{ADMIN}/deactivate")
    assert (response.status, response.error["detail"]) == (422, LAST_ADMIN)
    change(admin, MEMBER, role="admin")
    assert admin.patch(f"/people/{ADMIN}/deactivate").status == 200


def test_only_active_admins_are_listed(admin: Api, database: Database) -> None:
    def listed() -> list[int]:
        return [each.id for each in database.directory(ActiveAdmin, ZAGREB.id)]

    change(admin, MEMBER, role="admin")
    assert listed() == [ADMIN, MEMBER]
    change(admin, MEMBER, nickname="boss")
    assert listed() == [ADMIN, MEMBER]
    admin.patch(f"/people/{MEMBER}/deactivate")
    assert listed() == [ADMIN]
    admin.patch(f"/people/{MEMBER}/restore")
    assert listed() == [ADMIN, MEMBER]
    change(admin, MEMBER, role="member")
    assert listed() == [ADMIN]
    new_id = create(admin, role="admin").data["id"]
    assert listed() == sorted([ADMIN, int(new_id)])


def test_organization_of_an_earlier_version_keeps_its_last_admin(
    admin: Api, connection: Connection
) -> None:
    put_all(replace(ZAGREB, is_indexed=False))
    DirectoryModel(str(ZAGREB.id), directory("admin", ADMIN)).delete()
    assert admin.patch(f"/people/{ADMIN}/deactivate").status == 422
    change(admin, MEMBER, role="admin")
    DirectoryModel(str(ZAGREB.id), directory("admin", MEMBER)).delete()
    assert admin.patch(f"/people/{ADMIN}/deactivate").status == 200
    # Both lost their records; one of them is no longer an admin.
    assert find_wrong_records(connection) == [
        WrongRecord(ActiveAdmin(MEMBER, ZAGREB.id), is_stored=False)
    ]
