"""The upgrade marks the people whose data version 0.2.0 erased."""

import pytest
from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.people.model import Person
from chalicelib.people.rules import erasure_values
from tests.ops.version_0_2_0.stage import run
from tests.support.api import Api
from tests.support.fixtures import DEACTIVATED, MEMBER, OTHER_MEMBER, ZAGREB, Fixtures, put_all
from tests.support.table_snapshots import snapshot
from tools.ops.upgrade import print_report


def person(fixtures: Fixtures, person_id: int) -> Person:
    stored = fixtures.database.get(Person, ZAGREB.id, person_id)
    assert stored is not None
    return stored


@pytest.fixture
def _erased_by_0_2_0(fixtures: Fixtures) -> None:
    deactivated, member = person(fixtures, DEACTIVATED), person(fixtures, MEMBER)
    put_all(
        replace(deactivated, **erasure_values(deactivated)),
        # An admin gave this colleague the address of an erased person.
        replace(member, email=f"erased-{MEMBER}@erased.invalid"),
    )


@pytest.mark.usefixtures("_erased_by_0_2_0")
def test_erased_people_are_marked(
    fixtures: Fixtures, dependencies: Dependencies, admin: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(dependencies.database.connection)
    dry_run = run(dependencies, dry_run=True)
    assert dry_run.erased == 1
    assert snapshot(dependencies.database.connection) == before
    report = run(dependencies)
    assert (report.erased, report.problems) == (1, [])
    print_report(report)
    assert "erased people: 1\n" in capsys.readouterr().out
    assert person(fixtures, DEACTIVATED).erased_at == dependencies.now()
    assert person(fixtures, MEMBER).erased_at is None
    assert person(fixtures, OTHER_MEMBER).erased_at is None
    assert admin.patch(f"/people/{DEACTIVATED}/restore").status == 409
    # The colleague can be changed again.
    changed = {"data": {"attributes": {"email": "back@example.com"}}}
    assert admin.patch(f"/people/{MEMBER}", changed).status == 200
    assert run(dependencies).erased == 0
