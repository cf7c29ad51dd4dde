"""The lists of revisions over HTTP: contract section 4a."""

import json
import logging
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection import Connection

from benchmarks.bulk_load import write_all
from chalicelib.dynamodb.connection import table_name
from chalicelib.dynamodb.items import to_item
from chalicelib.revisions.model import (
    ManualEdit,
    RevisedRecord,
    Revision,
    RevisionAction,
    RevisionSubject,
)
from chalicelib.revisions.repository import RevisionModel
from chalicelib.revisions.rules import revision_of
from tests.revisions.test_lists import pages, rows_per_call
from tests.support.api import Api
from tests.support.call_counter import counted
from tests.support.clock import HOUR, MONDAY_NINE
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    KOLKATA,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    ZAGREB,
    Fixtures,
    put_all,
    token_id,
)
from tests.support.tables import empty_tables

MAX_NOTE_LENGTH = 2_000
PATHS = ("/timer_revisions", "/time_entry_revisions")
ids = count(1_000)


def revision(**values: Any) -> Revision:
    """A revision of a timer of MEMBER, made by MEMBER."""
    base = Revision(
        id=next(ids),
        organization_id=ZAGREB.id,
        subject=RevisionSubject.TIMER,
        subject_id=16,
        time_entry_id=MEMBERS_ENTRY,
        person_id=MEMBER,
        creator_id=MEMBER,
        token_id=token_id(MEMBER),
        action=RevisionAction.UPDATED,
        created_at=MONDAY_NINE,
        before={"started_at": MONDAY_NINE},
        after={"started_at": MONDAY_NINE - HOUR},
    )
    return replace(base, **values)


@pytest.fixture(autouse=True)
def _no_revisions(fixtures: Fixtures) -> None:
    """The fixtures have revisions, too."""
    assert fixtures.tokens
    empty_tables(RevisionModel)


def test_revision_shows_who_changed_whose_time_with_which_token(admin: Api) -> None:
    stored = revision(creator_id=ADMIN, token_id=token_id(ADMIN))
    put_all(stored)
    response = admin.get("/timer_revisions?include=creator,person,organization")
    assert response.data == [
        {
            "id": str(stored.id),
            "type": "timer_revisions",
            "attributes": {
                "timer_id": 16,
                "time_entry_id": MEMBERS_ENTRY,
                "person_id": MEMBER,
                "creator_id": ADMIN,
                "token_id": token_id(ADMIN),
                "act": "updated",
                "created_at": "2026-03-02T09:00:00.000+01:00",
                "before": {"started_at": "2026-03-02T09:00:00.000+01:00"},
                "after": {"started_at": "2026-03-02T08:00:00.000+01:00"},
            },
            "relationships": {
                "organization": {"data": {"type": "organizations", "id": str(ZAGREB.id)}},
                "person": {"data": {"type": "people", "id": str(MEMBER)}},
                "creator": {"data": {"type": "people", "id": str(ADMIN)}},
            },
        }
    ]
    included = {(each["type"], each["id"]) for each in response.document["included"]}
    assert included == {
        ("people", str(ADMIN)),
        ("people", str(MEMBER)),
        ("organizations", str(ZAGREB.id)),
    }


def test_change_by_an_admin_command_has_no_creator_and_no_token(admin: Api) -> None:
    put_all(revision(creator_id=0, token_id=None))
    (shown,) = admin.get("/timer_revisions").data
    assert (shown["attributes"]["creator_id"], shown["attributes"]["token_id"]) == (None, None)
    assert shown["relationships"]["creator"] == {"data": None}


def test_member_sees_the_changes_of_their_own_time_only(
    admin: Api, member: Api, other_member: Api, stranger: Api
) -> None:
    by_admin = revision(creator_id=ADMIN)
    of_others = revision(person_id=OTHER_MEMBER, creator_id=MEMBER)
    of_stranger = revision(organization_id=KOLKATA.id)
    put_all(by_admin, of_others, of_stranger)
    assert set(admin.get("/timer_revisions").ids) == {str(by_admin.id), str(of_others.id)}
    # Also if another person made the change.
    assert member.get("/timer_revisions").ids == [str(by_admin.id)]
    assert other_member.get("/timer_revisions").ids == [str(of_others.id)]
    assert stranger.get("/timer_revisions").ids == [str(of_stranger.id)]
    for filtered in (f"person_id]={OTHER_MEMBER}", f"creator_id]={MEMBER}", "timer_id][not_eq]=16"):
        assert member.get(f"/timer_revisions?filter[{filtered}").ids == []
    assert member.get("/timer_revisions?filter[timer_id]=16").ids == [str(by_admin.id)]


@pytest.mark.parametrize("path", PATHS)
def test_list_is_by_cursor_also_without_a_cursor(admin: Api, path: str) -> None:
    stored = [
        revision(subject=subject, created_at=MONDAY_NINE + seconds)
        for subject in RevisionSubject
        for seconds in range(3)
    ]
    put_all(*stored)
    first = admin.get(f"{path}?page[number]=1&page[size]=2")
    assert first.meta == {"page_size": 2, "max_page_size": 200}
    assert first.document["links"].keys() == {"first", "next"}
    subject = RevisionSubject.TIMER if "timer" in path else RevisionSubject.TIME_ENTRY
    newest_first = [str(each.id) for each in reversed(stored) if each.subject is subject]
    assert list(pages(admin, f"{path}?page[size]=2")) == [newest_first[:2], newest_first[2:]]
    second = admin.get(f"{path}?page[number]=2")
    assert (second.status, second.error["code"]) == (400, "keyset_conflict")
    assert second.error["source"] == {"parameter": "page[number]"}


def test_cursor_of_another_list_is_rejected(admin: Api, member: Api) -> None:
    put_all(*(revision() for _ in range(2)))
    link = admin.get("/timer_revisions?page[size]=1").document["links"]["next"]
    cursor = next(part for part in link.partition("?")[2].split("&") if "page%5Bafter%5D" in part)
    for api, path in (
        (member, f"/timer_revisions?{cursor}"),
        (admin, f"/time_entry_revisions?{cursor}"),
        (admin, f"/timer_revisions?{cursor}&sort=created_at"),
        (admin, f"/timer_revisions?{cursor}&filter[creator_id]={MEMBER}"),
    ):
        response = api.get(path)
        assert (response.status, response.error["code"]) == (400, "keyset_invalid_cursor")
    assert admin.get(f"/timer_revisions?{cursor}").status == 200


def test_cursor_stays_valid_when_revisions_come_and_expire(admin: Api) -> None:
    stored = [revision(created_at=MONDAY_NINE + seconds) for seconds in range(6)]
    put_all(*stored)
    walk = pages(admin, "/timer_revisions?page[size]=2")
    assert next(walk) == [str(stored[5].id), str(stored[4].id)]
    # The last row of the first page is gone, and there is a newer one.
    to_item(stored[4]).delete()
    put_all(revision(created_at=MONDAY_NINE + HOUR))
    assert [*walk] == [
        [str(stored[3].id), str(stored[2].id)],
        [str(stored[1].id), str(stored[0].id)],
    ]


def test_filter_by_several_timers_merges_them_by_time(admin: Api) -> None:
    stored = [revision(subject_id=n % 3, created_at=MONDAY_NINE + n) for n in range(1, 9)]
    put_all(*stored)
    expected = [str(each.id) for each in reversed(stored) if each.subject_id in (1, 2)]
    read = list(pages(admin, "/timer_revisions?filter[timer_id]=1,2&page[size]=2"))
    assert [id_ for page in read for id_ in page] == expected
    assert [len(page) for page in read] == [2, 2, 2]


@pytest.mark.parametrize("note", ["\U0001f600", "\u0001", '"', "\\", "é"])
@pytest.mark.parametrize(
    "filtered", ["", f"filter[time_entry_id]={ADMINS_ENTRY},77", "filter[creator_id][not_eq]=1"]
)
def test_longest_notes_stay_readable_page_by_page(
    admin: Api, connection: Connection, note: str, filtered: str
) -> None:
    """More than 5 MB of revisions; every response fits into Lambda's 6 MB, escaped once more."""
    notes = {"note": note * MAX_NOTE_LENGTH}
    entry = RevisionSubject.TIME_ENTRY
    stored = [
        revision(
            subject=entry,
            subject_id=ADMINS_ENTRY,
            time_entry_id=ADMINS_ENTRY,
            before=notes,
            after=notes,
        )
        for _ in range(350)
    ]
    write_all(connection, ((RevisionModel, to_item(each).serialize()) for each in stored))
    read: list[str] = []
    following: str | None = f"/time_entry_revisions?page[size]=200&{filtered}"
    while following is not None:
        response = admin.get(following)
        assert response.status == 200
        assert len(json_in_json(response.body)) < 6 * 1024 * 1024
        assert all(each["attributes"]["before"] == notes for each in response.data)
        read += response.ids
        link = response.document["links"].get("next")
        following = link and link.removeprefix("http://stint.test/api/v2")
    assert read == [str(each.id) for each in reversed(stored)]


def json_in_json(body: bytes) -> bytes:
    """A body in the response of a Lambda function whose runtime writes ASCII only."""
    return json.dumps({"body": body.decode()}).encode()


def test_change_of_the_longest_note_is_a_small_item() -> None:
    record = RevisedRecord(
        ZAGREB.id, RevisionSubject.TIME_ENTRY, ADMINS_ENTRY, ADMINS_ENTRY, MEMBER
    )
    values: dict[str, str | int | None] = {"date": "2026-03-02", "time": 60}
    edit = ManualEdit(ADMIN, 7, MONDAY_NINE, 9)
    changed = revision_of(
        record,
        edit,
        {**values, "note": "\U0001f600" * MAX_NOTE_LENGTH},
        {**values, "note": "\U0001f680" * MAX_NOTE_LENGTH},
    )
    assert [*changed.before] == [*changed.after] == ["note"]
    item = to_item(changed).serialize()
    assert sum(len(text.encode()) for value in item.values() for text in value.values()) < 17_000


def test_filtered_list_reads_at_most_five_times_and_goes_on(
    admin: Api, connection: Connection
) -> None:
    put_all(*(revision(creator_id=ADMIN, created_at=MONDAY_NINE + n) for n in range(20)))
    put_all(oldest := revision(created_at=MONDAY_NINE - 1))
    path = f"/timer_revisions?filter[creator_id]={MEMBER}"
    with rows_per_call(connection, 1), counted(connection) as calls:
        response = admin.get(path)
    assert (response.ids, calls.count("Query")) == ([], 5)
    assert "next" in response.document["links"]
    with rows_per_call(connection, 1):
        read = list(pages(admin, path))
    assert [id_ for page in read for id_ in page] == [str(oldest.id)]


def test_item_that_this_version_cannot_read_hides_no_other(
    admin: Api, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    stored = [revision(created_at=MONDAY_NINE + n) for n in range(5)]
    put_all(*stored)
    broken: list[tuple[str, dict[str, str] | None]] = [
        ("before", {"S": "{"}),
        ("action", {"S": "restored"}),
        ("person_id", None),
    ]
    for (name, value), each in zip(broken, stored[1:4], strict=True):
        item = to_item(each).serialize()
        del item[name]
        if value is not None:
            item[name] = value
        connection.dispatch("PutItem", {"TableName": table_name(RevisionModel), "Item": item})
    with caplog.at_level(logging.ERROR):
        assert admin.get("/timer_revisions").ids == [str(stored[4].id), str(stored[0].id)]
    assert [record.message for record in caplog.records] == ["revision is unreadable"] * 3
    # The fixture that empties the tables cannot read them either.
    for each in stored[1:4]:
        to_item(each).delete()


@pytest.mark.parametrize(
    "query",
    [
        "filter[created_at]=",
        "filter[created_at][gt]=2026-03-03&filter[created_at][lt]=2026-03-01",
        f"filter[$op]=and&filter[0][person_id]={MEMBER}&filter[1][person_id]={ADMIN}",
        "page[after]=&filter[timer_id]=99",
    ],
)
def test_list_can_be_empty(admin: Api, query: str) -> None:
    put_all(revision())
    response = admin.get(f"/timer_revisions?{query}")
    assert (response.status, response.ids) == (200, [])
    assert response.document["links"].keys() == {"first"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter[note]=x", "unsupported_filter"),
        ("filter[created_at]=yesterday", "unsupported_filter_value_type"),
        ("sort=creator_id", "sort_param_unsupported"),
        ("include=timer", "unsupported_include"),
    ],
)
def test_unknown_parameters_are_rejected(admin: Api, query: str, code: str) -> None:
    response = admin.get(f"/timer_revisions?{query}")
    assert (response.status, response.error["code"]) == (400, code)


def test_timers_filter_the_revisions_of_time_entries_to_none(admin: Api) -> None:
    listed = admin.get("/time_entry_revisions?filter[timer_id]=7")
    assert (listed.status, listed.data) == (200, [])
