"""Owners of tokens and lists of active admins are compared with the people, and repaired."""

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from chalicelib.api_tokens.model import TokenOwner
from chalicelib.core.dependencies import Dependencies
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.keys import directory
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.organizations.model import Organization
from chalicelib.people.model import ActiveAdmin
from tests.support.api import Api
from tests.support.fault_injection import intercepted, once_before_a_write
from tests.support.fixtures import ADMIN, KOLKATA, MEMBER, OTHER_MEMBER, ZAGREB, put_all, token_id
from tests.support.rollups import roll_up_all
from tests.support.table_snapshots import snapshot
from tools.ops.access_records import WrongRecord, find_wrong_records, repair
from tools.ops.check_invariants import report
from tools.ops.upgrade import upgrade

MISSING_OWNER = WrongRecord(TokenOwner(token_id(MEMBER), ZAGREB.id, MEMBER), is_stored=False)
MISSING_ADMIN = WrongRecord(ActiveAdmin(ADMIN, ZAGREB.id), is_stored=False)
NO_TOKEN = WrongRecord(TokenOwner(5, ZAGREB.id, MEMBER), is_stored=True)
NO_PERSON = WrongRecord(TokenOwner(6, ZAGREB.id, 7), is_stored=True)
NO_ADMIN = WrongRecord(ActiveAdmin(OTHER_MEMBER, ZAGREB.id), is_stored=True)


def remove(kind: str, record_id: int) -> None:
    DirectoryModel(str(ZAGREB.id), directory(kind, record_id)).delete()


@pytest.fixture
def _wrong_records(fixtures: object) -> None:
    assert fixtures
    remove("token_owner", token_id(MEMBER))
    remove("admin", ADMIN)
    put_all(NO_TOKEN.record, NO_PERSON.record, NO_ADMIN.record)


@pytest.mark.usefixtures("_wrong_records")
def test_wrong_records_are_found_and_repaired(
    connection: Connection, dependencies: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    roll_up_all(connection)
    wrong = find_wrong_records(connection)
    assert len(wrong) == 5
    assert set(wrong) == {MISSING_OWNER, MISSING_ADMIN, NO_TOKEN, NO_PERSON, NO_ADMIN}
    before = snapshot(connection)
    assert report(connection, dependencies, with_repair=False) == 1
    assert snapshot(connection) == before
    assert report(connection, dependencies, with_repair=True) == 0
    assert "repaired 5 records of access; 0 changed meanwhile" in capsys.readouterr().out
    assert find_wrong_records(connection) == []
    assert report(connection, dependencies, with_repair=False) == 0


def test_repair_does_not_undo_a_concurrent_change(admin: Api, connection: Connection) -> None:
    database = Database(connection)
    remove("token_owner", token_id(MEMBER))
    remove("admin", ADMIN)
    wrong = find_wrong_records(connection)
    assert set(wrong) == {MISSING_ADMIN, MISSING_OWNER}

    def change() -> None:
        document = {"data": {"attributes": {"role": "admin"}}}
        assert admin.patch(f"/people/{MEMBER}", document).status == 200
        assert admin.patch(f"/people/{ADMIN}/deactivate").status == 200

    with intercepted(connection, once_before_a_write(change)):
        assert repair(database, wrong) == 2
    # The tokens of the member changed with the role: the next repair records their owner.
    assert find_wrong_records(connection) == [MISSING_OWNER]
    assert repair(database, [MISSING_OWNER]) == 0
    assert find_wrong_records(connection) == []
    assert [each.id for each in database.directory(ActiveAdmin, ZAGREB.id)] == [MEMBER]


@pytest.mark.usefixtures("_wrong_records")
def test_upgrade_records_everything_once(
    connection: Connection, database: Database, dependencies: Dependencies
) -> None:
    put_all(replace(ZAGREB, is_indexed=False), replace(KOLKATA, is_indexed=False))
    for dry_run in (True, False):
        done = upgrade(dependencies, lambda _: None, dry_run=dry_run)
        assert (done.access_records, done.indexed_organizations) == (5, 2)
    assert find_wrong_records(connection) == []
    for organization in (ZAGREB, KOLKATA):
        assert database.get(Organization, organization.id, organization.id) == organization
    assert upgrade(dependencies, lambda _: None).is_empty


def test_token_of_an_earlier_version_is_found_before_the_upgrade(admin: Api) -> None:
    put_all(replace(ZAGREB, is_indexed=False))
    remove("token_owner", token_id(MEMBER))
    path = f"/api_tokens/{token_id(MEMBER)}"
    assert admin.get(path).status == 200
    assert admin.send("DELETE", path).status == 204
    assert admin.get(path).status == 404
