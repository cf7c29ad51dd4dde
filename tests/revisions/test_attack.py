"""A member who corrects a note again and again cannot make any list of revisions unreadable.

Contract section 4a: nothing that anybody writes can make them unreadable.
"""

import json
from collections.abc import Iterator

from pynamodb.connection import Connection

from tests.revisions.test_lists import rows_per_call
from tests.support.api import Api, Response
from tests.support.clock import FakeClock
from tests.support.fixtures import ADMIN, ADMINS_ENTRY, MEMBER, MEMBERS_ENTRY

CHANGES = 115
EMOJI = ["\U0001f600", "\U0001f680"]
MAX_RESPONSE_BYTES = 6 * 1024 * 1024
"""Lambda's limit for the response of a function."""

FILTERS = [
    "",
    f"filter[time_entry_id]={MEMBERS_ENTRY}",
    f"filter[time_entry_id]={MEMBERS_ENTRY},{ADMINS_ENTRY}",
    f"filter[person_id]={MEMBER}",
    f"filter[creator_id]={MEMBER}",
    f"filter[creator_id][not_eq]={ADMIN}",
    f"filter[time_entry_id]={MEMBERS_ENTRY}&filter[person_id]={MEMBER}",
    "filter[created_at][gt]=2026-03-01",
    "filter[created_at][not_eq]=2026-03-01",
]


def all_ids(api: Api, path: str) -> Iterator[str]:
    """The ids on all pages, by following the ``next`` links."""
    following: str | None = path
    while following is not None:
        response = api.get(following)
        assert response.status == 200, response.body
        assert lambda_bytes(response) < MAX_RESPONSE_BYTES
        yield from response.ids
        link: str | None = response.document["links"].get("next")
        following = None if link is None else link.partition("/api/v2")[2]


def lambda_bytes(response: Response) -> int:
    """The size of a response in which the runtime escapes each character once more."""
    return len(json.dumps({"body": response.body.decode()}))


def attack(member: Api, clock: FakeClock) -> list[str]:
    """Correct a note again and again; return the ids of the revisions, the newest first."""
    for number in range(CHANGES):
        clock.advance(0.5)
        note = EMOJI[number % 2] * 2_000
        assert member.edit_entry(MEMBERS_ENTRY, note=note).status == 200
    clock.advance(1)
    ids = list(all_ids(member, "/time_entry_revisions?page[size]=200"))
    assert len(ids) == CHANGES
    return ids


def test_every_list_of_revisions_stays_readable(
    admin: Api, member: Api, connection: Connection, clock: FakeClock
) -> None:
    attacked = attack(member, clock)
    own = set(attacked)
    for number, filters in enumerate(FILTERS):
        api = (admin, member)[number % 2]
        for options in ("include=creator,person,organization", "sort=created_at"):
            path = f"/time_entry_revisions?page[size]=200&{filters}&{options}"
            read = [id_ for id_ in all_ids(api, path) if id_ in own]
            assert read == (attacked[::-1] if "sort" in options else attacked), path
    for size in (1, 7, 30, 199):
        path = f"/time_entry_revisions?page[size]={size}&fields[time_entry_revisions]=act"
        first = admin.get(path)
        assert first.ids == attacked[: len(first.ids)]
        assert 0 < len(first.ids) <= size
        if size > 1:
            assert list(all_ids(member, path)) == attacked
    path = f"/time_entry_revisions?filter[creator_id][not_eq]={ADMIN}&page[size]=200"
    with rows_per_call(connection, 5):
        assert list(all_ids(member, path)) == attacked
