"""Who changed a month? One request for each list of revisions: contract sections 4a and 11."""

from datetime import datetime

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.costs import counted
from chalicelib.admin_revisions.model import AdminAction, AdminRevision
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.revisions.model import Revision, RevisionAction, RevisionSubject
from tests.support.api import Api
from tests.support.engine import ENDPOINT
from tests.support.fixtures import (
    ADMIN,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    ZAGREB,
    Fixtures,
    put_all,
    token_id,
)

ZONE = ZoneInfo("Europe/Zagreb")
OCTOBER = "filter[created_at][gt_eq]=2025-10-01&filter[created_at][lt_eq]=2025-10-31"
PATHS = ("/timer_revisions", "/time_entry_revisions", "/admin_revisions")
IN_OCTOBER = 60
MAX_READ_UNITS = 4


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


FIRST, LAST = at("2025-10-01T00:00:00"), at("2025-10-31T23:59:59")


@pytest.fixture
def _history(fixtures: Fixtures) -> None:
    """Changes of three months, of time and of settings; the first and last second of October."""
    assert fixtures.tokens
    step = (LAST - FIRST) // (IN_OCTOBER - 1)
    times = [*(FIRST + number * step for number in range(IN_OCTOBER - 1)), LAST]
    others = [FIRST - 1 - number * step for number in range(IN_OCTOBER)]
    others += [LAST + 1 + number * step for number in range(IN_OCTOBER)]
    records: list[Revision | AdminRevision] = []
    for number, created_at in enumerate([*times, *others]):
        revision = Revision(
            id=1_000 + number,
            organization_id=ZAGREB.id,
            subject=RevisionSubject.TIMER,
            subject_id=16,
            time_entry_id=MEMBERS_ENTRY,
            person_id=(MEMBER, OTHER_MEMBER)[number % 2],
            creator_id=(ADMIN, MEMBER)[number % 5 == 0],
            token_id=token_id(ADMIN),
            action=RevisionAction.UPDATED,
            created_at=created_at,
            before={"started_at": created_at - 3_600},
            after={"started_at": created_at - 1_800},
        )
        of_entry = replace(
            revision,
            id=2_000 + number,
            subject=RevisionSubject.TIME_ENTRY,
            subject_id=MEMBERS_ENTRY,
        )
        of_settings = AdminRevision(
            3_000 + number,
            ZAGREB.id,
            "people",
            MEMBER,
            (MEMBER, OTHER_MEMBER)[number % 2],
            revision.creator_id,
            token_id(ADMIN),
            AdminAction.UPDATED,
            created_at,
            {"title": None},
            {"title": "Designer"},
        )
        records += [revision, of_entry, of_settings]
    put_all(*records)


@pytest.mark.usefixtures("_history")
@pytest.mark.parametrize("path", PATHS)
def test_changes_of_a_month_are_one_request(admin: Api, connection: Connection, path: str) -> None:
    admin.get("/organizations")
    with counted(connection) as cost:
        page = admin.get(f"{path}?{OCTOBER}&page[size]=200")
    assert cost.calls == ["Query"]
    times = [revision["attributes"]["created_at"] for revision in page.data]
    assert len(times) == IN_OCTOBER
    assert (times[0], times[-1]) == (
        "2025-10-31T23:59:59.000+01:00",
        "2025-10-01T00:00:00.000+02:00",
    )
    assert "next" not in page.document["links"]
    if ENDPOINT is not None:
        assert 0 < cost.read_units <= MAX_READ_UNITS


@pytest.mark.usefixtures("_history")
@pytest.mark.parametrize("path", PATHS)
def test_changes_of_a_month_of_one_person_and_by_one_person(
    admin: Api, connection: Connection, path: str
) -> None:
    admin.get("/organizations")
    with counted(connection) as cost:
        of_member = admin.get(f"{path}?{OCTOBER}&filter[person_id]={MEMBER}&page[size]=200")
        by_member = admin.get(f"{path}?{OCTOBER}&filter[creator_id]={MEMBER}&page[size]=200")
    assert cost.calls == ["Query", "Query"]
    assert len(of_member.data) == IN_OCTOBER // 2
    assert len(by_member.data) == IN_OCTOBER // 5
    for revision in by_member.data:
        assert revision["attributes"]["creator_id"] == MEMBER


@pytest.mark.usefixtures("_history")
def test_names_come_with_the_changes(admin: Api) -> None:
    page = admin.get(f"/time_entry_revisions?{OCTOBER}&include=creator,person&page[size]=200")
    names = {record["id"] for record in page.document["included"]}
    assert names == {str(ADMIN), str(MEMBER), str(OTHER_MEMBER)}
