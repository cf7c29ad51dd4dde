"""A cursor never answers 500: not one whose row moved, and not a forged one. Contract section 6."""

import base64
import random
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlparse

import pytest
from pynamodb.connection import Connection

from chalicelib.core.timestamps import MAX_TIMESTAMP
from tests.support.api import Api, Response
from tests.support.clock import DAY, HOUR, MONDAY_NINE, FakeClock
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    DESIGN,
    MEMBER,
    MEMBERS_ENTRY,
    WEBHOOK,
)
from tests.support.start_keys import start_keys_checked

HASH_BYTES = 12
FORGED_PER_LIST = 32

TIMERS = [
    f"/timers?{filters}&sort={sort}"
    for sort in ("started_at", "-started_at", "stopped_at", "-stopped_at")
    for filters in (
        "",
        f"filter[person_id]={ADMIN}",
        f"filter[time_entry_id]={ADMINS_ENTRY}",
        f"filter[person_id]={ADMIN},{MEMBER}",
        "filter[started_at][gt_eq]=2026-03-02&filter[started_at][lt]=2026-03-04",
        "filter[stopped_at][gt_eq]=2026-03-02&filter[stopped_at][lt]=2026-03-04",
        f"filter[person_id]={ADMIN}&filter[stopped_at][lt]=2026-03-04",
        f"filter[person_id][not_eq]={MEMBER}&filter[started_at][gt]=2026-03-01",
        "filter[stopped_at]=null",
    )
]
ENTRIES = [
    f"/time_entries?{filters}&sort={sort}"
    for sort in ("date", "-date", "created_at", "-updated_at")
    for filters in (
        "",
        f"filter[person_id]={ADMIN}",
        f"filter[service_id]={DESIGN}",
        "filter[after]=2026-03-01&filter[before]=2026-03-03",
        "filter[query]=day",
    )
]
OTHERS = [
    f"{path}&sort={sign}{sort}"
    for sign in ("", "-")
    for path, sort in (
        ("/time_entry_revisions?", "created_at"),
        (f"/time_entry_revisions?filter[person_id]={ADMIN}", "created_at"),
        (f"/time_entry_revisions?filter[time_entry_id]={ADMINS_ENTRY}", "created_at"),
        ("/timer_revisions?filter[created_at][gt]=2026-03-01", "created_at"),
        ("/people?", "name"),
        ("/people?", "email"),
        ("/services?", "name"),
    )
]
LISTS = [*TIMERS, *ENTRIES, *OTHERS]

POSITIONS = [
    "0000000000#0000000000000000",
    "0000000000!0000000000000000",
    "9999999999#9999999999999999",
    "9999999999$9999999999999999",
    f"{MAX_TIMESTAMP}#0000000000000001",
    f"{MAX_TIMESTAMP + 1}#0000000000000001",
    f"{MONDAY_NINE}#0000000000000000",
    f"{MONDAY_NINE}$9999999999999999",
    "0001-01-01#0000000000000001",
    "9999-12-31#9999999999999999",
    "2026-03-02#0000000000000000",
    "2026-03-02",
    "",
    "#",
    "[]",
    "[false, 1, 1]",
    '[false, "", 0]',
    '[true, "\\ud800", 1]',
    "[null, null, null]",
    "[false, {}, []]",
    "[" * 500,
    "1" * 5_000,
    "NaN",
    "[false, NaN, 1]",
]

# Engines differ in the positions that they accept.
pytestmark = pytest.mark.every_engine


@pytest.fixture
def _history(admin: Api, member: Api, clock: FakeClock) -> None:
    """Timers on several days, one of them running, and changes of all kinds of records."""
    for number in range(4):
        for api, entry in ((admin, ADMINS_ENTRY), (member, MEMBERS_ENTRY)):
            timer_id = api.start(time_entry_id=entry).data["id"]
            clock.advance(HOUR)
            api.stop(timer_id)
            start = f"2026-03-01T0{number}:00:00Z"
            assert api.edit(timer_id, started_at=start, stopped_at=start).status == 200
            assert api.edit_entry(entry, note=f"day {number}").status == 200
            api.start(time_entry_id=entry)
        clock.advance(DAY - HOUR)
    worked = {"service_id": DESIGN, "date": "2026-03-03", "note": "one day"}
    for _ in range(3):
        document = {"data": {"type": "time_entries", "attributes": worked}}
        assert admin.post("/time_entries", document).status == 201


def walk(api: Api, path: str) -> Iterator[Response]:
    """The pages of a list, by cursor, with two records each."""
    following: str | None = f"{path}&page[after]=&page[size]=2"
    while following is not None:
        response = api.get(following)
        assert response.status == 200, response.body
        yield response
        following = next_path(response)


def next_path(response: Response) -> str | None:
    link: str | None = response.document["links"].get("next")
    return None if link is None else link.partition("/api/v2")[2]


def first_cursor(api: Api, path: str) -> str | None:
    following = next_path(next(walk(api, path)))
    return None if following is None else parse_qs(urlparse(following).query)["page[after]"][0]


def forged_cursors(honest: str, generator: random.Random) -> Iterator[str]:
    """The list's hash with other positions: invalid ones, far ones, and changed digits."""
    decoded = base64.urlsafe_b64decode(honest + "=" * (-len(honest) % 4))
    list_hash, position = decoded[:HASH_BYTES], decoded[HASH_BYTES:]
    for other in POSITIONS:
        yield _encoded(list_hash + other.encode())
    for _ in range(FORGED_PER_LIST - len(POSITIONS)):
        changed = bytearray(position)
        for _ in range(generator.randint(1, 3)):
            changed[generator.randrange(len(changed))] = generator.choice(b"0123456789#!$-T")
        yield _encoded(list_hash + bytes(changed))


def _encoded(cursor: bytes) -> str:
    return base64.urlsafe_b64encode(cursor).decode().rstrip("=")


@pytest.mark.usefixtures("_history")
def test_forged_cursors_are_rejected_or_read_the_callers_list(
    admin: Api, connection: Connection
) -> None:
    generator = random.Random(7)  # noqa: S311 - the same cursors in each run
    sent = 0
    with start_keys_checked(connection):
        for path in LISTS:
            honest = first_cursor(admin, path)
            if honest is None:
                continue
            for cursor in forged_cursors(honest, generator):
                response = admin.get(f"{path}&page[size]=2&page[after]={quote(cursor)}")
                assert response.status in (200, 400), (path, cursor, response.body)
                if response.status == 400:
                    assert response.error["code"] == "keyset_invalid_cursor"
                sent += 1
    assert sent > 1_000


@pytest.mark.usefixtures("_history")
def test_honest_cursors_read_each_record_once(admin: Api, connection: Connection) -> None:
    for path in LISTS:
        all_ids = admin.get(f"{path}&page[size]=200").ids
        with start_keys_checked(connection):
            pages = list(walk(admin, path))
        assert [id_ for page in pages for id_ in page.ids] == all_ids, path


@pytest.mark.parametrize("sort", ["started_at", "-started_at", "stopped_at", "-stopped_at"])
@pytest.mark.parametrize(
    "filters",
    [
        "filter[stopped_at][gt_eq]=2026-03-02T08:30:00Z",
        "filter[started_at][gt_eq]=2026-03-02T08:00:00Z",
        f"filter[person_id]={ADMIN}&filter[started_at][gt_eq]=2026-03-02T08:00:00Z",
        # The key range of these depends on the sessions at its ends: correcting one changes it.
        f"filter[person_id]={ADMIN}&filter[stopped_at][gt_eq]=2026-03-02T08:30:00Z",
        f"filter[person_id]={ADMIN}&filter[stopped_at][lt_eq]=2026-03-02T09:30:00Z",
    ],
)
def test_cursor_stays_valid_when_its_row_leaves_the_list(
    admin: Api, connection: Connection, clock: FakeClock, filters: str, sort: str
) -> None:
    for _ in range(2):
        timer_id = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
        clock.advance(HOUR)
        admin.stop(timer_id)
    path = f"/timers?{filters}&sort={sort}"
    with start_keys_checked(connection):
        rows = admin.get(f"{path}&page[size]=200").ids
        first = admin.get(f"{path}&page[after]=&page[size]=1")
        following = next_path(first)
        # Shorter, and then moved to another day.
        for times in (
            {"stopped_at": "2026-03-02T08:15:00Z"},
            {"started_at": "2026-02-02T08:00:00Z", "stopped_at": "2026-02-02T08:10:00Z"},
        ):
            if admin.edit(first.ids[0], **times).status == 422:
                continue  # The later session cannot stop before its start.
            if following is not None:
                second = admin.get(following)
                assert (second.status, second.ids) == (200, rows[1:])


@pytest.mark.parametrize("sort", ["date", "-date"])
def test_cursor_of_entries_stays_valid_when_its_row_leaves_the_range(
    admin: Api, connection: Connection, sort: str
) -> None:
    path = f"/time_entries?filter[after]=2026-03-01&filter[before]=2026-03-03&sort={sort}"
    with start_keys_checked(connection):
        everything = admin.get(path).ids
        first = admin.get(f"{path}&page[after]=&page[size]=1")
        assert admin.edit_entry(first.ids[0], date="2026-02-01").status == 200
        second = admin.get(first.document["links"]["next"].partition("/api/v2")[2])
    assert (second.status, second.ids) == (200, everything[1:2])


def test_deliveries_take_forged_cursors(admin: Api) -> None:
    # The list of a webhook's deliveries is empty: it has no honest cursor.
    response = admin.get(f"/webhook_deliveries?filter[webhook_id]={WEBHOOK}&page[after]=AAAA")
    assert (response.status, response.error["code"]) == (400, "keyset_invalid_cursor")
